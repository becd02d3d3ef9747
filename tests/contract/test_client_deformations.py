"""Deformations that API and client, which never import each other, must share."""

from __future__ import annotations

from dataops_client.deformations import DEFORMATIONS as CLIENT_DEFORMATIONS

from chalicelib.domain.deformation import DEFORMATIONS


def test_api_and_client_have_the_same_deformations() -> None:
    assert tuple(deformation.kind for deformation in DEFORMATIONS) == CLIENT_DEFORMATIONS
