"""The version of the service and of its contract; docs/api.md describes what may change with it."""

VERSION = "0.1.0"
