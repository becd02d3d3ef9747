"""Responses of the API as values. Unknown fields are ignored: the contract may gain some."""
