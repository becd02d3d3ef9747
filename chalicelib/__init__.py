"""The DataOps API.

Rooms and the direction of imports: docs/architecture.md; import-linter holds them.
"""
