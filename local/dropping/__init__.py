"""Files and folders dropped as a user drops them: what they become, and what comes back."""
