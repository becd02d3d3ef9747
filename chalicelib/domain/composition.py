"""Nominal compositions of cells, as chemical formulas."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import InvalidInput

FORMULA_PATTERN = r"^([A-Z][a-z]?[0-9]{0,3}){1,8}$"
_FORMULA = re.compile(FORMULA_PATTERN.strip("^$"), re.ASCII)
_ELEMENT = re.compile("[A-Z][a-z]?")


@dataclass(frozen=True, order=True, slots=True)
class NominalComposition:
    """A formula such as `Zr49Cu49Al2`.

    It has up to eight element symbols, each with the number of its atoms in the cell.

    The spelling is the identity: `Cu49Zr49Al2` is another composition, as in the published data
    set.
    """

    formula: str

    @classmethod
    def parse(cls, text: str) -> NominalComposition:
        """Return the composition of a text. InvalidInput if it is not a formula."""
        if not _FORMULA.fullmatch(text):
            raise InvalidInput(
                f"invalid nc {text!r}; expected a nominal composition, with elements as in the "
                "periodic table, such as 'Zr49Cu49Al2'"
            )
        return cls(text)

    @property
    def elements(self) -> frozenset[str]:
        """Return the element symbols of the formula."""
        return frozenset(_ELEMENT.findall(self.formula))

    def __str__(self) -> str:
        return self.formula
