"""trainui under load, by hand: `python -m tests.load`; the tests beside it are the short form."""
