"""What the words mean: compositions, runs, artifacts, archives. Standard library only, no I/O."""
