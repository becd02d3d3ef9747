"""Artifacts: the stored files of a sub-run, their roles, and their keys in the data bucket.

    <nc>/c/md/lammps/100/<id_run>/2000/<sub_run>/<file>         every file of the sub-run
    <nc>-SOAPS/c/md/lammps/100/<id_run>/2000/<sub_run>/SOAPS.vec

These keys do not contain the data prefix; the data bucket adds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .composition import NominalComposition
from .runs import RunKey, SubRunKey

SOAPS_NAME = "SOAPS.vec"


class Role(StrEnum):
    """The role of a file in a sub-run."""

    SCF_INPUT = "scf-input"
    SCF_OUTPUT = "scf-output"
    BOND_STRENGTHS = "bond-strengths"
    SOAP_DESCRIPTORS = "soap-descriptors"
    LOBSTER_OUTPUT = "lobster-output"
    LOBSTER_INPUT = "lobster-input"
    STRUCTURE = "structure"
    METADATA = "metadata"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A stored file.

    `name` is the path relative to the sub-run. `etag` is opaque, quotes included.
    """

    key: str
    name: str
    size_bytes: int
    etag: str
    role: Role


def get_role(nc: NominalComposition, name: str) -> Role:
    """Return the role of the file `name` in a sub-run of `nc`."""
    exact = {
        f"{nc}.scf.in": Role.SCF_INPUT,
        f"{nc}.scf.out": Role.SCF_OUTPUT,
        "ICOHPLIST.lobster": Role.BOND_STRENGTHS,
        SOAPS_NAME: Role.SOAP_DESCRIPTORS,
        f"{nc}.lb.out": Role.LOBSTER_OUTPUT,
        "lobsterout": Role.LOBSTER_OUTPUT,
        "lobsterin": Role.LOBSTER_INPUT,
        "lobsterin-quippy": Role.LOBSTER_INPUT,
    }
    if name in exact:
        return exact[name]
    return Role.STRUCTURE if name.endswith((".xyz", ".xyz.idx")) else Role.OTHER


def list_training_files(nc: NominalComposition) -> tuple[str, ...]:
    """Return the names of the files that training requires.

    Every sub-run of `nc` is expected to have them.
    """
    return (
        f"{nc}.scf.in",
        f"{nc}.scf.out",
        f"{nc}.lb.out",
        "ICOHPLIST.lobster",
        "lobsterin-quippy",
        SOAPS_NAME,
    )


def get_runs_prefix(nc: NominalComposition) -> str:
    """Return the prefix of the runs of a composition, which `<id_run>/` follows."""
    return f"{nc}/c/md/lammps/100/"


def get_run_files_prefix(key: RunKey) -> str:
    """Return the prefix of the sub-runs of a run, which `<sub_run>/<file>` follows."""
    return f"{get_runs_prefix(key.nc)}{key.id_run}/2000/"


def get_run_soaps_prefix(key: RunKey) -> str:
    """Return the prefix of the SOAP descriptors of a run, which `<sub_run>/SOAPS.vec` follows."""
    return f"{key.nc}-SOAPS/c/md/lammps/100/{key.id_run}/2000/"


def get_files_prefix(key: SubRunKey) -> str:
    """Return the prefix of the files of a sub-run, which `<file>` follows."""
    return f"{get_run_files_prefix(key.run)}{key.sub_run}/"


def get_soaps_prefix(key: SubRunKey) -> str:
    """Return the prefix of the SOAP descriptors of a sub-run, which `SOAPS.vec` follows."""
    return f"{get_run_soaps_prefix(key.run)}{key.sub_run}/"


def get_archives_prefix(key: RunKey | SubRunKey) -> str:
    """Return the prefix of the archives of a sub-run or run, which `<fingerprint>.zip` follows."""
    return f"archives/{key}/run/" if key.sub_run_or_none is None else f"archives/{key}/"
