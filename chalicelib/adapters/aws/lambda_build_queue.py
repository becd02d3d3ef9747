"""Background builds in a Lambda function, which is invoked asynchronously."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chalicelib.usecases.build_ports import BuilderTask

from .errors import translate_errors

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class LambdaBuildQueue:
    """Implements `BuildQueue`: AWS queues the event and runs the function at least once."""

    def __init__(self, client: LambdaClient, function: str) -> None:
        self._client = client
        self._function = function

    def submit(self, task: BuilderTask) -> None:
        with translate_errors("builder"):
            self._client.invoke(
                FunctionName=self._function,
                InvocationType="Event",
                Payload=msgspec.json.encode(task.to_event()),
            )
