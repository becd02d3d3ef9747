"""Implementations of the ports (`chalicelib.usecases.ports`)."""
