"""Selection of bonds for the training table."""

from __future__ import annotations

from dataops_client.ml.lobster import Bond, Cluster
from dataops_client.ml.table import DiscardedCluster, build_bond_table

HERE = (0, 0, 0)
SYMBOLS = ("Cu", "Zr", "Al", "Cu")


def bond(a: int, b: int, *, translation: tuple[int, int, int] = HERE, icohp: float = 1.0) -> Bond:
    return Bond(f"{SYMBOLS[a - 1]}{a}", f"{SYMBOLS[b - 1]}{b}", a, b, 2.5, translation, icohp)


def clusters(**neighbours: tuple[int, ...]) -> dict[int, Cluster]:
    return {
        int(atom.removeprefix("of_")): tuple((other, HERE) for other in others)
        for atom, others in neighbours.items()
    }


def test_a_bond_of_two_clusters_is_one_row_in_icohplist_order() -> None:
    table = build_bond_table([bond(1, 2)], clusters(of_2=(1,), of_1=(2,)))
    assert table.rows == (bond(1, 2),)


def test_rows_are_in_the_order_of_the_clusters() -> None:
    table = build_bond_table(
        [bond(1, 2), bond(1, 3), bond(2, 3)], clusters(of_1=(3, 2), of_2=(1, 3))
    )
    assert [(row.atom_a, row.atom_b) for row in table.rows] == [(1, 3), (1, 2), (2, 3)]


def test_a_bond_found_by_lobster_only_is_not_a_row() -> None:
    assert build_bond_table([bond(1, 2), bond(1, 4)], clusters(of_1=(2,))).rows == (bond(1, 2),)


def test_a_cluster_with_an_unlabelled_bond_is_discarded_and_reported() -> None:
    table = build_bond_table([bond(1, 2)], clusters(of_1=(2, 3, 4)), SYMBOLS)
    assert table.rows == ()
    assert table.discarded == (DiscardedCluster(1, ("Cu1-Al3", "Cu1-Cu4")),)


def test_a_bond_of_a_discarded_cluster_is_used_by_its_other_cluster() -> None:
    table = build_bond_table([bond(1, 2)], clusters(of_1=(2, 3), of_2=(1,)))
    assert table.rows == (bond(1, 2),)
    assert [cluster.atom for cluster in table.discarded] == [1]


def test_an_atom_beyond_the_symbols_is_shown_by_its_number() -> None:
    assert build_bond_table([], clusters(of_4=(9,)), SYMBOLS).discarded[0].bonds_without_label == (
        "Cu4-9",
    )


def test_labels_select_the_bond_of_an_atom_pair_with_one_bond() -> None:
    table = build_bond_table([bond(1, 2, translation=(0, 0, 1))], {1: ((2, (0, 1, 0)),)})
    assert len(table.rows) == 1


def test_translations_select_between_bonds_of_the_same_label() -> None:
    near, far = bond(1, 2), bond(1, 2, translation=(1, 0, 0), icohp=0.5)
    assert build_bond_table([near, far], {1: ((2, (-1, 0, 0)),)}).rows == (far,)
    assert build_bond_table([near, far], {2: ((1, (1, 0, 0)),)}).rows == (far,)
    assert build_bond_table([near, far], {1: ((2, HERE),)}).rows == (near,)
    assert build_bond_table([near, far], {1: ((2, (0, 0, 1)),)}).discarded


def test_an_atom_bonded_to_its_own_image_has_one_row() -> None:
    own = bond(1, 1, translation=(1, 0, 0))
    table = build_bond_table([own], {1: ((1, (1, 0, 0)), (1, (-1, 0, 0)))})
    assert (table.rows, table.discarded) == ((own,), ())
