"""Command `dataops`."""
