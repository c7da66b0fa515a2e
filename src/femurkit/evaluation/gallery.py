"""Which figures an evaluation gets, by what there is to show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.figure import Figure

from femurkit.evaluation.compare import Comparison
from femurkit.evaluation.figures import (
    bland_altman,
    difference_violins,
    four_views,
    overlay_triplets,
    paired_bars,
    region_bars,
    slice_area_bars,
    violins_with_points,
)
from femurkit.evaluation.levels import slice_areas_cm2, slice_levels_mm
from femurkit.evaluation.paper import UNSEEN
from femurkit.evaluation.rows import NUMBERS, Row

FEW = 3
"""Femurs from which on differences have a spread."""

Named = tuple[str, Figure]


def patient_figures(found: Comparison) -> Iterator[Named]:
    """Name and figure of each picture of one patient.

    Slice areas and surfaces of each femur, the hollow bone from below where there is one, and
    with a CT the slices.
    """
    for side, femur in found.femurs.items():
        name = f"{found.case}_{side.value}"
        if found.ct is not None:
            yield f"{name}_slices", overlay_triplets(found.ct, femur.truth, femur.pred)
        areas = [slice_areas_cm2(mask.array, mask.grid) for mask in (femur.truth, femur.pred)]
        levels = slice_levels_mm(femur.truth.grid)
        yield f"{name}_areas", slice_area_bars(levels, *areas, title=f"{side.value} femur")
        both = {"true": femur.truth_mesh, "found": femur.pred_mesh}
        meshes = {kind: mesh for kind, mesh in both.items() if mesh is not None}
        if meshes:
            hollow = {"found": found.hollow[side]} if side in found.hollow else {}
            yield f"{name}_views", four_views(meshes, below=hollow)


def study_figures(rows: Sequence[Row]) -> Iterator[Named]:
    """Name and figure of each chart over all femurs, rows as evaluate() gives them.

    Regions always; scores, volumes and areas side by side from two femurs on; agreement and
    spread of differences from FEW on. The band is what the paper reports for unseen patients.
    """
    if any(row.get("head_dsc") is not None for row in rows):
        yield "regions", region_bars(rows)
    if len(rows) < 2:
        return
    scores = {name: [r[name] for r in rows if r[name] is not None] for name in UNSEEN}
    yield (
        "scores",
        violins_with_points(
            {"femurs": scores}, list(UNSEEN), references=UNSEEN, reference_name="paper, unseen"
        ),
    )
    differences: dict[str, list[float]] = {}
    for column, true, _, factor in NUMBERS:
        quantity, unit = ("area", "cm²") if "area" in column else ("volume", "cm³")
        pairs = [row for row in rows if row.get(true) is not None]
        if len(pairs) < 2:
            continue
        a, b = ([factor * row[key] for row in pairs] for key in (column, true))
        labels = [f"{row['case']} {row['side'][0].upper()}" for row in pairs]
        yield f"{quantity}s", paired_bars(a, b, labels, unit, quantity=quantity)
        if len(pairs) >= FEW:
            yield f"{quantity}_agreement", bland_altman(a, b, unit, quantity=quantity)
            differences[quantity] = np.subtract(a, b).tolist()
    if differences:
        units = {name: "cm²" if name == "area" else "cm³" for name in differences}
        yield "differences", difference_violins({"femurs": differences}, units)
