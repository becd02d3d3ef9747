"""The words: compositions, runs, deformations, settings."""

from __future__ import annotations

import pytest

from chalicelib.adapters.local.simulated_executor import SimulatedExecutor
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.deformation import DEFORMATIONS
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.runs import RunKey, SubRunKey, parse_sub_runs
from chalicelib.settings import Settings, SettingsError
from tests.support.fakes import FakeClock

NAMES = {"RUN_TABLE": "runs", "DATA_BUCKET": "data"}


@pytest.mark.parametrize("text", ["Zr49Cu49Al2", "Al", "H", "Zr999", "CuZrAlNiTiAgPdPt"])
def test_formulas_are_compositions(text: str) -> None:
    assert str(NominalComposition.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "zr",
        "Zr1000",
        "Zr 49",
        "Zr49\n",
        "Zr٣",
        "Zr49-SOAPS",
        "ZrCuAlNiTiAgPdPtAu",
        "available",
        "../Zr",
    ],
)
def test_invalid_formulas_are_rejected_with_their_value(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        NominalComposition.parse(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    "text", ["0", "01", "-1", "+1", "1.0", "1e3", "٣", "1000000000", "", " 1", "1\n"]
)
def test_run_numbers_are_plain_and_positive(text: str) -> None:
    with pytest.raises(InvalidInput):
        RunKey.parse("Al", text)


@pytest.mark.parametrize("text", ["15", "00", "-0", "1 ", "", "a", "٣"])
def test_sub_runs_are_0_to_14(text: str) -> None:
    with pytest.raises(InvalidInput):
        SubRunKey.parse("Al", "1", text)


def test_lists_of_sub_runs_are_sorted_and_unique() -> None:
    assert parse_sub_runs("3,0,3,14") == (0, 3, 14)
    assert parse_sub_runs(None) is None
    with pytest.raises(InvalidInput):
        parse_sub_runs("")


def test_deformations_have_the_kinds_of_the_published_cells() -> None:
    kinds = [deformation.kind for deformation in DEFORMATIONS]
    assert kinds[0] == "reference"
    assert kinds[1:7] == ["shear xy", "shear xz", "shear yx", "shear yz", "shear zx", "shear zy"]
    assert kinds[7:] == [
        "tension x", "compression x", "tension y", "compression y", "tension z", "compression z",
        "isotropic tension", "isotropic compression",
    ]  # fmt: skip


def test_deformations_give_the_published_cells() -> None:
    """Compare with CELL_PARAMETERS of run 21, a cube of 12.028420 angstrom."""
    edge = 12.028420
    published = {
        1: ((edge, 6.014210, 0), (0, edge, 0), (0, 0, edge)),
        4: ((edge, 0, 0), (0, edge, 6.014210), (0, 0, edge)),
        6: ((edge, 0, 0), (0, edge, 0), (0, 6.014210, edge)),
        7: ((12.268988, 0, 0), (0, edge, 0), (0, 0, edge)),
        12: ((edge, 0, 0), (0, edge, 0), (0, 0, 9.622736)),
        13: ((12.148704, 0, 0), (0, 12.148704, 0), (0, 0, 12.148704)),
        14: ((10.825578, 0, 0), (0, 10.825578, 0), (0, 0, 10.825578)),
    }
    for sub_run, cell in published.items():
        made = [[edge * value for value in row] for row in DEFORMATIONS[sub_run].matrix]
        assert made == [pytest.approx(row, abs=1e-6) for row in cell]


def test_a_job_is_done_once_its_time_has_passed() -> None:
    clock, executor = FakeClock(), SimulatedExecutor(300)
    scheduled_at = clock.now()
    clock.advance(299.9)
    assert executor.status(scheduled_at, clock.now()) == "RUNNING"
    clock.advance(0.1)
    assert executor.status(scheduled_at, clock.now()) == "DONE"


def test_settings_have_defaults_and_empty_variables_count_as_unset() -> None:
    settings = Settings.from_mapping(
        NAMES | {"AWS_ENDPOINT_URL_S3": "", "AWS_ENDPOINT_URL": "", "DATA_PREFIX": ""}
    )
    assert (
        settings.s3_endpoint,
        settings.dynamodb_endpoint,
        settings.s3_public_endpoint,
        settings.data_prefix,
    ) == (None, None, None, "")
    assert (settings.job_run_time_seconds, settings.region, settings.s3_addressing_style) == (
        300,
        "us-east-1",
        "auto",
    )


def test_the_endpoint_of_a_service_goes_before_the_common_one() -> None:
    settings = Settings.from_mapping(
        NAMES
        | {
            "AWS_ENDPOINT_URL": "http://all",
            "AWS_ENDPOINT_URL_S3": "http://s3",
            "DATA_PREFIX": "/ML/data",
        }
    )
    assert (settings.s3_endpoint, settings.dynamodb_endpoint) == ("http://s3", "http://all")
    assert (settings.s3_public_endpoint, settings.data_prefix) == ("http://s3", "ML/data/")


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"DATA_BUCKET": "data"}, "RUN_TABLE is not set"),
        (
            NAMES | {"JOB_RUN_TIME_SECONDS": "soon"},
            "JOB_RUN_TIME_SECONDS='soon'; expected a number",
        ),
        (NAMES | {"JOB_RUN_TIME_SECONDS": "nan"}, "expected 0 to"),
        (NAMES | {"URL_TTL_SECONDS": "604801"}, "URL_TTL_SECONDS='604801'; expected 1 to 604800"),
        (NAMES | {"S3_ADDRESSING_STYLE": "dns"}, "S3_ADDRESSING_STYLE='dns'"),
    ],
)
def test_settings_that_make_no_sense_are_named(variables: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        Settings.from_mapping(variables)
