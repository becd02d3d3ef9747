"""HTTP endpoints: Blueprints that validate requests, call one use case and format results."""
