"""Reading of SOAPS.vec: all pickled forms of arrays are accepted, anything else is rejected."""

from __future__ import annotations

import os
import pickle
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataops_client.ml.errors import MissingFile, RefusedPickle
from dataops_client.ml.soaps import read_soaps

from tests.support.sub_run_files import python2_pickle, soap_vectors

VECTORS = soap_vectors()


def written(folder: Path, data: bytes) -> Path:
    path = folder / "SOAPS.vec"
    path.write_bytes(data)
    return path


def python2_binary_pickle(vectors: np.ndarray[Any, np.dtype[np.float64]]) -> bytes:
    """Return protocol 2 of Python 2: byte strings, where Python 3 writes _codecs.encode."""
    data = b"\x80\x02]("
    for vector in vectors:
        raw = vector.tobytes()
        data += (
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K"
            + bytes([len(vector)])
            + b"\x85"
        )
        data += b"cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ"
        data += b"\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        data += struct.pack("<i", len(raw)) + raw + b"tb"
    return data + b"e."


ACCEPTED = {
    "the published form, protocol 0 of Python 2": python2_pickle(VECTORS),
    "protocol 2 of Python 2": python2_binary_pickle(VECTORS),
    **{
        f"a list, protocol {protocol}": pickle.dumps(list(VECTORS), protocol)
        for protocol in range(6)
    },
    **{f"a matrix, protocol {protocol}": pickle.dumps(VECTORS, protocol) for protocol in range(6)},
    **{
        f"a list by NumPy 1, protocol {n}": pickle.dumps(list(VECTORS), n).replace(
            b"numpy._core", b"numpy.core"
        )
        for n in (0, 2, 3)
    },
    "owned vectors, protocol 5": pickle.dumps([vector.copy() for vector in VECTORS], 5),
    "a matrix in Fortran order": pickle.dumps(np.asfortranarray(VECTORS), 4),
    "big-endian vectors": pickle.dumps([vector.astype(">f8") for vector in VECTORS], 2),
}


@pytest.mark.parametrize("form", ACCEPTED)
def test_arrays_are_read_in_every_form(tmp_path: Path, form: str) -> None:
    matrix = read_soaps(written(tmp_path, ACCEPTED[form]), atoms=len(VECTORS))
    np.testing.assert_array_equal(matrix, VECTORS)
    assert matrix.dtype == np.float64


