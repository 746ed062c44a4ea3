"""EventBridge: what S3 says, which rules match, and who is told."""
