"""Parameters of SOAP descriptors, such as `soap cutoff=3.75 l_max=6 ...`.

The syntax is that of quippy (https://libatoms.github.io/QUIP).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import InvalidInput

_PARAMETER = re.compile(r"(\w+)=(\{[^{}]*\}|[^\s{}]+)", re.ASCII)
_DESCRIPTOR = re.compile(rf"soap(?:\s+{_PARAMETER.pattern})+", re.ASCII)


@dataclass(frozen=True, slots=True)
class SoapDescriptor:
    """The text for quippy, and its parameters.

    `cutoff` and `atom_sigma` are in angstrom, species are atomic numbers.
    """

    text: str
    parameters: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> SoapDescriptor:
        """Return the descriptor of a text. InvalidInput if quippy would reject it."""
        text = " ".join(text.split())
        if not _DESCRIPTOR.fullmatch(text):
            raise InvalidInput(
                f"invalid SOAP descriptor {text!r}; expected the syntax of quippy: 'soap "
                "cutoff=3.75 l_max=6 n_max=8 ...'"
            )
        return cls(text, {name: value.strip("{}") for name, value in _PARAMETER.findall(text)})


PUBLISHED = SoapDescriptor.parse(
    "soap cutoff=3.75 l_max=6 n_max=8 atom_sigma=0.5 n_Z=3 Z={13 29 40} n_species=3 species_Z={13 "
    "29 40}"
)
"""The descriptor of the data set of Phys. Rev. Materials 4, 113603. It has 2,101 components."""
