"""Removes a stack and what its runs have made."""
