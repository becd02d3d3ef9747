"""The version of the service and its contract; docs/reference/api.md lists compatible changes."""

VERSION = "0.1.0"
