"""runs.db made anew from the run directories, and from what a damaged one still gives."""
