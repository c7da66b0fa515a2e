"""Where the slices of a series lie, as their headers say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PLACE_TOLERANCE_MM, PLACE_TOLERANCE_SHARE = 0.06, 0.05
"""A slice may lie off its place in the even stack by this, or this share of the step, whichever is
larger: some headers round positions to 0.1 mm."""
MULTIPLE_TOLERANCE = 0.1
"""A step within this of a whole number of median steps is a gap, else it is uneven."""
DRIFT_TOLERANCE_MM = 0.5
"""How far slices may wander off a straight line over the whole stack, and that line off the normal
before the gantry counts as tilted."""


@dataclass(frozen=True, eq=False)
class SliceGeometry:
    """Where n slices lie, in any order; NaN where the header does not say.

    positions_mm: (n, 3) LPS of the first pixel. orientations: (n, 6) row then column direction.
    spacings_mm: (n, 2) between rows, between columns. sizes: (n, 2) rows, columns.
    belongings: the different patients, studies and frames of reference that they name.
    resamplable: whether missing slices of such a series can be interpolated (gaps.py).
    """

    positions_mm: np.ndarray
    orientations: np.ndarray
    spacings_mm: np.ndarray
    sizes: np.ndarray
    belongings: frozenset[tuple[str, ...]] = frozenset()
    resamplable: bool = True

    @property
    def normal(self) -> np.ndarray:
        """Unit slice normal (3,) LPS: row direction cross column direction, of the first slice."""
        normal = np.cross(self.orientations[0, :3], self.orientations[0, 3:])
        return np.asarray(normal / np.linalg.norm(normal))

    @property
    def order(self) -> np.ndarray:
        """Indices (n,) that sort the slices along the normal."""
        return np.argsort(self.positions_mm @ self.normal, kind="stable")

    @property
    def steps_mm(self) -> np.ndarray:
        """Distances (n - 1,) between neighbours along the normal."""
        return np.diff(np.sort(self.positions_mm @ self.normal))

    @property
    def step_mm(self) -> float:
        """Mean distance between neighbours; 0 for a single slice."""
        return float(self.steps_mm.mean()) if len(self.positions_mm) > 1 else 0.0

    @property
    def step_vector_mm(self) -> np.ndarray:
        """From one slice to the next, (3,) LPS: along the normal, or at a slant if tilted."""
        if self.tilt_deg == 0:
            return self.normal * self.step_mm
        first, last = self.positions_mm[self.order[[0, -1]]]
        return np.asarray((last - first) / (len(self.positions_mm) - 1))

    @property
    def tilt_deg(self) -> float:
        """Angle between the line of the slices and their normal: a tilted gantry; else 0."""
        first, last = self.positions_mm[self.order[[0, -1]]]
        along = float((last - first) @ self.normal)
        aside = float(np.linalg.norm(last - first - along * self.normal))
        return float(np.degrees(np.arctan2(aside, along))) if aside > DRIFT_TOLERANCE_MM else 0.0

    @property
    def length_mm(self) -> float:
        """Body covered along the normal, half a step beyond the outer slice centres."""
        return len(self.positions_mm) * self.step_mm

    @property
    def missing(self) -> np.ndarray:
        """How many are missing after each slice but the last, (n - 1,), in the order of the slices.

        0 where the step is no whole number of usual steps, give or take MULTIPLE_TOLERANCE.
        """
        multiple = self.steps_mm / np.median(self.steps_mm)
        whole = (multiple > 1.5) & (abs(multiple - np.rint(multiple)) < MULTIPLE_TOLERANCE)
        return np.where(whole, np.rint(multiple) - 1, 0).astype(int)

    @property
    def uneven_at(self) -> int | None:
        """The step farthest from the usual one, if the slices do not stand evenly."""
        if len(self.positions_mm) < 3:
            return None
        steps, median = self.steps_mm, float(np.median(self.steps_mm))
        places = np.append(0.0, np.cumsum(steps))
        line = np.polynomial.Polynomial.fit(np.arange(len(places)), places, 1)
        off_place = abs(places - line(np.arange(len(places)))).max()
        if off_place <= max(PLACE_TOLERANCE_MM, PLACE_TOLERANCE_SHARE * median):
            return None
        return int(abs(steps - median).argmax())
