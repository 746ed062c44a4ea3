"""Tuning jobs: searches by real training jobs."""
