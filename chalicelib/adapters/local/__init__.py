"""Adapters that need no other service: the simulated executor, the build queue of one process, the clock."""
