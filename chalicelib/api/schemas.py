"""Types of the HTTP contract that several endpoints share."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chalicelib.domain.composition import FORMULA_PATTERN
from chalicelib.domain.runs import AUGMENTED_SUB_RUN_PATTERN, ID_RUN_PATTERN, SUB_RUN_PATTERN

Nc = Annotated[
    str,
    Meta(
        pattern=FORMULA_PATTERN,
        description="The nominal composition of the cell",
        examples=["Zr49Cu49Al2"],
    ),
]
IdRun = Annotated[
    str, Meta(pattern=ID_RUN_PATTERN, description="The number of the run", examples=["21"])
]
SubRun = Annotated[
    str,
    Meta(
        pattern=SUB_RUN_PATTERN,
        description="Sub-run: 0 is the reference cell, 1-14 are deformed cells",
        examples=["8"],
    ),
]
AugmentedSubRun = Annotated[
    str,
    Meta(pattern=AUGMENTED_SUB_RUN_PATTERN, description="A deformed sub-run, 1-14", examples=["8"]),
]
FileName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=1024,
        description="Name of a file, as in the manifest",
        examples=["lobsterin"],
    ),
]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 in hex")]
# Text, because msgspec formats UTC as "Z", which programs of the prototype (Python 3.10) cannot
# parse; they can parse "+00:00".
Timestamp = Annotated[
    str,
    Meta(
        description="ISO 8601 with UTC offset",
        examples=["2026-11-23T07:08:09.123456+00:00"],
        extra_json_schema={"format": "date-time"},
    ),
]
SizeBytes = Annotated[int, Meta(ge=0, description="Size in bytes")]
