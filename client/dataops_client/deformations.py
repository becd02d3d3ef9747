"""Deformations of the cells of the sub-runs (samples of Phys. Rev. Materials 4, 113603)."""

DEFORMATIONS = (
    "reference",
    "shear xy",
    "shear xz",
    "shear yx",
    "shear yz",
    "shear zx",
    "shear zy",
    "tension x",
    "compression x",
    "tension y",
    "compression y",
    "tension z",
    "compression z",
    "isotropic tension",
    "isotropic compression",
)
"""Indexed by sub-run, 0-14."""


def get_deformation(sub_run: str) -> str | None:
    """Return the deformation of a sub-run, or None for a number that is not listed."""
    return DEFORMATIONS[int(sub_run)] if int(sub_run) < len(DEFORMATIONS) else None
