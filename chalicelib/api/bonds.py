"""The door to the bonds of a sub-run."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.bootstrap import services
from chalicelib.domain import bonds
from chalicelib.domain.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    SourceChanged,
    SubRunNotScheduled,
    Unavailable,
)
from chalicelib.domain.runs import SubRunKey
from chalicelib.usecases.bonds import MAX_LIMIT, BondPage, bond_page

from .endpoint import Answer, Door, endpoint
from .paging import CURSOR_PATTERN, next_link
from .schemas import IdRun, Nc, SubRun

door = Door(__name__, tag="bonds")

BondType = Annotated[
    str,
    Meta(
        description="The two elements, that of the higher atomic number first", examples=["Zr-Cu"]
    ),
]
Label = Annotated[
    str,
    Meta(
        description="Element and number of the atom in the cell, as in the file", examples=["Cu12"]
    ),
]
AtomNumber = Annotated[
    int, Meta(ge=1, description="Number of the atom in the cell, from 1", examples=[12])
]
Distance = Annotated[float, Meta(description="Distance in angstrom", examples=[2.57934])]
Icohp = Annotated[
    float,
    Meta(description="-ICOHP at the Fermi level in eV: positive for bonding", examples=[1.62844]),
]


class BondsQuery(Struct):
    """Which bonds: the first `limit`, or those after `cursor`."""

    limit: Annotated[
        int, Meta(ge=1, le=MAX_LIMIT, description="How many bonds to answer at most")
    ] = 1000
    cursor: (
        Annotated[
            str, Meta(pattern=CURSOR_PATTERN, description="`next_cursor` of the answer before")
        ]
        | None
    ) = None


class Bond(Struct):
    """A bond, its atoms in the order of ICOHPLIST.lobster; `translation` is LOBSTER's, in cell vectors."""

    atom_a: AtomNumber
    atom_b: AtomNumber
    label_a: Label
    label_b: Label
    bond_type: BondType
    distance: Distance
    translation: tuple[int, int, int]
    icohp: Icohp


class BondTypeSummary(Struct):
    """All bonds of one type in the sub-run, whatever the page: their number and means."""

    bond_type: BondType
    bonds: Annotated[int, Meta(ge=1, description="How many there are")]
    mean_distance: Distance
    mean_icohp: Icohp


class Bonds(Struct):
    """A page of the bonds of a sub-run; `next_cursor` is null after the last one."""

    nc: Nc
    id_run: IdRun
    sub_run: SubRun
    total: Annotated[int, Meta(ge=0, description="How many bonds the sub-run has")]
    bond_types: list[BondTypeSummary]
    bonds: list[Bond]
    next_cursor: str | None

    @classmethod
    def of(cls, page: BondPage) -> Bonds:
        run = page.key.run
        return cls(
            nc=str(run.nc),
            id_run=str(run.id_run),
            sub_run=str(page.key.sub_run),
            total=page.total,
            bond_types=[_type_summary(summary) for summary in page.summaries],
            bonds=[_bond(bond) for bond in page.bonds],
            next_cursor=page.next_cursor,
        )


@endpoint(
    door,
    "GET",
    "/v1/generate/{nc}/{id_run}/{sub_run}/bonds",
    operation_id="sub_run_bonds",
    returns=Bonds,
    fails=(InvalidInput, NotFound, SubRunNotScheduled, Conflict, SourceChanged, Unavailable),
    query=BondsQuery,
    sends={
        "Link": 'The next page, `rel="next"`, relative to this request; not there on the last page'
    },
)
def sub_run_bonds(nc: str, id_run: str, sub_run: str, query: BondsQuery) -> Answer:
    """The bonds of a sub-run with their strengths, a page at a time."""
    key = SubRunKey.parse(nc, id_run, sub_run)
    made = services()
    page = bond_page(
        key,
        limit=query.limit,
        cursor=query.cursor,
        archives=made.archives,
        records=made.bond_records,
    )
    link = (
        {"Link": next_link(limit=query.limit, cursor=page.next_cursor)} if page.next_cursor else {}
    )
    return Answer(Bonds.of(page), headers=link)


def _bond(bond: bonds.Bond) -> Bond:
    return Bond(
        bond.atom_a,
        bond.atom_b,
        bond.label_a,
        bond.label_b,
        bond.bond_type,
        bond.distance,
        bond.translation,
        bond.icohp,
    )


def _type_summary(summary: bonds.BondTypeSummary) -> BondTypeSummary:
    return BondTypeSummary(
        summary.bond_type, summary.bonds, summary.mean_distance, summary.mean_icohp
    )
