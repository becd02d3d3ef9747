"""The DataOps API. docs/architecture.md describes its packages and the direction of imports."""
