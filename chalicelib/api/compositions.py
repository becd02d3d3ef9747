"""The endpoint of the compositions."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.bootstrap import services
from chalicelib.domain.errors import Unavailable
from chalicelib.usecases.compositions import list_compositions

from .endpoint import ApiBlueprint, endpoint
from .schemas import Nc

blueprint = ApiBlueprint(__name__, tag="data")


class Compositions(Struct):
    """The nominal compositions with files in the data bucket, by name."""

    compositions: list[Nc]


@endpoint(
    blueprint,
    "GET",
    "/v1/compositions",
    operation_id="compositions",
    response=Compositions,
    errors=(Unavailable,),
)
def get_compositions() -> Compositions:
    """List compositions.

    Returns the nominal compositions that have data, of which runs can be scheduled.
    """
    return Compositions([str(nc) for nc in list_compositions(bucket=services().bucket)])
