"""The shaft of a phantom's femur as an implant meets it: its middle, its outside and its wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femurkit.phantom.shapes import Bone, FemurFrame

BAND_MM = 6.0
LEVELS_MM = np.arange(15.0, 215.0, 10.0)
"""Below the lesser trochanter, along the shaft."""


@dataclass(frozen=True, eq=False)
class Canal:
    """Sections of a shaft. levels: (n,) mm below the lesser trochanter; centres: (n, 3) LPS mm;
    outer, wall: (n,) least half width and cortical thickness, mm; lateral: (n,) from the centre to
    the lateral surface.
    """

    frame: FemurFrame
    levels: np.ndarray
    centres: np.ndarray
    outer: np.ndarray
    wall: np.ndarray
    lateral: np.ndarray

    def at(self, level: float) -> np.ndarray:
        """Middle of the canal (3,); above the shaft along its axis, below its end the last."""
        if level <= self.levels[0]:
            return np.asarray(self.centres[0] + (level - self.levels[0]) * self.frame.down)
        return np.array([np.interp(level, self.levels, c) for c in self.centres.T])

    def inner(self, level: float) -> float:
        """Radius of the canal, mm."""
        return float(max(np.interp(level, self.levels, self.outer - self.wall), 3.5))

    def side_of(self, level: float) -> float:
        """From the middle to the lateral surface, mm."""
        return float(np.interp(level, self.levels, self.lateral))

    @property
    def end(self) -> float:
        """The lowest level that is known, mm."""
        return float(self.levels[-1])


def canal_of(bone: Bone) -> Canal:
    """Sections of a femur with landmarks, as far down as there is a shaft (15 mm at least)."""
    frame = bone.frame
    assert frame is not None
    below = (bone.mesh.vertices - frame.trochanter) @ frame.down
    forward = np.cross(frame.down, frame.lateral)
    rows = []
    for level in LEVELS_MM:
        ring = np.abs(below - level) < BAND_MM
        if ring.sum() < 8:
            break
        off = bone.mesh.vertices[ring] - frame.trochanter
        x, y = off @ frame.lateral, off @ forward
        middle = (
            frame.trochanter + level * frame.down
            + (x.min() + x.max()) / 2 * frame.lateral + (y.min() + y.max()) / 2 * forward
        )  # fmt: skip
        half = min(np.ptp(x), np.ptp(y)) / 2
        rows.append((level, middle, half, float(np.median(bone.thickness_mm[ring])), np.ptp(x) / 2))
    if not rows:
        rows = [(15.0, frame.trochanter + 15 * frame.down, 14.0, 5.0, 15.0)]
    levels, centres, outer, wall, lateral = (np.array(c) for c in zip(*rows, strict=True))
    return Canal(frame, levels, centres, outer, wall, lateral)
