"""Selections: the files of a sub-run that a caller requests, by profile and globs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from .artifacts import list_training_files
from .composition import NominalComposition
from .errors import InvalidInput

MAX_INCLUDES = 20
MAX_GLOB_LENGTH = 100


class Profile(StrEnum):
    """A named set of files."""

    FULL = "full"
    ESSENTIAL = "essential"


PROFILES: Mapping[Profile, Callable[[NominalComposition], tuple[str, ...] | None]] = {
    Profile.FULL: lambda _: None,
    Profile.ESSENTIAL: list_training_files,
}
"""File names by profile; None selects every file."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The files of the profile whose name matches one of the globs; all without globs."""

    profile: Profile = Profile.FULL
    include: tuple[str, ...] = ()

    @classmethod
    def parse(cls, profile: str, include: Sequence[str]) -> Selection:
        """Return the selection.

        InvalidInput for an unknown profile, too many globs, or a glob that cannot match a file
        name.
        """
        if profile not in set(Profile):
            expected = ", ".join(map(repr, map(str, Profile)))
            raise InvalidInput(f"unknown profile {profile!r}; expected one of {expected}")
        if len(include) > MAX_INCLUDES:
            raise InvalidInput(f"{len(include)} include globs; at most {MAX_INCLUDES} are allowed")
        for glob in include:
            if not 0 < len(glob) <= MAX_GLOB_LENGTH or not glob.isprintable() or "/" in glob:
                raise InvalidInput(
                    f"invalid include glob {glob!r}; expected 1 to {MAX_GLOB_LENGTH} characters "
                    "without '/'"
                )
        return cls(Profile(profile), tuple(sorted(set(include))))

    def includes(self, name: str, nc: NominalComposition) -> bool:
        """Return True if a file of this name in a sub-run of `nc` is selected."""
        names = PROFILES[self.profile](nc)
        if names is not None and name not in names:
            return False
        return not self.include or any(fnmatchcase(name, glob) for glob in self.include)

    def __str__(self) -> str:
        globs = f" and include {list(self.include)!r}" if self.include else ""
        return f"profile {str(self.profile)!r}{globs}"
