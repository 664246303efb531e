"""The training systems: one folder each, with its data, its loop and its specs."""
