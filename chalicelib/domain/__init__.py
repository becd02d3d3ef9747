"""Value objects and rules: compositions, runs, artifacts, archives.

Standard library only, no I/O.
"""
