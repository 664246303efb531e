"""trainui: the terminal cockpit for training on a rented machine."""

__version__ = "0.1.0"
