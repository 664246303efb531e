"""The training systems end to end under trainui, on real data: `make test-systems`."""
