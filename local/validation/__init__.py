"""Requests held against the services' own models: what AWS refuses before it looks at anything."""
