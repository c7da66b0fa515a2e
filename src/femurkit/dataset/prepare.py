"""Studies cut into canonical hips, once, for training: cache/{study}-{side}-{hash}.npz.

Each holds hu int16, femur uint8 (share of the voxel, 0..255) and known uint8 (1 where a slice is
annotated), all (z, y, x) on one canonical grid, and meta, a JSON string.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from femurkit.anatomy import Side
from femurkit.dataset.boxes import (
    LABEL_MARGIN_MM,
    hip_box,
    label_bounds_mm,
    outer_bounds_mm,
    united,
)
from femurkit.dataset.cache import Settings, content_hash, read_index, save, write_index
from femurkit.dataset.manifest import Manifest, Split, Study
from femurkit.dataset.share import known, share
from femurkit.dataset.study import Loaded, load_study
from femurkit.errors import EmptyLabels
from femurkit.geometry import Grid, resample
from femurkit.locate.half import half_box
from femurkit.steps import Listener

Box = Literal["hip", "half"]


@dataclass(frozen=True)
class Prepared:
    """One hip in the cache. labelled: some of its voxels are known."""

    path: Path
    patient: str
    study: str
    side: Side
    split: Split
    labelled: bool


def prepared(
    manifest: Manifest,
    cache: Path,
    *,
    spacing_mm: float,
    margin_mm: float = 0.0,
    box: Box = "hip",
    listener: Listener | None = None,
) -> list[Prepared]:
    """Every hip of a manifest, in its order, left before right; made unless it is there already.

    margin_mm: room added around each hip's box. box: "half" is the half of the body that the
    paper's network sees, which takes no margin. What is there already counts as long as the bytes
    of CT and labels, the annotated slices and these settings are the same.
    listener: called with each study that has to be made. Raises the refusals of load_study.
    """
    cache.mkdir(parents=True, exist_ok=True)
    settings = Settings(spacing_mm, margin_mm, box)
    out: list[Prepared] = []
    for study in manifest.studies:
        name = f"{study.study}-{{}}-{content_hash(study, settings)}"
        sides = read_index(cache, name)
        if sides is None:
            if listener:
                listener(study.study)
            sides = _make(study, cache, name, settings)
            write_index(cache, name, sides)
        for side, labelled in sides.items():
            path = cache / f"{name.format(side.value)}.npz"
            out.append(Prepared(path, study.patient, study.study, side, study.split, labelled))
    return out


def hip_arrays(loaded: Loaded, side: Side, box: Grid) -> dict[str, np.ndarray]:
    """What a box shows of one hip: hu, femur and known as they are saved, (z, y, x)."""
    volume, told = loaded.scan.volume, loaded.annotated[side]
    hu = resample(volume.array, volume.grid, box, outside=-1000.0)
    seen = known(told, volume.grid, box)
    femur = share(loaded.inside(side), told, volume.grid, box) * seen
    limits = np.iinfo(np.int16)
    return {
        "hu": np.rint(np.clip(hu, limits.min, limits.max)).astype(np.int16),
        "femur": np.rint(femur * 255).astype(np.uint8),
        "known": seen.astype(np.uint8),
    }


def _make(study: Study, cache: Path, name: str, settings: Settings) -> dict[Side, bool]:
    """Save every hip of a study; gives which sides there are and whether they are labelled."""
    loaded = load_study(study)
    sides: dict[Side, bool] = {}
    for side, (box, notes) in boxes(loaded, settings).items():
        arrays = hip_arrays(loaded, side, box)
        meta = _meta(loaded, side, box, notes)
        save(cache / f"{name.format(side.value)}.npz", arrays, meta)
        sides[side] = bool(arrays["known"].any())
    return sides


def boxes(loaded: Loaded, settings: Settings) -> dict[Side, tuple[Grid, tuple[str, ...]]]:
    """The grid of each hip, and what to know about it.

    A hip lies where the network finds it, and where its labels are: one that is only labelled has
    the box of its labels. Raises EmptyLabels if a study has neither.
    """
    out: dict[Side, tuple[Grid, tuple[str, ...]]] = {}
    found = {hip.side: hip for hip in loaded.hips}
    volume, spacing_mm = loaded.scan.volume, settings.spacing_mm
    for side in Side:
        inside, hip = loaded.inside(side), found.get(side)
        if hip is None and not inside.any():
            continue
        notes = [f"{side.value} hip: {note}" for note in (hip.notes if hip else ())]
        if settings.box == "half":
            box = half_box(volume, side, spacing_mm=spacing_mm, hips=loaded.hips)
            out[side] = box, tuple(notes)
            continue
        bounds = outer_bounds_mm(hip.box) if hip else None
        if inside.any():
            mine = label_bounds_mm(inside, volume.grid)
            if bounds is None:
                notes.append(f"{side.value} hip: not found on the CT; placed by its labels")
                bounds = mine[0] - LABEL_MARGIN_MM, mine[1] + LABEL_MARGIN_MM
            elif (mine[0] < bounds[0]).any() or (mine[1] > bounds[1]).any():
                notes.append(f"{side.value} hip: labels beyond the box found; it was extended")
                bounds = united(bounds, mine)
        assert bounds is not None
        box = hip_box(bounds, side, spacing_mm=spacing_mm, margin_mm=settings.margin_mm)
        out[side] = box, tuple(notes)
    if not out:
        with loaded.study.naming():
            raise EmptyLabels(
                "no hip found and no labels",
                expected="a scan that shows a hip",
                remedy="Leave this study out, or annotate it.",
            )
    return out


def _meta(loaded: Loaded, side: Side, box: Grid, notes: tuple[str, ...]) -> Mapping[str, Any]:
    study = loaded.study
    return {
        "patient": study.patient,
        "study": study.study,
        "side": side.value,
        "affine": box.affine.tolist(),
        "notes": [*loaded.notes, *notes],
    }
