"""Entry points of the Lambda functions beside the API: the authorizer and the archive builder."""
