"""The web page.

It is public in every stage: it contains no data, and requests all data from the API with the user's
token.
"""

from __future__ import annotations

from chalice.app import Response

from .endpoint import ApiBlueprint, endpoint
from .static import PAGE_FOLDER, StaticSite

blueprint = ApiBlueprint(__name__, tag="page")

# Downloads from the bucket are navigations, which this policy does not restrict; the page fetches
# from the API only.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for "
    "'script'; "
    "trusted-types 'none'"
)
_SITE = StaticSite(blueprint, PAGE_FOLDER, "/page", _POLICY)


@endpoint(blueprint, "GET", "/", operation_id="page", response=None, media_type="text/html")
def get_page() -> Response:
    """Get the web page: runs, outcomes, bond strengths and downloads."""
    return _SITE.respond_with_page()
