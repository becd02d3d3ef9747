"""Formats of the training table.

Columns: `id_run`, `sub_run`, `atom_a`, `atom_b` (numbers from 1, in the order of ICOHPLIST),
`bond_type`, `distance` (angstrom), `icohp` (-ICOHP in eV, positive for bonding). The first column
is `nc` if the table has several compositions. SOAP vectors are optional:

    parquet   columns soap_a and soap_b, fixed-size lists of float64
    csv       columns soap_a_0, soap_a_1, ..., soap_b_0, ...
    npz       one matrix `soap`, and per bond its row numbers `soap_row_a` and `soap_row_b`
    extxyz    one frame per sub-run with energy and forces; the columns are info entries
              `bond_<column>`, SOAP is a property of the atoms (ASE writes 8 decimals)
"""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """File format, named by the suffix of its files."""

    PARQUET = "parquet"
    CSV = "csv"
    NPZ = "npz"
    EXTXYZ = "extxyz"
