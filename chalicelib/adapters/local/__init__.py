"""Adapters without another service: simulated executor, local build queue, clock."""
