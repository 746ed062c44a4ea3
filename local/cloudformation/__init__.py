"""CloudFormation: the template, expanded by AWS's own translator, created by resource."""
