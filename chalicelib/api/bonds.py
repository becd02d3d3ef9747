"""The endpoint of the bonds of a sub-run."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from chalicelib.bootstrap import services
from chalicelib.domain.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    SourceChanged,
    SubRunNotScheduled,
    Unavailable,
)
from chalicelib.domain.runs import SubRunKey
from chalicelib.usecases.bonds import MAX_LIMIT, BondPage, get_bond_page

from .endpoint import ApiBlueprint, JsonResponse, endpoint
from .paging import CURSOR_PATTERN, decode_bond_cursor, encode_bond_cursor, format_next_link
from .schemas import IdRun, Nc, SubRun

blueprint = ApiBlueprint(__name__, tag="data")

_convert = partial(msgspec.convert, from_attributes=True)

BondType = Annotated[
    str,
    Meta(description="The two elements, higher atomic number first", examples=["Zr-Cu"]),
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
    """The bonds to return: the first `limit`, or those after `cursor`."""

    limit: Annotated[
        int, Meta(ge=1, le=MAX_LIMIT, description="Maximum number of bonds per page")
    ] = 1000
    cursor: (
        Annotated[
            str, Meta(pattern=CURSOR_PATTERN, description="`next_cursor` of the previous page")
        ]
        | None
    ) = None


class Bond(Struct):
    """A bond, with its atoms in the order of ICOHPLIST.lobster.

    `translation` is that of LOBSTER, in cell vectors.
    """

    atom_a: AtomNumber
    atom_b: AtomNumber
    label_a: Label
    label_b: Label
    bond_type: BondType
    distance: Distance
    translation: tuple[int, int, int]
    icohp: Icohp


class BondTypeSummary(Struct):
    """The number and means of all bonds of one type in the sub-run, independent of the page."""

    bond_type: BondType
    bonds: Annotated[int, Meta(ge=1, description="Number of bonds")]
    mean_distance: Distance
    mean_icohp: Icohp


class Bonds(Struct):
    """A page of the bonds of a sub-run; `next_cursor` is null after the last one."""

    nc: Nc
    id_run: IdRun
    sub_run: SubRun
    total: Annotated[int, Meta(ge=0, description="Number of bonds of the sub-run")]
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
            bond_types=[_convert(summary, BondTypeSummary) for summary in page.summaries],
            bonds=[_convert(bond, Bond) for bond in page.bonds],
            next_cursor=encode_bond_cursor(page.next) if page.next else None,
        )


@endpoint(
    blueprint,
    "GET",
    "/v1/generate/{nc}/{id_run}/{sub_run}/bonds",
    operation_id="sub_run_bonds",
    response=Bonds,
    errors=(InvalidInput, NotFound, SubRunNotScheduled, Conflict, SourceChanged, Unavailable),
    query=BondsQuery,
    response_headers={
        "Link": 'The next page, `rel="next"`, relative to this request; missing on the last page'
    },
)
def list_sub_run_bonds(nc: str, id_run: str, sub_run: str, query: BondsQuery) -> JsonResponse:
    """List bond strengths.

    Returns the bonds of `ICOHPLIST.lobster` in its order: atoms, distance in angstrom, and
    -ICOHP in eV (positive for bonding), with the means of each bond type. Follow `next_cursor` for
    the next page.
    """
    key = SubRunKey.parse(nc, id_run, sub_run)
    deps = services()
    page = get_bond_page(
        key,
        limit=query.limit,
        position=decode_bond_cursor(query.cursor) if query.cursor else None,
        runs=deps.runs,
        bucket=deps.bucket,
        cache=deps.bonds,
        slots=deps.archives.slots,
    )
    body = Bonds.of(page)
    if body.next_cursor is None:
        return JsonResponse(body)
    link = format_next_link(limit=query.limit, cursor=body.next_cursor)
    return JsonResponse(body, headers={"Link": link})
