"""Artifacts: the stored files of a sub-run, what they are, and where they lie in the data bucket.

    <nc>/c/md/lammps/100/<id_run>/2000/<sub_run>/<file>         every file of the sub-run
    <nc>-SOAPS/c/md/lammps/100/<id_run>/2000/<sub_run>/SOAPS.vec

Keys here are without the data prefix; the data bucket puts it in front.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .composition import NominalComposition
from .runs import RunKey, SubRunKey

SOAPS_NAME = "SOAPS.vec"


class Role(StrEnum):
    """What a file of a sub-run is to its reader."""

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
    """A stored file: `key` is its address in the bucket, `name` its path below the sub-run, `etag` opaque (quotes included)."""

    key: str
    name: str
    size_bytes: int
    etag: str
    role: Role


def role_of(nc: NominalComposition, name: str) -> Role:
    """The role of the file `name` in a sub-run of `nc`."""
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


def training_files(nc: NominalComposition) -> tuple[str, ...]:
    """Return the names of the files that training needs, and that every sub-run of `nc` is expected to have."""
    return (
        f"{nc}.scf.in",
        f"{nc}.scf.out",
        f"{nc}.lb.out",
        "ICOHPLIST.lobster",
        "lobsterin-quippy",
        SOAPS_NAME,
    )


def runs_prefix(nc: NominalComposition) -> str:
    """Where the runs of a composition begin; what follows is `<id_run>/`."""
    return f"{nc}/c/md/lammps/100/"


def run_files_prefix(key: RunKey) -> str:
    """Where the sub-runs of a run begin; what follows is `<sub_run>/<file>`."""
    return f"{runs_prefix(key.nc)}{key.id_run}/2000/"


def run_soaps_prefix(key: RunKey) -> str:
    """Where the SOAP descriptors of a run begin; what follows is `<sub_run>/SOAPS.vec`."""
    return f"{key.nc}-SOAPS/c/md/lammps/100/{key.id_run}/2000/"


def files_prefix(key: SubRunKey) -> str:
    """Where the files of a sub-run begin; what follows is `<file>`."""
    return f"{run_files_prefix(key.run)}{key.sub_run}/"


def soaps_prefix(key: SubRunKey) -> str:
    """Where the SOAP descriptors of a sub-run begin; what follows is `SOAPS.vec`."""
    return f"{run_soaps_prefix(key.run)}{key.sub_run}/"


def archives_prefix(key: RunKey | SubRunKey) -> str:
    """Where the archives of a sub-run, or of a whole run, begin; what follows is `<fingerprint>.zip` or `.json`."""
    return f"archives/{key.nc}/{key.id_run}/run/" if isinstance(key, RunKey) else f"archives/{key}/"
