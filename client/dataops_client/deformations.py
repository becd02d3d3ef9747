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
