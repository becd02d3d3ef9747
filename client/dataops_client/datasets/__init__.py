"""Frozen datasets on disk: reference, manifest, lock, verification, pull and bag."""
