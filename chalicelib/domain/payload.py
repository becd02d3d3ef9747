"""The payload manifest of a dataset, whose SHA-256 is its content id.

It is the manifest of a BagIt bag (RFC 8493, section 2.1.3): a line `<sha256>  data/<path>` for each
file, sorted by the bytes of the path, with LF. `sha256sum -c` checks the files, and `sha256sum` of
the manifest is the content id. Both work without this software.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .datasets import Change
from .errors import IncompleteSelection

_HASH_LENGTH = 64
_SEPARATOR = "  "


@dataclass(frozen=True, slots=True)
class PayloadFile:
    """A file of a dataset: SHA-256 (hex), and path `data/<nc>/<id_run>/<sub_run>/<name>`."""

    sha256: str
    path: str


def build_payload_manifest(files: Iterable[PayloadFile]) -> bytes:
    """Return the payload manifest.

    IncompleteSelection for a path that BagIt and coreutils would read differently.
    """
    ordered = sorted(files, key=lambda file: file.path.encode())
    for file in ordered:
        # BagIt encodes % as %25, and coreutils does not. Archives contain no control characters
        # and backslashes, the other characters that are encoded.
        if "%" in file.path:
            raise IncompleteSelection(
                f"the file name {file.path!r} contains %, which a manifest cannot contain; rename "
                "the file, or select other files"
            )
    return "".join(f"{file.sha256}{_SEPARATOR}{file.path}\n" for file in ordered).encode()


def get_content_id(manifest: bytes) -> str:
    """Return the content id of a payload manifest."""
    return hashlib.sha256(manifest).hexdigest()


def parse_payload_manifest(manifest: bytes) -> Iterator[PayloadFile]:
    """Yield the files of a payload manifest that `build_payload_manifest` returned."""
    start = 0
    while start < len(manifest):
        end = manifest.index(b"\n", start)
        line = manifest[start:end].decode()
        yield PayloadFile(line[:_HASH_LENGTH], line[_HASH_LENGTH + len(_SEPARATOR) :])
        start = end + 1


@dataclass(slots=True)
class PayloadDifference:
    """The difference of two payload manifests: paths by kind, and the number of unchanged files."""

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0

    @property
    def change(self) -> Change:
        """Return the kind of the change by the rule of version numbers. NONE for equal files."""
        if self.removed or self.changed:
            return Change.MAJOR
        return Change.MINOR if self.added else Change.NONE


def compare_payloads(before: bytes, after: bytes) -> PayloadDifference:
    """Compare two payload manifests, reading both once from the beginning to the end."""
    difference = PayloadDifference()
    old, new = parse_payload_manifest(before), parse_payload_manifest(after)
    left, right = next(old, None), next(new, None)
    while left or right:
        if right is None or (left and left.path.encode() < right.path.encode()):
            difference.removed.append(left.path if left else "")
            left = next(old, None)
        elif left is None or right.path.encode() < left.path.encode():
            difference.added.append(right.path)
            right = next(new, None)
        else:
            if left.sha256 == right.sha256:
                difference.unchanged += 1
            else:
                difference.changed.append(left.path)
            left, right = next(old, None), next(new, None)
    return difference
