"""Static sites: text files from the package, under URLs that contain a hash of the content."""

from __future__ import annotations

import functools
import hashlib
import re
from importlib import resources
from typing import Any, NamedTuple

from chalice.app import Blueprint, Response

from chalicelib.domain.errors import NotFound

from .endpoint import get_request_id
from .problems import error_response

PAGE_FOLDER = "page"
_CONTENT_TYPES = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
_INDENTATION_AND_COMMENT = re.compile(
    r"^\s*(?:(?://[^\n]*|/\*(?!!)(?:(?!\*/).)*\*/)\n\s*)*", re.MULTILINE | re.DOTALL
)
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*", re.ASCII)
_SECURITY_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class StaticSite:
    """A page of `chalicelib/static/<folder>`, whose assets are served at `<path>/{version}/{name}`.

    `content_security_policy` is the header of the page.
    """

    def __init__(
        self, blueprint: Blueprint, folder: str, path: str, content_security_policy: str
    ) -> None:
        self._blueprint = blueprint
        self._folder = folder
        self._path = path
        self._policy = content_security_policy
        blueprint.route(
            f"{path}/{{version}}/{{name}}",
            methods=["GET"],
            content_types=["*/*"],
            name=f"{folder} asset",
        )(self._respond_with_asset)

    def respond_with_page(self) -> Response:
        """Return `index.html`, with the URL of the assets in place of `{assets}`."""
        texts, version = load_static_files(self._folder)
        assets = f"{get_stage_prefix(self._blueprint.current_request)}{self._path}/{version}"
        html = texts["index.html"].replace("{assets}", assets)
        headers = {"Content-Security-Policy": self._policy}
        return _text_response("index.html", html, "no-cache", headers)

    def _respond_with_asset(self, version: str, name: str) -> Response:
        """Return an asset, to be cached for ever.

        404 for another version, so that a page never mixes two versions.
        """
        texts, current = load_static_files(self._folder)
        if version != current or name not in texts:
            error = NotFound(
                f"asset {name!r} of version {version!r} does not exist; the current version is "
                f"{current!r}"
            )
            return error_response(error, get_request_id(self._blueprint.current_request))
        return _text_response(name, texts[name], "public, max-age=31536000, immutable", {})


class StaticFiles(NamedTuple):
    """Files by name, and a hash of their content for cache busting."""

    texts: dict[str, str]
    version: str


@functools.cache
def load_static_files(folder: str) -> StaticFiles:
    """Return the files of a folder of `chalicelib/static`; those of the page are compacted."""
    texts = {
        file.name: file.read_text(encoding="utf-8")
        for file in (resources.files("chalicelib") / "static" / folder).iterdir()
        if file.name.rpartition(".")[2] in _CONTENT_TYPES
    }
    if folder == PAGE_FOLDER:  # not files of other projects, which may depend on their lines
        texts = {name: compact(name, text) for name, text in texts.items()}
    digest = hashlib.sha256()
    for name in sorted(texts):
        digest.update(f"{name}\0{texts[name]}\0".encode())
    return StaticFiles(texts, digest.hexdigest()[:12])


def compact(name: str, text: str) -> str:
    """Return the text of a module or stylesheet without indentation and comment lines.

    They are a quarter of the bytes of the page. Texts between backquotes must not span lines.
    """
    return _INDENTATION_AND_COMMENT.sub("", text) if name.endswith((".js", ".css")) else text


def _text_response(name: str, text: str, cache_control: str, headers: dict[str, str]) -> Response:
    content_type = f"{_CONTENT_TYPES[name.rpartition('.')[2]]}; charset=utf-8"
    return Response(
        body=text,
        headers={
            "Content-Type": content_type,
            "Cache-Control": cache_control,
            **_SECURITY_HEADERS,
            **headers,
        },
    )


def get_stage_prefix(request: Any) -> str:
    """Return the path before the route: `/api` for a stage of that name, empty locally.

    A prefix with other characters than those of plain path segments is ignored, because it is
    written into pages.
    """
    path = str(request.context.get("path") or "").rstrip("/")
    prefix = path.removesuffix(str(request.context.get("resourcePath") or "").rstrip("/"))
    return prefix if _PREFIX.fullmatch(prefix) else ""
