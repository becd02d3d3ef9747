"""Rules that the page and the client repeat, compared with those of the API."""

from __future__ import annotations

import re

import dataops_client

from chalicelib.domain.composition import FORMULA_PATTERN
from chalicelib.domain.deformation import DEFORMATIONS
from chalicelib.domain.runs import ID_RUN_PATTERN
from chalicelib.version import VERSION
from localdev.paths import ROOT

PAGE = ROOT / "chalicelib" / "static" / "page"


def test_the_page_has_the_patterns_of_the_domain() -> None:
    patterns = dict(
        re.findall(r"^const ([A-Z_]+) = /(.+)/;$", (PAGE / "routes.js").read_text(), re.M)
    )
    assert patterns == {
        "FORMULA": FORMULA_PATTERN,
        "ID_RUN": ID_RUN_PATTERN,
    }


def test_the_page_has_the_deformations_of_the_domain() -> None:
    [table] = re.findall(r"DEFORMATIONS = \[(.*?)\];", (PAGE / "labels.js").read_text(), re.DOTALL)
    assert re.findall(r'"([^"]+)"', table) == [deformation.kind for deformation in DEFORMATIONS]


def test_api_and_client_have_the_same_version() -> None:
    assert dataops_client.__version__ == VERSION
