"""An hour with the dashboard open: `python -m tests.soak`; the test beside it is the short form."""
