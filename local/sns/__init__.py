"""SNS: what a topic takes."""
