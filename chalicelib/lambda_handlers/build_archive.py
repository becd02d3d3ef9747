"""The door of the builder: a Lambda function of its own, for archives that would outlast a request."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from chalicelib.bootstrap import services
from chalicelib.domain.archive import BuildOrder
from chalicelib.usecases.archives import build

door = Blueprint(__name__)


@door.lambda_function(name="builder")
def build_archive(event: dict[str, Any], context: object) -> None:  # noqa: ARG001 - Lambda passes both
    """Build the archive of an order; an error ends the invocation, and AWS tries it again."""
    build(BuildOrder.from_event(event), event.get("holder"), services().archives)
