"""The door to the compositions."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.bootstrap import services
from chalicelib.domain.errors import Unavailable
from chalicelib.usecases.compositions import stored_compositions

from .endpoint import Door, endpoint
from .schemas import Nc

door = Door(__name__, tag="compositions")


class Compositions(Struct):
    """The nominal compositions that the data bucket has files of, by name."""

    compositions: list[Nc]


@endpoint(
    door,
    "GET",
    "/v1/compositions",
    operation_id="compositions",
    returns=Compositions,
    fails=(Unavailable,),
)
def compositions() -> Compositions:
    """The nominal compositions that runs can be scheduled of."""
    return Compositions([str(nc) for nc in stored_compositions(bucket=services().bucket)])