class Runs:
    """Pickles to a call."""

    def __init__(self, call: Any, *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call, self.arguments


def make_canary() -> None:
    Path(os.environ["CANARY"]).write_text("something ran")


TOUCH = "import os, pathlib; pathlib.Path(os.environ['CANARY']).write_text('something ran')"
EXEC = b"c__builtin__\nexec\n(S'''" + b"'''\ntR"
RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
EMPTY_ARRAY = RECONSTRUCT + b"(cnumpy\nndarray\n(I0\ntS'b'\ntR"
FLOAT64 = b"cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb"
OBJECT = b"cnumpy\ndtype\n(S'O8'\nI0\nI1\ntR(I3\nS'|'\nNNNI-1\nI-1\nI63\ntb"
GOOD_VECTOR = EMPTY_ARRAY + b"(I1\n(I1\nt" + FLOAT64 + b"I00\nS'" + b"\\x00" * 8 + b"'\ntb"


def array(
    shape: bytes, dtype: bytes = FLOAT64, content: bytes = b"S'" + b"\\x00" * 8 + b"'\n"
) -> bytes:
    return b"(lp0\n" + EMPTY_ARRAY + b"(I1\n" + shape + dtype + b"I00\n" + content + b"tba."


HOSTILE = {
    # calls
    "os.system, protocol 0": b"cos\nsystem\n(S'echo > $CANARY'\ntR.",
    "os.system, protocol 2": pickle.dumps(Runs(os.system, "echo > $CANARY"), 2),
    "os.system by STACK_GLOBAL": pickle.dumps(Runs(os.system, "echo > $CANARY"), 4),
    "os.system inside the list": b"(lp0\n"
    + GOOD_VECTOR
    + b"acos\nsystem\n(S'echo > $CANARY'\ntRa.",
    "os.system after the arrays": b"(lp0\n"
    + GOOD_VECTOR
    + b"acos\nsystem\n(S'echo > $CANARY'\ntR0.",
    "builtins.exec": pickle.dumps(Runs(exec, TOUCH), 3),
    "builtins.eval": pickle.dumps(Runs(eval, f"exec({TOUCH!r})"), 4),
    "__builtin__.eval of Python 2": pickle.dumps(Runs(eval, f"exec({TOUCH!r})"), 0),
    "subprocess.call": b"csubprocess\ncall\n((lS'touch'\naS'$CANARY'\natR.",
    "builtins.getattr of an admitted global": b"c__builtin__\ngetattr\n"
    b"(cnumpy\nndarray\nS'__init_subclass__'\ntR.",
    "a dotted name": b"\x80\x04\x8c\x05numpy\x8c\x12ndarray.__reduce__\x93.",
    "a dotted module": b"cnumpy.ndarray\n__subclasses__\n.",
    "numpy.load": b"cnumpy\nload\n(S'/dev/null'\ntR.",
    "numpy.testing's runstring": b"cnumpy.testing._private.utils\nrunstring\n(S'1'\n(dtR.",
    "numpy.core.multiarray.scalar": b"cnumpy.core.multiarray\nscalar\n.",
    "numpy.memmap": b"cnumpy\nmemmap\n(S'/dev/null'\ntR.",
    "pickle.loads": b"c_pickle\nloads\n(S'N.'\ntR.",
    "codecs by another codec": b"c_codecs\nencode\n(VAAAA\nS'hex'\ntR.",
    "_codecs.decode": b"c_codecs\ndecode\n(S'eJw='\nS'zlib'\ntR.",
    "this test's own function": pickle.dumps(Runs(make_canary), 4),
    # opcodes
    "INST": b"(S'echo > $CANARY'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'echo > $CANARY'\no.",
    "INST of an admitted global": b"(inumpy\nndarray\n.",
    "OBJ of an admitted global": b"(cnumpy\nndarray\nI5\no.",
    "NEWOBJ": b"\x80\x02cnumpy\nndarray\n)\x81.",
    "NEWOBJ_EX": b"\x80\x04\x8c\x05numpy\x8c\x07ndarray\x93)}\x92.",
    "EXT1": b"\x80\x02\x82\x01.",
    "EXT4": b"\x80\x02\x84\x01\x00\x00\x00.",
    "PERSID": b"Pfile\n.",
    "BINPERSID": b"S'file'\nQ.",
    "BUILD on a global": b"cnumpy\ndtype\n(S'_call'\nNdb.",
    "BUILD with slots on a global": b"cnumpy\ndtype\n(N}S'_call'\nNstb.",
    "BUILD with slots on a global, protocol 2": b"\x80\x02cnumpy\ndtype\nN}U\x05_callNs\x86b.",
    "BUILD on a list": b"(l(S'append'\nNdb.",
    "REDUCE of a list": b"(l(I1\ntR.",
    "REDUCE of ndarray": b"cnumpy\nndarray\n((I1000000000000\nttR.",
    "_reconstruct of something else": RECONSTRUCT + b"(cnumpy\ndtype\n(I0\ntS'b'\ntR.",
    "NEXT_BUFFER": b"\x80\x05\x97.",
    # types and shapes
    "objects in bytes": array(b"(I1\nt", OBJECT),
    "objects in a list": array(b"(I1\nt", OBJECT, b"(lI1\na"),
    "float64 with a list of objects": array(b"(I1\nt", FLOAT64, b"(lI1\na"),
    "an object array of NumPy": pickle.dumps([np.array([1.0, None], dtype=object)], 2),
    "float32": pickle.dumps([vector.astype(np.float32) for vector in VECTORS], 2),
    "integers": pickle.dumps([np.arange(3)], 4),
    "fields": pickle.dumps([np.zeros(2, dtype=[("x", "f8")])], 2),
    "float64 with a state of fields": array(
        b"(I1\nt", FLOAT64.replace(b"NNNI-1\n", b"N(S'x'\nt(dI-1\n")
    ),
    "float64 with a state of object flags": array(
        b"(I1\nt", FLOAT64.replace(b"I0\ntb", b"I63\ntb")
    ),
    "a gigantic vector": array(b"(I1152921504606846976\nt"),
    "a gigantic matrix of no rows": array(b"(I0\nI1152921504606846976\nt", content=b"S''\n"),
    "a shape that overflows": array(b"(L18446744073709551617L\nt"),
    "a shape of ten thousand digits": array(b"(L" + b"9" * 10_000 + b"L\nt"),
    "a negative shape": array(b"(I-1\nt"),
    "a shape of 400,000 lengths": array(b"(" + b"I1\n" * 400_000 + b"t"),
    "a shape of strings": array(b"(S'1'\nt"),
    "true for a length": array(b"(I01\nt"),
    "too few bytes": array(b"(I2\nt"),
    "too many bytes": array(b"(I1\nt", content=b"S'" + b"\\x00" * 16 + b"'\n"),
    "an array without content": b"(lp0\n" + EMPTY_ARRAY + b"a.",
    "three dimensions": pickle.dumps(np.zeros((2, 2, 2)), 4),
    "a number": pickle.dumps(np.float64(1.0), 4),
    "a list of matrices": pickle.dumps([VECTORS, VECTORS.copy()], 4),
    "one vector, no list": pickle.dumps(VECTORS[0], 4),
    "vectors of two lengths": pickle.dumps([np.zeros(3), np.zeros(4)], 4),
    "vectors of no length": pickle.dumps([np.zeros(0)], 3),
    "a tuple of vectors": pickle.dumps(tuple(VECTORS), 4),
    "a dictionary": pickle.dumps({"a": VECTORS[0]}, 4),
    "lists in the list": pickle.dumps([[1.0, 2.0]], 4),
    "no vector": pickle.dumps([], 4),
    "nothing but None": b"N.",
    "not a number": pickle.dumps([np.array([1.0, np.nan])], 4),
    "infinity": pickle.dumps([np.array([1.0, np.inf])], 4),
    # bombs
    "one vector repeated a million times": b"(lp0\n"
    + GOOD_VECTOR
    + b"p1\na"
    + b"g1\na" * 1_000_000
    + b".",
    "a long vector repeated": pickle.dumps([np.zeros(100_000)] * 100_000, 4),
    "lists of lists of lists": b"(lp0\n"
    + b"".join(b"(lp%d\ng%d\nag%d\na" % (n + 1, n, n) for n in range(200))
    + b".",
    "a tuple too deep to print": b"cnumpy\ndtype\n" + b"(" * 50_000 + b"t" * 50_000 + b"R.",
    "bytes that are not there": b"\x80\x04B\xff\xff\xff\x7f.",
    "a bytearray that is not there": b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b".",
    "a frame that is not there": b"\x80\x04\x95" + struct.pack("<Q", 1 << 40) + b"N.",
    # broken
    "empty": b"",
    "a cut in a vector": python2_pickle(VECTORS)[:-100],
    "a cut before the end": python2_pickle(VECTORS)[:-1],
    "a cut in a binary vector": pickle.dumps(list(VECTORS), 4)[:-20],
    "STOP with nothing": b".",
    "a memo that was never put": b"g7\n.",
    "a bad escape": b"(lS'\\q'\na.",
    "a page of HTML": b"<!DOCTYPE html><html><body>Access Denied</body></html>",
    "an NPY file": b"\x93NUMPY\x01\x00",
    "an unknown protocol": b"\x80\x09N.",
    "non-ASCII in an encoded string": b"c_codecs\nencode\n(V\\u20ac\nS'latin1'\ntR.",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_other_content_is_rejected_and_not_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    canary = tmp_path / "canary"
    monkeypatch.setenv("CANARY", str(canary))
    path = written(tmp_path, HOSTILE[case])
    with pytest.raises(RefusedPickle, match=r"SOAPS\.vec"):
        read_soaps(path)
    assert not canary.exists()


@pytest.mark.parametrize(
    "case",
    [
        name
        for name, data in HOSTILE.items()
        if b"system" in data and name != "os.system after the arrays"
    ],
)
def test_the_hostile_pickles_run_under_the_standard_unpickler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    canary = tmp_path / "canary"
    monkeypatch.setenv("CANARY", str(canary))
    pickle.loads(HOSTILE[case])
    assert canary.exists()


def test_the_error_contains_the_rejected_global(tmp_path: Path) -> None:
    with pytest.raises(RefusedPickle, match=r"global (nt|posix|os)\.system is not allowed"):
        read_soaps(written(tmp_path, pickle.dumps(Runs(os.system, "true"), 4)))


def test_a_rejected_file_does_not_change_the_reader(tmp_path: Path) -> None:
    for data in (HOSTILE["BUILD with slots on a global"], HOSTILE["BUILD on a global"]):
        with pytest.raises(RefusedPickle):
            read_soaps(written(tmp_path, data))
    np.testing.assert_array_equal(read_soaps(written(tmp_path, python2_pickle(VECTORS))), VECTORS)


@pytest.mark.parametrize("put", [b"r\xff\xff\xff\x7f", b"p2147483647\n"])
def test_a_large_memo_index_allocates_no_memory(tmp_path: Path, put: bytes) -> None:
    path = written(tmp_path, b"(l" + put + GOOD_VECTOR + b"a.")
    tracemalloc.start()
    try:
        read_soaps(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_another_number_of_vectors_than_atoms_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(RefusedPickle, match="5 vectors for a structure of 6 atoms"):
        read_soaps(written(tmp_path, python2_pickle(VECTORS)), atoms=6)


def test_the_error_of_a_missing_file_contains_its_name(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"SOAPS\.vec does not exist"):
        read_soaps(tmp_path / "SOAPS.vec")
