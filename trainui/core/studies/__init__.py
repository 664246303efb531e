"""HANDS: the studies of a project, judged as their runs go on."""
