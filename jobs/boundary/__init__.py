"""Boundary refinement for diarization: find the exact moment a speaker starts or stops."""
