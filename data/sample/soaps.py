"""SOAPS.vec: a list of NumPy float64 vectors, pickled by Python 2 (protocol 0).

The published data set has this format.
"""

from __future__ import annotations

import struct

_ARRAY = (
    b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
    b"(I1\n(I%d\ntcnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nS%b\ntba"
)
_NAMED = {ord("\\"): b"\\\\", ord("\n"): b"\\n", ord("\r"): b"\\r", ord("\t"): b"\\t"}


def build_soaps_vec(vectors: list[list[float]]) -> bytes:
    """Return the vectors in the format that `pickle.load(..., encoding="latin1")` reads."""
    arrays = (
        _ARRAY % (len(vector), _python_2_repr(struct.pack(f"<{len(vector)}d", *vector)))
        for vector in vectors
    )
    return b"(lp0\n" + b"".join(arrays) + b"."


def _python_2_repr(text: bytes) -> bytes:
    """Return repr() of a Python 2 string.

    It has double quotes only if the string contains single quotes and no double quotes.
    """
    quote = b'"' if b"'" in text and b'"' not in text else b"'"
    out = bytearray(quote)
    for byte in text:
        if byte == quote[0]:
            out += b"\\" + quote
        elif byte in _NAMED:
            out += _NAMED[byte]
        else:
            out += bytes([byte]) if 0x20 <= byte < 0x7F else b"\\x%02x" % byte
    return bytes(out + quote)
