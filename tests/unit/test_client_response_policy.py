"""Classification of object store responses."""

from __future__ import annotations

import pytest
from dataops_client.transfer.response_policy import Action, classify_response
from urllib3 import HTTPHeaderDict

WHOLE, TAIL = None, (400, 1000)
RANGE = {"Content-Range": "bytes 400-999/1000", "Content-Length": "600"}
HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("status", "headers", "span", "action"),
    [
        (200, {"Content-Length": "1000"}, WHOLE, Action.ACCEPT),
        (200, {"content-length": "1000", "etag": '"a"'}, WHOLE, Action.ACCEPT),
        (200, {}, WHOLE, Action.ACCEPT),  # a proxy that sends it in chunks
        (200, {"Content-Type": "application/zip"}, WHOLE, Action.ACCEPT),
        (200, {"Content-Length": "999"}, WHOLE, Action.RETRY),
        (200, {"Content-Length": "1001"}, WHOLE, Action.RETRY),
        (200, HTML, WHOLE, Action.RETRY),
        (200, {"Content-Type": "Text/HTML; charset=utf-8"}, TAIL, Action.RETRY),
        (200, HTML | {"Content-Length": "120"}, TAIL, Action.RETRY),
        (200, {"Content-Length": "1000"}, TAIL, Action.RESTART),
        (200, {"Content-Length": "1000", "ETag": '"b"'}, WHOLE, Action.RESTART),
        (206, RANGE, TAIL, Action.ACCEPT),
        (206, RANGE | {"ETag": '"a"'}, TAIL, Action.ACCEPT),
        (206, RANGE | {"ETag": 'W/"b"'}, TAIL, Action.ACCEPT),
        (206, RANGE | {"ETag": '"b"'}, TAIL, Action.RESTART),
        (206, RANGE, WHOLE, Action.RETRY),
        (206, RANGE, (401, 1000), Action.RETRY),
        (206, {"Content-Range": "bytes 400-999/1001"}, TAIL, Action.RETRY),
        (206, {}, TAIL, Action.RETRY),
        (400, {}, TAIL, Action.REFRESH_URL),
        (403, {}, TAIL, Action.REFRESH_URL),
        (404, {}, TAIL, Action.REFRESH_URL),
        (412, {}, TAIL, Action.RESTART),
        (416, {}, TAIL, Action.RESTART),
        (429, {}, TAIL, Action.RETRY),
        (500, {}, WHOLE, Action.RETRY),
        (503, {}, TAIL, Action.RETRY),
        (204, {}, WHOLE, Action.FAIL),
        (307, {"Location": "http://elsewhere"}, WHOLE, Action.FAIL),
        (405, {}, WHOLE, Action.FAIL),
    ],
)
def test_each_response_requires_one_action(
    status: int, headers: dict[str, str], span: tuple[int, int] | None, action: Action
) -> None:
    found, reason = classify_response(status, HTTPHeaderDict(headers), span, 1000, '"a"')
    assert found is action
    assert bool(reason) is (action is not Action.ACCEPT)
