"""The health endpoint."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.bootstrap import services
from chalicelib.domain.errors import Unavailable

from .endpoint import ApiBlueprint, endpoint

blueprint = ApiBlueprint(__name__, tag="service")


class Health(Struct):
    """The service is ready: the run table and the data bucket respond."""

    status: str = "ok"


@endpoint(
    blueprint, "GET", "/health", operation_id="health", response=Health, errors=(Unavailable,)
)
def get_health() -> Health:
    """Check the service.

    Returns 200 if the run table and the data bucket respond, else 503. Requires no token.
    """
    services().runs.ping()
    services().bucket.ping()
    return Health()
