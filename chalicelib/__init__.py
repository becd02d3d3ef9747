"""The DataOps API. docs/explanation/architecture.md describes its packages and their imports."""
