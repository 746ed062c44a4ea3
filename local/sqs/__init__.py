"""SQS: pollers of event source mappings."""
