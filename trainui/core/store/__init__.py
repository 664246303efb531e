"""runs.db: the only shared truth, and the only place that speaks SQL."""
