"""Configuration of the documentation, which `make docs` builds with Sphinx. Nothing is fetched."""

import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from chalicelib.version import VERSION  # noqa: E402
from scripts.reference_pages import insert_generated_parts  # noqa: E402

project = "DataOps API"
author = "DataOps API contributors"
version = release = VERSION
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

highlight_language = "text"
html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_persistent": ["search-button"],
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_context = {"default_mode": "auto"}
copybutton_prompt_text = "$ "
copybutton_here_doc_delimiter = "END"

autodoc_default_options = {"members": True, "inherited-members": "Exception,int,str,tuple"}
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
default_role = "literal"  # docstrings have names in single backticks
napoleon_google_docstring = True
napoleon_numpy_docstring = False
# Annotations name private classes, and classes of projects whose inventories are not fetched.
nitpick_ignore_regex = [("py:.*", ".*")]


def insert_generated(_app: Sphinx, _name: str, source: list[str]) -> None:
    """Insert the generated parts of a page."""
    source[0] = insert_generated_parts(source[0])


def inline_diagrams(app: Sphinx, document: nodes.document, _name: str) -> None:
    """Insert the diagrams as SVG elements, so that they follow the colours of the page."""
    for image in document.findall(nodes.image):
        if Path(image["uri"]).name.startswith("diagram-"):
            svg = (Path(app.srcdir) / image["uri"]).read_text()
            image.replace_self(nodes.raw("", svg, format="html"))


def setup(app: Sphinx) -> None:
    """Register the two steps above."""
    app.connect("source-read", insert_generated)
    app.connect("doctree-resolved", inline_diagrams)
