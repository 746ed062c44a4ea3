PROBE = "bundled"
