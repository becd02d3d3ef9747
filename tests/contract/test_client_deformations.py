"""The API and its client, which never import each other, name the deformations alike."""

from __future__ import annotations

from dataops_client.deformations import DEFORMATIONS as OF_THE_CLIENT

from chalicelib.domain.deformation import DEFORMATIONS


def test_each_sub_run_has_the_same_deformation_by_both() -> None:
    assert tuple(deformation.kind for deformation in DEFORMATIONS) == OF_THE_CLIENT
