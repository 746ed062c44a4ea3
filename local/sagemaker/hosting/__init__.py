"""Hosting: models, the processes that serve them, and how requests reach them."""
