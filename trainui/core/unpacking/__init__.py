"""Reading archives of runs, as others may have written them: opening and checking, then taking in, all or nothing."""
