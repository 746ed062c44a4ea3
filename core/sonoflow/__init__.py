"""Sonoflow's core: what the functions share. Importing it imports nothing else."""

__version__ = "0.1.0"
