"""HANDS: what is done about verdicts: people are told, runs are stopped and tried again, jobs wait or start."""
