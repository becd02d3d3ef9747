"""The adapters to DynamoDB and S3: the only room that names boto3."""
