"""Verified, resumable downloads of archives from presigned URLs."""
