"""Tries a deployment out: small, whole, compared with what must come out, and removed."""
