"""What each answer of a storage means to a download."""

from __future__ import annotations

import pytest
from dataops_client.answers import Meaning, judged
from urllib3 import HTTPHeaderDict

WHOLE, TAIL = None, (400, 1000)
RANGE = {"Content-Range": "bytes 400-999/1000", "Content-Length": "600"}
HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("status", "headers", "span", "meaning"),
    [
        (200, {"Content-Length": "1000"}, WHOLE, Meaning.TAKE),
        (200, {"content-length": "1000", "etag": '"a"'}, WHOLE, Meaning.TAKE),
        (200, {}, WHOLE, Meaning.TAKE),  # a proxy that sends it in chunks
        (200, {"Content-Type": "application/zip"}, WHOLE, Meaning.TAKE),
        (200, {"Content-Length": "999"}, WHOLE, Meaning.AGAIN),
        (200, {"Content-Length": "1001"}, WHOLE, Meaning.AGAIN),
        (200, HTML, WHOLE, Meaning.AGAIN),
        (200, {"Content-Type": "Text/HTML; charset=utf-8"}, TAIL, Meaning.AGAIN),
        (200, HTML | {"Content-Length": "120"}, TAIL, Meaning.AGAIN),
        (200, {"Content-Length": "1000"}, TAIL, Meaning.ANEW),
        (200, {"Content-Length": "1000", "ETag": '"b"'}, WHOLE, Meaning.ANEW),
        (206, RANGE, TAIL, Meaning.TAKE),
        (206, RANGE | {"ETag": '"a"'}, TAIL, Meaning.TAKE),
        (206, RANGE | {"ETag": 'W/"b"'}, TAIL, Meaning.TAKE),
        (206, RANGE | {"ETag": '"b"'}, TAIL, Meaning.ANEW),
        (206, RANGE, WHOLE, Meaning.AGAIN),
        (206, RANGE, (401, 1000), Meaning.AGAIN),
        (206, {"Content-Range": "bytes 400-999/1001"}, TAIL, Meaning.AGAIN),
        (206, {}, TAIL, Meaning.AGAIN),
        (400, {}, TAIL, Meaning.RENEW),
        (403, {}, TAIL, Meaning.RENEW),
        (404, {}, TAIL, Meaning.RENEW),
        (412, {}, TAIL, Meaning.ANEW),
        (416, {}, TAIL, Meaning.ANEW),
        (429, {}, TAIL, Meaning.AGAIN),
        (500, {}, WHOLE, Meaning.AGAIN),
        (503, {}, TAIL, Meaning.AGAIN),
        (204, {}, WHOLE, Meaning.GIVE_UP),
        (307, {"Location": "http://elsewhere"}, WHOLE, Meaning.GIVE_UP),
        (405, {}, WHOLE, Meaning.GIVE_UP),
    ],
)
def test_an_answer_means(
    status: int, headers: dict[str, str], span: tuple[int, int] | None, meaning: Meaning
) -> None:
    found, reason = judged(status, HTTPHeaderDict(headers), span, 1000, '"a"')
    assert found is meaning
    assert bool(reason) is (meaning is not Meaning.TAKE)
