"""Figures of an evaluation: each takes rows or arrays and returns a matplotlib Figure.

Nothing here touches the disk; savefig is the caller's. Colours are those of Okabe and Ito, told
apart with any kind of colour vision, and shapes differ as well.
"""

from femurkit.evaluation.figures.agree import bland_altman, paired_bars
from femurkit.evaluation.figures.pictures import four_views, overlay_triplets
from femurkit.evaluation.figures.places import region_bars, slice_area_bars
from femurkit.evaluation.figures.spread import difference_violins, violins_with_points

__all__ = [
    "bland_altman",
    "difference_violins",
    "four_views",
    "overlay_triplets",
    "paired_bars",
    "region_bars",
    "slice_area_bars",
    "violins_with_points",
]
