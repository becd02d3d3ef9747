"""Doors to the service itself."""

from __future__ import annotations

from chalicelib.domain.errors import Unavailable
from chalicelib.wiring import services

from .endpoint import Door, endpoint
from .wire import Health

door = Door(__name__)


@endpoint(door, "GET", "/health", returns=Health, fails=(Unavailable,))
def health() -> Health:
    """Liveness and readiness: 200 when the run table and the data bucket answer, 503 when one does not."""
    services().runs.ping()
    services().bucket.ping()
    return Health()
