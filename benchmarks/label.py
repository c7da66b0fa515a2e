"""Where a hand label and what was found part, slice by slice, and what the label shows there.

A label is made by hand too. Where most of a femur's distant border lies in a few slices, one looks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from femurkit.evaluation.voxels import Voxels, scores, voxels_of
from femurkit.surface.islands import bounding_window
from femurkit.volume import Mask, Volume

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.colors import ListedColormap

FAR_MM = 2.0
TOP = 3
"""Slices at the top of the label that are told apart."""
SHOWN = 5


def parting(found: Mask, truth: Mask) -> dict[str, Any]:
    """Where the label's border lies farther than FAR_MM from the found one, and scores without it.

    `top_far`: share of those voxels that lie in the label's TOP highest slices; `rest`: scores of
    all that lies below them.
    """
    voxels = voxels_of(found, truth)
    far = voxels.to_pred_mm > FAR_MM + 1e-6
    top = _in_top(voxels)
    border = ~np.isnan(voxels.to_pred_mm)
    return {
        "label_border_voxels": int(border.sum()),
        "far": int(far.sum()),
        "far_percent": 100 * float(far.sum() / border.sum()),
        "top_far": int((far & top).sum()),
        "rest": scores(voxels, ~top),
    }


def _in_top(voxels: Voxels) -> np.ndarray:
    """Which voxels lie at or above the label's TOP highest slices, (n,) bool."""
    levels = np.unique(np.round(voxels.points_mm[voxels.truth, 2], 3))
    return voxels.points_mm[:, 2] > levels[-TOP] - 1e-2


def picture(ct: Volume, found: Mask, truth: Mask, out: Path, *, title: str) -> None:
    """The highest slices of a label: the CT alone, under the label, and under what was found."""
    _, y, x = bounding_window(found.array | truth.array, margin=4)
    levels = np.flatnonzero(truth.array.any((1, 2)))
    height = ct.grid.to_world(np.c_[levels, np.zeros((len(levels), 2))])[:, 2]
    shown = levels[np.argsort(-height)][:SHOWN]
    wide = slice(y.start, y.start + 75)
    figure, axes = pyplot.subplots(3, SHOWN, figsize=(3.2 * SHOWN, 7.4))
    for column, level in zip(axes.T, shown, strict=True):
        above = f"z {height[levels == level][0]:.1f} mm"
        for ax, mask, colour in zip(column, (None, truth, found), ("", "red", "blue"), strict=True):
            ax.imshow(ct.array[level, wide, x], cmap="gray", vmin=-150, vmax=850)
            if mask is not None:
                over = np.ma.masked_equal(mask.array[level, wide, x], False)
                ax.imshow(over, cmap=ListedColormap([colour]), alpha=0.4)
            ax.set_axis_off()
        column[0].set_title(above, fontsize=9)
    figure.suptitle(title)
    figure.tight_layout()
    figure.savefig(out, dpi=70)
    pyplot.close(figure)
