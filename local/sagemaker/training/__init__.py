"""Training jobs: processes that see the container contract."""
