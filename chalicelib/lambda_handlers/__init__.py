"""Entry points of the Lambda functions other than the API: authorizer and archive builder."""
