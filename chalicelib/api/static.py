"""Text files that are served from the package, at addresses that change with their content."""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any

from chalice.app import Response

from chalicelib.domain.errors import NotFound

from .problems import problem_of

_CONTENT_TYPES = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*", re.ASCII)
_SECURITY = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


@dataclass(frozen=True, slots=True)
class StaticFolder:
    """The files of one folder of `chalicelib/static`, and a `version` that is another one when any of them changes."""

    texts: dict[str, str]
    version: str

    def asset(self, version: str, name: str, request_id: str) -> Response:
        """An answer that may be kept for ever; 404 for another version, so that a page never mixes two."""
        if version != self.version or name not in self.texts:
            return problem_of(
                NotFound(
                    f"{name!r} of version {version!r} is not here: the version is {self.version!r}"
                ),
                request_id,
            )
        return text_response(name, self.texts[name], "public, max-age=31536000, immutable")


@functools.cache
def static_folder(name: str) -> StaticFolder:
    """The folder `name`, read once."""
    folder = resources.files("chalicelib") / "static" / name
    texts = {
        file.name: file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.rpartition(".")[2] in _CONTENT_TYPES
    }
    digest = hashlib.sha256()
    for file_name in sorted(texts):
        digest.update(f"{file_name}\0{texts[file_name]}\0".encode())
    return StaticFolder(texts, digest.hexdigest()[:12])


def text_response(name: str, text: str, cache_control: str, **headers: str) -> Response:
    """A file as text, its type by its name; `headers` are added with `_` read as `-`."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    content_type = f"{_CONTENT_TYPES[name.rpartition('.')[2]]}; charset=utf-8"
    return Response(
        body=text,
        headers={
            "Content-Type": content_type,
            "Cache-Control": cache_control,
            **_SECURITY,
            **named,
        },
    )


def stage_prefix(request: Any) -> str:
    """What stands before the route in the address of this request: `/api` under a stage of that name, nothing locally.

    Anything but plain path segments counts as nothing: it goes into pages.
    """
    path = str(request.context.get("path") or "").rstrip("/")
    prefix = path.removesuffix(str(request.context.get("resourcePath") or "").rstrip("/"))
    return prefix if _PREFIX.fullmatch(prefix) else ""
