"""Formats of the training table. The columns are those of `columns`.

    parquet   soap_a and soap_b are fixed-size lists of float64; metadata in the schema
    csv       columns soap_a_0, soap_a_1, ..., soap_b_0, ...; metadata in the report only
    npz       one matrix `soap`, and per bond its row numbers `soap_row_a` and `soap_row_b`;
              metadata as JSON in the array `metadata`
    extxyz    one frame per sub-run with the information REF_energy (eV) and REF_stress
              (eV/angstrom^3, 3 x 3), REF_forces (eV/angstrom) of each atom, and the metadata;
              the columns of the bonds are the information `bond_<column>`, SOAP vectors are a
              property of the atoms (ASE writes 8 decimals)

REF_ is the prefix that MACE uses: ASE and MACE interpret `energy`, `forces` and `stress` as results
of a calculator, which can be lost.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from dataops_client.ml.errors import UnknownFormat


class Format(StrEnum):
    """File format, named by the suffix of its files."""

    PARQUET = "parquet"
    CSV = "csv"
    NPZ = "npz"
    EXTXYZ = "extxyz"


def get_format(output: Path, given: Format | str | None) -> Format:
    """Return the given format, or that of the suffix of a file.

    Raises:
        UnknownFormat: There is no such format.
    """
    name = output.suffix.removeprefix(".") if given is None else str(given)
    if name not in (*Format,):
        hint = "" if given else f"; rename {output}, or choose a format"
        raise UnknownFormat(f"unknown table format {name!r}: expected one of {_NAMES}{hint}")
    return Format(name)


_NAMES = ", ".join(Format)
