"""Requests held against the services' own models: what AWS refuses whoever asks for it."""
