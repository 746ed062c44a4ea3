"""IAM: the credentials that a role gives, and what its policies say."""
