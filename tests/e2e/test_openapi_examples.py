"""The examples of the OpenAPI document are responses of the API to requests on the sample."""

from __future__ import annotations

import json

from scripts.record_examples import FILE, record


def test_the_examples_are_the_responses_of_the_api() -> None:
    assert dict(record()) == json.loads(FILE.read_text()), (
        "python -m scripts.record_examples --update"
    )
