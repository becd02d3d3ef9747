"""Adapters for DynamoDB, S3 and Lambda. No other package of chalicelib imports boto3."""
