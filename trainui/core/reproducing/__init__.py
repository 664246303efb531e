"""Having a run again: what it takes, what of it is gone, the commands that do it."""
