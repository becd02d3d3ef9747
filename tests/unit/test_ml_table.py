"""Which bonds go into the training table."""

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


def test_a_bond_that_two_clusters_name_appears_once_with_its_atoms_in_icohplists_order() -> None:
    table = build_bond_table([bond(1, 2)], clusters(of_2=(1,), of_1=(2,)))
    assert table.rows == (bond(1, 2),)


def test_rows_come_in_the_order_in_which_the_clusters_name_them() -> None:
    table = build_bond_table(
        [bond(1, 2), bond(1, 3), bond(2, 3)], clusters(of_1=(3, 2), of_2=(1, 3))
    )
    assert [(row.atom_a, row.atom_b) for row in table.rows] == [(1, 3), (1, 2), (2, 3)]


def test_a_bond_that_lobster_alone_found_is_no_row() -> None:
    assert build_bond_table([bond(1, 2), bond(1, 4)], clusters(of_1=(2,))).rows == (bond(1, 2),)


def test_a_cluster_with_a_bond_without_label_gives_no_row_and_is_told_of() -> None:
    table = build_bond_table([bond(1, 2)], clusters(of_1=(2, 3, 4)), SYMBOLS)
    assert table.rows == ()
    assert table.discarded == (DiscardedCluster(1, ("Cu1-Al3", "Cu1-Cu4")),)


def test_a_bond_of_a_discarded_cluster_enters_by_the_cluster_of_its_other_atom() -> None:
    table = build_bond_table([bond(1, 2)], clusters(of_1=(2, 3), of_2=(1,)))
    assert table.rows == (bond(1, 2),)
    assert [gone.atom for gone in table.discarded] == [1]


def test_an_atom_beyond_the_symbols_is_named_by_its_number() -> None:
    assert build_bond_table([], clusters(of_4=(9,)), SYMBOLS).discarded[0].bonds_without_label == (
        "Cu4-9",
    )


def test_labels_decide_whatever_the_translation_where_an_atom_pair_has_one_bond() -> None:
    table = build_bond_table([bond(1, 2, translation=(0, 0, 1))], {1: ((2, (0, 1, 0)),)})
    assert len(table.rows) == 1


def test_the_translation_decides_where_a_small_cell_has_several_bonds_of_one_label() -> None:
    near, far = bond(1, 2), bond(1, 2, translation=(1, 0, 0), icohp=0.5)
    assert build_bond_table([near, far], {1: ((2, (-1, 0, 0)),)}).rows == (far,)
    assert build_bond_table([near, far], {2: ((1, (1, 0, 0)),)}).rows == (far,)
    assert build_bond_table([near, far], {1: ((2, HERE),)}).rows == (near,)
    assert build_bond_table([near, far], {1: ((2, (0, 0, 1)),)}).discarded


def test_an_atom_bonded_to_its_own_image_has_one_row() -> None:
    own = bond(1, 1, translation=(1, 0, 0))
    table = build_bond_table([own], {1: ((1, (1, 0, 0)), (1, (-1, 0, 0)))})
    assert (table.rows, table.discarded) == ((own,), ())
