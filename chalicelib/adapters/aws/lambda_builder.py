"""The builder as a Lambda function of its own, invoked asynchronously."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chalicelib.domain.archive import BuildOrder

from .errors import unavailable

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class LambdaBuilder:
    """`usecases.ports.Builder`: AWS queues the event and runs the function at least once."""

    def __init__(self, client: LambdaClient, function: str) -> None:
        self._client = client
        self._function = function

    def start(self, order: BuildOrder, holder: str) -> None:
        payload = msgspec.json.encode(order.to_event() | {"holder": holder})
        with unavailable("builder"):
            self._client.invoke(
                FunctionName=self._function, InvocationType="Event", Payload=payload
            )
