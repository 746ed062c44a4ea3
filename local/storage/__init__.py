"""S3 and DynamoDB: a condition and its write are one step."""
