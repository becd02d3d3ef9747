"""Responses of the API as values. Unknown fields are ignored, because the contract may gain some."""
