"""The tree against OpenZeppelin's published root, and multiproofs against every forgery."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import InvalidInput, limits
from offbeat.intents import keccak256
from offbeat.oracle import MerkleTree, Multiproof, multiproof_root


def hashes(count: int) -> list[bytes]:
    return [keccak256(count.to_bytes(2) + index.to_bytes(2)) for index in range(count)]


@st.composite
def openings(draw: st.DrawFn) -> tuple[MerkleTree, list[bytes], Multiproof]:
    """A tree, some of its leaves in order, and their proof."""
    leaves = hashes(draw(st.integers(1, 70)))
    chosen = draw(st.sets(st.integers(0, len(leaves) - 1), min_size=1))
    tree = MerkleTree.build(leaves)
    return tree, [leaves[index] for index in sorted(chosen)], tree.prove(sorted(chosen))


def test_root_of_openzeppelins_example() -> None:
    # The two (address, uint256) values of the merkle-tree package's introduction.
    values = [(b"\x11" * 20, 5 * 10**18), (b"\x22" * 20, 25 * 10**17)]
    leaves = sorted(
        keccak256(keccak256(address.rjust(32, b"\0") + amount.to_bytes(32)))
        for address, amount in values
    )
    root = "d4dee0beab2d53f2cc83e567171bd2820e49898130a22622b10ead383e90bd77"
    assert MerkleTree.build(leaves).root.hex() == root


def test_shape_is_a_complete_tree_with_reversed_leaves() -> None:
    a, b, c = sorted(hashes(3))
    # Array: root, (c b), a … the last two leaves pair first, in sorted order.
    pair = keccak256(a + b)
    tree = MerkleTree.build([a, b, c])
    assert tree.nodes == (tree.root, pair, c, b, a)
    assert tree.root == keccak256(min(pair, c) + max(pair, c))


@pytest.mark.parametrize("count", range(1, 9))
def test_every_subset_is_proven(count: int) -> None:
    leaves = hashes(count)
    tree = MerkleTree.build(leaves)
    for size in range(1, count + 1):
        for chosen in combinations(range(count), size):
            proof = tree.prove(chosen)
            assert len(proof.flags) == size + len(proof.nodes) - 1
            assert multiproof_root([leaves[index] for index in chosen], proof) == tree.root


def test_a_single_leaf_is_the_root_without_a_proof() -> None:
    (leaf,) = hashes(1)
    assert MerkleTree.build([leaf]).prove([0]) == Multiproof((), ())
    assert multiproof_root([leaf], Multiproof((), ())) == leaf


@given(openings(), st.data())
def test_another_leaf_or_node_leads_elsewhere(
    opening: tuple[MerkleTree, list[bytes], Multiproof], data: st.DataObject
) -> None:
    tree, leaves, proof = opening
    assert multiproof_root(leaves, proof) == tree.root
    at = data.draw(st.integers(0, len(leaves) + len(proof.nodes) - 1))
    changed = [*leaves, *proof.nodes]
    changed[at] = keccak256(changed[at])
    forged = Multiproof(tuple(changed[len(leaves) :]), proof.flags)
    assert multiproof_root(changed[: len(leaves)], forged) != tree.root


@given(openings(), st.data())
def test_a_proof_of_the_wrong_shape_has_no_root(
    opening: tuple[MerkleTree, list[bytes], Multiproof], data: st.DataObject
) -> None:
    _, leaves, (nodes, flags) = opening[0], opening[1], (opening[2].nodes, opening[2].flags)
    extra = data.draw(st.booleans())
    assert multiproof_root([], Multiproof(nodes, flags)) is None
    assert multiproof_root(leaves, Multiproof(nodes, (*flags, extra))) is None
    assert multiproof_root(leaves, Multiproof((*nodes, leaves[0]), flags)) is None
    assert multiproof_root([*leaves, leaves[0]], Multiproof(nodes, flags)) is None
    if flags:
        assert multiproof_root(leaves, Multiproof(nodes, flags[1:])) is None


@given(openings(), st.data())
def test_a_turned_flag_never_proves_the_root(
    opening: tuple[MerkleTree, list[bytes], Multiproof], data: st.DataObject
) -> None:
    tree, leaves, proof = opening
    if not proof.flags:
        return
    at = data.draw(st.integers(0, len(proof.flags) - 1))
    flags = list(proof.flags)
    flags[at] = not flags[at]
    assert multiproof_root(leaves, Multiproof(proof.nodes, tuple(flags))) != tree.root


@pytest.mark.parametrize(
    ("flags", "nodes", "has_root"),
    [
        ((True,), 0, True),
        ((False,), 0, False),
        ((False, True), 1, True),
        ((True, True), 1, False),
        ((False, False), 1, False),
        ((True, False), 1, True),
    ],
)
def test_steps_take_what_is_there(flags: tuple[bool, ...], nodes: int, has_root: bool) -> None:
    proof = Multiproof(tuple(hashes(5)[:nodes]), flags)
    assert (multiproof_root(hashes(2), proof) is not None) == has_root


def test_leaves_must_exist_and_ascend() -> None:
    tree = MerkleTree.build(hashes(5))
    tree.prove([0, 4])
    for indices, code in (
        ([], "leaves_missing"),
        ([5], "leaf_index"),
        ([-1], "leaf_index"),
        ([1, 0], "leaves_unsorted"),
        ([2, 2], "leaves_unsorted"),
    ):
        with pytest.raises(InvalidInput) as refused:
            tree.prove(indices)
        assert refused.value.code == code
    with pytest.raises(InvalidInput, match="leaves_missing"):
        MerkleTree.build([])


def test_rows_spread_evenly_need_the_most_nodes_that_a_batch_may_bring() -> None:
    levels = limits.MAX_PROOF_NODES // limits.MAX_ROWS
    total = limits.MAX_ROWS << levels
    tree = MerkleTree.build(hashes(total))
    spread = range(0, total, total // limits.MAX_ROWS)
    assert len(tree.prove(spread).nodes) == limits.MAX_ROWS * levels
