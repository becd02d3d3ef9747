"""The door to the web page. It holds no data, so it is open in every stage; what it shows it asks the API for, with the reader's token."""

from __future__ import annotations

from chalice.app import Response

from .endpoint import Door, endpoint, request_id_of
from .static import StaticFolder, stage_prefix, static_folder, text_response

door = Door(__name__, tag="page")

# Downloads go to the bucket by navigation, which these do not restrict: everything that is fetched is the API's own.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


@endpoint(door, "GET", "/", operation_id="page", returns=None, media_type="text/html")
def page() -> Response:
    """The web page: runs, outcomes and bond strengths to look at, and downloads."""
    files = _files()
    base = f"{stage_prefix(door.current_request)}/page/{files.version}"
    html = files.texts["index.html"].replace("{assets}", base)
    return text_response("index.html", html, "no-cache", Content_Security_Policy=_POLICY)


@door.route("/page/{version}/{name}", methods=["GET"], content_types=["*/*"], name="page asset")
def page_asset(version: str, name: str) -> Response:
    """A stylesheet, module or picture of the page."""
    return _files().asset(version, name, request_id_of(door.current_request))


def _files() -> StaticFolder:
    return static_folder("page")
