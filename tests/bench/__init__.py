"""What things cost on this machine, beside peers in the same run: `make bench`."""
