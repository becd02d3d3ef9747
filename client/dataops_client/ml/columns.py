"""Columns of the training table: names, units, signs and sources.

Each format stores this description, and docs/reference/data-dictionary.md repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """Column of the table.

    Attributes:
        name: Name, which contains unit and sign.
        published_name: Name in the scripts of the published data set: `ID_RUN` and `SUB_STEP` of
            create_SSDB.py, the others of prepare_R_data_frame.py. Equal to `name` if they have
            none.
        unit: Unit; "" for a number without unit, or text.
        description: Meaning.
        source: File and place that the value is read from.
    """

    name: str
    published_name: str
    unit: str
    description: str
    source: str


IDENTITY_COLUMNS = (
    Column("nc", "NC", "", "nominal composition", "folder"),
    Column("id_run", "ID_RUN", "", "number of the run, which is one cell", "folder"),
    Column("sub_run", "SUB_STEP", "", "number of the deformation, 0 to 14", "folder"),
)
BOND_COLUMNS = (
    Column("atom_a", "A", "", "number of the first atom, from 1", "ICOHPLIST.lobster, atomMU"),
    Column("atom_b", "B", "", "number of the second atom, from 1", "ICOHPLIST.lobster, atomNU"),
    Column(
        "bond_type",
        "bond_type",
        "",
        "both elements, the higher atomic number first",
        "ICOHPLIST.lobster, labels",
    ),
    Column(
        "distance_angstrom", "Distance", "angstrom", "bond length", "ICOHPLIST.lobster, distance"
    ),
    Column(
        "minus_icohp_ev",
        "minusICOHP",
        "eV",
        "-ICOHP at the Fermi level, sum of both spins: positive for bonding",
        "ICOHPLIST.lobster, ICOHP times -1",
    ),
)
SPIN_COLUMNS = tuple(
    Column(
        f"minus_icohp_spin_{name}_ev",
        f"minus_icohp_spin_{name}_ev",
        "eV",
        f"-ICOHP of spin {number} ({name}); missing in calculations without spin polarisation",
        f"ICOHPLIST.lobster, spin {number}",
    )
    for number, name in ((1, "up"), (2, "down"))
)
SOAP_COLUMNS = tuple(
    Column(
        f"soap_{atom}",
        f"soap_{atom}",
        "",
        f"SOAP vector of the {which} atom, of length 1",
        f"SOAPS.vec, vector atom_{atom} - 1",
    )
    for atom, which in (("a", "first"), ("b", "second"))
)


def list_columns(*, soaps: bool, spins: bool) -> tuple[Column, ...]:
    """Return the columns of a table, in their order."""
    return (
        *IDENTITY_COLUMNS,
        *BOND_COLUMNS,
        *(SPIN_COLUMNS if spins else ()),
        *(SOAP_COLUMNS if soaps else ()),
    )
