r"""Unpickler of NumPy vectors that executes nothing of the pickle.

The published SOAPS.vec are Python 2 pickles (protocol 0) of a list of float64 vectors, one per
atom. The reader accepts these and the forms that NumPy 1 and 2 write in any protocol. Other opcodes
are rejected, every global of a pickle is replaced by an inert stand-in, and NumPy receives the
bytes only after shape, type and size were checked. The pure-Python unpickler of the standard
library is used because the C one reserves memory for the memo index that a pickle contains
(`r\xff\xff\xff\x7f`: 32 GB).
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from math import prod
from reprlib import repr as short  # a pickle can contain values that take very long to print
from struct import unpack
from typing import Any

import numpy as np
from numpy.typing import NDArray

# fmt: off
_OPCODES = (
    pickle.MARK, pickle.STOP, pickle.PROTO, pickle.FRAME,
    pickle.GLOBAL, pickle.STACK_GLOBAL, pickle.REDUCE, pickle.BUILD,
    pickle.EMPTY_LIST, pickle.LIST, pickle.APPEND, pickle.APPENDS,
    pickle.EMPTY_TUPLE, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3,
    pickle.PUT, pickle.BINPUT, pickle.LONG_BINPUT,
    pickle.GET, pickle.BINGET, pickle.LONG_BINGET, pickle.MEMOIZE,
    pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE,
    pickle.INT, pickle.LONG, pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1,
    pickle.STRING, pickle.BINSTRING, pickle.SHORT_BINSTRING,
    pickle.BINBYTES, pickle.BINBYTES8, pickle.SHORT_BINBYTES,
    pickle.UNICODE, pickle.BINUNICODE, pickle.BINUNICODE8, pickle.SHORT_BINUNICODE,
)
# fmt: on


class _DType:
    """Stand-in of numpy.dtype that accepts float64 of either byte order only."""

    __slots__ = ("order",)

    def __init__(self, name: object) -> None:
        text = name.decode("latin-1") if isinstance(name, bytes) else name
        if text not in ("f8", "d", "float64", "<f8", ">f8"):
            raise ValueError(f"the type of an array is {short(name)}, not float64")
        self.order = ">" if text == ">f8" else "<"

    def __setstate__(self, state: tuple[object, ...]) -> None:
        version, order, *rest = state
        if (
            version not in (3, 4)
            or order not in (b"<", b">", "<", ">")
            or rest[:6] != [None, None, None, -1, -1, 0]
            or any(rest[6:])
        ):
            raise ValueError(f"the state of an array's type is {short(state)}, not that of float64")
        self.order = order.decode() if isinstance(order, bytes) else str(order)


class PickledArray:
    """Stand-in of numpy.ndarray that stores shape, byte order and bytes until the file was read."""

    __slots__ = ("data", "dtype", "fortran", "shape")

    def __init__(self) -> None:
        self.shape, self.data, self.fortran = (0,), b"", False
        self.dtype: _DType | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        version, shape, dtype, fortran, data = state
        if version != 1 or not isinstance(data, bytes):
            raise ValueError(
                f"the content of an array is not bytes in version 1 but {type(data).__name__} "
                f"in version {short(version)}"
            )
        self.fill(shape, dtype, bool(fortran), data)

    def fill(self, shape: object, dtype: object, fortran: bool, data: bytes) -> None:
        if (
            not isinstance(shape, tuple)
            or len(shape) > 2
            or not all(type(length) is int and length >= 0 for length in shape)
        ):
            raise ValueError(f"the shape of an array is {short(shape)}")
        if not isinstance(dtype, _DType):
            raise ValueError("an array is not of type float64")
        if prod(shape) * 8 != len(data):
            raise ValueError(f"an array of shape {shape} has {len(data)} bytes")
        self.shape, self.dtype, self.fortran, self.data = shape, dtype, fortran, data

    def to_numpy(self) -> NDArray[np.float64]:
        if self.dtype is None:
            raise ValueError("an array has no content")
        flat = np.frombuffer(self.data, dtype=f"{self.dtype.order}f8").astype(np.float64)
        return flat.reshape(self.shape, order="F" if self.fortran else "C")


class _StandIn:
    """Stand-in of a global: callable, without attributes that a pickle could set."""

    __slots__ = ("_call",)
    _call: Callable[..., object]

    def __init__(self, call: Callable[..., object]) -> None:
        object.__setattr__(self, "_call", call)

    def __call__(self, *arguments: object) -> object:
        return self._call(*arguments)

    def __setattr__(self, name: str, value: object) -> None:
        raise ValueError(f"the pickle sets the attribute {short(name)}")


def _reject_call(*arguments: object) -> object:
    raise ValueError(f"the pickle calls numpy.ndarray with {len(arguments)} arguments")


_NDARRAY = _StandIn(_reject_call)


def _reconstruct(kind: object, _shape: object, _type: object) -> PickledArray:
    if kind is not _NDARRAY:
        raise ValueError("the pickle constructs another type than numpy.ndarray")
    return PickledArray()


def _dtype(name: object, _align: object = False, _copy: object = False) -> _DType:
    return _DType(name)


def _frombuffer(data: object, dtype: object, shape: object, order: object) -> PickledArray:
    if not isinstance(data, bytes) or order not in ("C", "F"):
        raise ValueError(
            f"the content of an array is {type(data).__name__} in order {short(order)}"
        )
    array = PickledArray()
    array.fill(shape, dtype, order == "F", data)
    return array


def _encode(text: object, codec: object) -> bytes:
    if not isinstance(text, str) or codec not in ("latin1", b"latin1"):
        raise ValueError(f"the pickle encodes {type(text).__name__} by {short(codec)}")
    return text.encode("latin1")


_GLOBALS = {
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): _StandIn(_dtype),
    ("_codecs", "encode"): _StandIn(_encode),
} | {
    (f"numpy.{core}.{module}", name): _StandIn(call)
    for core in ("core", "_core")
    for module, name, call in (
        ("multiarray", "_reconstruct", _reconstruct),
        ("numeric", "_frombuffer", _frombuffer),
    )
}


class _Dispatch(dict[int, Callable[[Any], None]]):
    def __missing__(self, opcode: int) -> Callable[[Any], None]:
        raise pickle.UnpicklingError(f"opcode {bytes([opcode])!r} is not allowed")


def _bytearray8(reader: Any) -> None:
    (size,) = unpack("<Q", reader.read(8))
    reader.append(reader.read(size))  # the inherited method reserves `size` bytes before reading


class _ArrayUnpickler(pickle._Unpickler):
    dispatch = _Dispatch({opcode[0]: pickle._Unpickler.dispatch[opcode[0]] for opcode in _OPCODES})
    dispatch[pickle.BYTEARRAY8[0]] = _bytearray8

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _GLOBALS[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"global {module}.{name} is not allowed") from None


def load_arrays(data: bytes) -> object:
    """Return the content of a pickle, with arrays as `PickledArray`.

    Raises:
        Exception: The pickle is damaged or contains anything else. The type is that of the
            unpickler.
    """
    return _ArrayUnpickler(io.BytesIO(data), encoding="bytes").load()
