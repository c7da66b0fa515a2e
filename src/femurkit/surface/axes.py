"""The axes of a femur: through its neck and through its shaft, from the periosteal surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femurkit.anatomy import Side
from femurkit.mesh import Mesh
from femurkit.surface.head import Head, fit_head
from femurkit.surface.section import Section, nearest_sections

NECK_RADII = (0.85, 2.1)
"""Where the narrowest section of the neck is looked for, in head radii from the head's centre."""

TURNS = 12
STILL = np.cos(np.deg2rad(0.02))
"""An axis that a turn leaves as it was, by the cosine of the angle, is found."""
BESIDE_MM = 3.0

BELOW_LESSER_RADII = 2.9
"""The shaft begins this far below the head's centre, in head radii: on six femurs the bone is
back to the shaft's width at 2.8 to 3.1."""

LEAST_SHAFT_MM = 20.0
"""Less shaft than this has no axis of its own."""

SHAFT_MM = 120.0
"""No more shaft is used for its axis: further down it bows."""

STEP_MM = 2.5
"""Between the shaft's sections."""


@dataclass(frozen=True, eq=False)
class Shaft:
    """down: (3,) unit, toward the knee. middle_mm: a point on the axis. shown_mm: how much of it.

    error_deg: standard error of the direction by the scatter of the sections' centres.
    """

    down: np.ndarray
    middle_mm: np.ndarray
    shown_mm: float
    error_deg: float


@dataclass(frozen=True, eq=False)
class Axes:
    """What one femur shows of its axes, LPS mm.

    neck: (3,) unit, from the head's centre through that of the narrowest section of the neck.
    narrowest: that section. neck_error_deg: how far the direction depends on where it is taken.
    shaft: None if the scan ends too soon below the lesser trochanter.
    """

    centre_mm: np.ndarray
    radius_mm: float
    neck: np.ndarray
    neck_error_deg: float
    narrowest: Section
    shaft: Shaft | None

    @property
    def neck_shaft_deg(self) -> float | None:
        """Angle between neck and shaft in space, as clinics state it (about 130)."""
        if self.shaft is None:
            return None
        return float(180 - np.degrees(np.arccos(np.clip(self.neck @ self.shaft.down, -1, 1))))


def axes_of(mesh: Mesh, side: Side, head: Head | None = None) -> Axes | str:
    """Axes of neck and shaft, or the reason why the neck has none.

    mesh: periosteal, closed, LPS mm. head: as fit_head gave it, if that was done.
    The neck axis goes through the centre of the head and the centroid of the least section at right
    angles to it, found by repeating; the shaft's is the line through the centroids of its sections.
    Source: Bonneau et al., 2012, J Anat 221:465, doi 10.1111/j.1469-7580.2012.01565.x (sections
    along the neck), where the head's centre is not held fixed.
    """
    head = head or fit_head(mesh, side)
    if head.centre_mm is None or head.radius_mm is None:
        return head.missing or "no head"
    found = _neck(mesh, side, head.centre_mm, head.radius_mm)
    if found is None:
        return "the scan shows no neck"
    neck, narrowest = found
    error = _neck_error_deg(mesh, head.centre_mm, neck, narrowest)
    shaft = _shaft(mesh, head.centre_mm, head.radius_mm)
    return Axes(head.centre_mm, head.radius_mm, neck, error, narrowest, shaft)


def _neck(
    mesh: Mesh, side: Side, centre: np.ndarray, radius: float
) -> tuple[np.ndarray, Section] | None:
    """Unit direction of the neck and its narrowest section."""
    neck = _beyond(mesh.vertices - centre, radius, side)
    low, high = (radii * radius for radii in NECK_RADII)
    for _ in range(TURNS):
        steps = np.linspace(low, high, 9)
        seen = nearest_sections(mesh, centre + steps[:, None] * neck, neck)
        there = [s for s in seen if s is not None]
        if not there:
            return None
        narrowest = min(there, key=lambda s: s.area_mm2)
        at = float((narrowest.centroid_mm - centre) @ neck)
        # from now on near where it was: along a neck the least area is a flat place
        low, high = max(low, at - 6), min(high, at + 6)
        ray = narrowest.centroid_mm - centre
        before, neck = neck, ray / np.linalg.norm(ray)
        if before @ neck > STILL:
            break
    return neck, narrowest


def _neck_error_deg(mesh: Mesh, centre: np.ndarray, neck: np.ndarray, section: Section) -> float:
    """Root mean square turn of the axis if sections BESIDE_MM to either side made it."""
    at = float((section.centroid_mm - centre) @ neck)
    beside = at + np.array([-BESIDE_MM, BESIDE_MM])
    turns = []
    for one in nearest_sections(mesh, centre + beside[:, None] * neck, neck):
        if one is not None:
            ray = one.centroid_mm - centre
            turns.append(np.arccos(np.clip(ray @ neck / np.linalg.norm(ray), -1, 1)))
    return float(np.degrees(np.sqrt(np.mean(np.square(turns))))) if turns else 0.0


def _beyond(rays: np.ndarray, radius: float, side: Side) -> np.ndarray:
    """Unit direction in which the surface leaves the head: a first guess."""
    away = np.linalg.norm(rays, axis=1)
    ring = rays[(away > 1.25 * radius) & (away < 1.6 * radius)]
    mean = ring.mean(0) if len(ring) else np.array([side.sign, 0.0, -0.8])
    return np.asarray(mean / np.linalg.norm(mean))


def _shaft(mesh: Mesh, centre: np.ndarray, radius: float) -> Shaft | None:
    """Line through the centroids of the sections below the lesser trochanter."""
    end = mesh.vertices[mesh.vertices[:, 2] < mesh.vertices[:, 2].min() + 1.0]
    middle, down = end.mean(0), np.array([0.0, 0.0, -1.0])
    shaft = None
    for _ in range(4):
        first = BELOW_LESSER_RADII * radius
        last = min(float(((end - centre) @ down).min()) - 2, first + SHAFT_MM)
        if last - first < LEAST_SHAFT_MM:
            return None
        levels = np.arange(first, last, STEP_MM)
        on_axis = middle + down * ((centre - middle) @ down)
        seen = nearest_sections(mesh, on_axis + levels[:, None] * down, down)
        centres = np.array([s.centroid_mm for s in seen if s is not None])
        if len(centres) < 4:
            return None
        middle = centres.mean(0)
        _, spread, axes = np.linalg.svd(centres - middle)
        turned = axes[0] if axes[0] @ down > 0 else -axes[0]
        scatter = float(np.sqrt((spread[1:] ** 2).sum() / (2 * (len(centres) - 2))))
        error = np.degrees(np.arctan2(scatter, spread[0]))
        shaft = Shaft(turned, middle, float(last - first), float(error))
        before, down = down, turned
        if before @ down > STILL:
            break
    return shaft
