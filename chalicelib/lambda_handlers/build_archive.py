"""The builder: a Lambda function for archives and freezes that take longer than a request."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from chalicelib.api.cloudwatch_metrics import embed_metrics, get_namespace
from chalicelib.api.logs import LOG
from chalicelib.bootstrap import services
from chalicelib.domain.builds import BuildRequest
from chalicelib.domain.freezes import FreezeTask
from chalicelib.usecases.archives import run_build
from chalicelib.usecases.freezing import run_freeze
from chalicelib.usecases.metrics import METRICS
from chalicelib.usecases.parallel_calls import wait_for_later_calls

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="builder")
def build_archive(event: dict[str, Any], context: object) -> None:  # noqa: ARG001 - Lambda passes both
    """Execute the task. An error ends the invocation, and AWS retries it."""
    try:
        if "freeze_id" in event:
            run_freeze(FreezeTask.from_event(event), services().freezes)
        else:
            run_build(BuildRequest.from_event(event), services().archives)
    finally:
        wait_for_later_calls()  # Lambda suspends the process after the return
        counters = METRICS.take()
        if namespace := get_namespace():
            LOG.info("build", extra={"fields": embed_metrics(namespace, counters)})
