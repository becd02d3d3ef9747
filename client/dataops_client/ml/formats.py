"""The training table in the formats that it is exported to.

Columns: `id_run`, `sub_run`, `atom_a`, `atom_b` (numbers from 1, in ICOHPLIST's order), `bond_type`, `distance` (angstrom), `icohp` (-ICOHP
in eV, positive for bonding); before them `nc` where the table has several compositions. SOAP vectors, when asked for:

    parquet   columns soap_a and soap_b, fixed-size lists of float64
    csv       columns soap_a_0, soap_a_1, ..., soap_b_0, ...
    npz       one matrix `soap`, and per bond the row numbers `soap_row_a` and `soap_row_b` in it
    extxyz    one frame per sub-run with energy and forces; the columns are info entries `bond_<column>`, SOAP is a property of the
              atoms (ASE writes 8 decimals)
"""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """A format is named by the suffix of its files; for extxyz that is a suffix that ASE knows too."""

    PARQUET = "parquet"
    CSV = "csv"
    NPZ = "npz"
    EXTXYZ = "extxyz"
