"""The laptop runtime from outside: what starts one, deploys into it, watches it and uses it."""
