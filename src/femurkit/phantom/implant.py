"""Implants of the hip, placed by the femur's landmarks and canal, as parts and cuts of bones.

What is femur in the truth: the outline of the bone with whatever lies inside it, so a stem, nail
or screw in the bone counts as femur; the head, neck and cup of a prosthesis, and a plate on the
bone, do not (docs/concepts/coordinates.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from femurkit.anatomy import Side
from femurkit.phantom.anatomy import Anatomy
from femurkit.phantom.canal import Canal, canal_of
from femurkit.phantom.part import Part
from femurkit.phantom.solids import Ball, Box, Either, Kept, Outside, Rod, plane
from femurkit.phantom.streaks import draw_beam


@dataclass(frozen=True, eq=False)
class Operated:
    """What an operation leaves: parts, and what is kept of the femur and of the pelvis."""

    parts: tuple[Part, ...]
    femur: tuple[Kept, ...] = ()
    pelvis: tuple[Kept, ...] = ()


def metal(rng: np.random.Generator, *names: str) -> tuple[str, float]:
    """A metal, one of these by chance, and the HU it shows."""
    name = str(rng.choice(names))
    ranges = {"titanium": (3000, 7000), "ceramic": (2200, 3600)}
    return name, float(rng.uniform(*ranges.get(name, (5000, 14000))))


def arthroplasty(rng: np.random.Generator, canal: Canal, *, cup: bool) -> Operated:
    """A total hip, or without a cup a hemiarthroplasty; cemented or not."""
    frame, big = canal.frame, canal.frame.head_radius
    centre = frame.head + rng.normal(0, 1.5, 3)
    neck_cut = frame.head + frame.neck * big * rng.uniform(1.65, 2.1)
    beside = plane(canal.at(-20) + frame.lateral * rng.uniform(1, 8), frame.lateral)
    tilted = frame.neck + 0.15 * rng.normal(0, 1, 3)
    cuts = (Either(plane(neck_cut, tilted), beside),)
    name, hu = metal(rng, "titanium", "cobalt", "steel")
    tip = float(min(rng.uniform(60, 150), canal.end))
    levels = [-5.0, 0.5 * tip, tip]
    fill = rng.uniform(0.65, 0.95)
    radii = [
        fill * canal.inner(15) * 1.05,
        fill * canal.inner(0.5 * tip),
        0.7 * fill * canal.inner(tip),
    ]
    path = np.array([neck_cut - 2 * frame.neck, *(canal.at(level) for level in levels)])
    forward = np.cross(frame.down, frame.lateral)
    stem = Rod(path, np.array([rng.uniform(7, 10), *radii]), float(rng.uniform(0.65, 1.0)), forward)
    parts = []
    if rng.random() < 0.4:
        mantle = np.minimum(stem.radii + rng.uniform(1.5, 3.5), 14)
        parts.append(Part(Rod(path[1:], mantle[1:]), float(rng.uniform(1200, 2500)), soft_mm=0.5))
    parts.append(Part(stem, hu, name))
    outer = big + rng.uniform(1.5, 4.0)
    radius = float(rng.choice([11, 14, 16, 18])) if cup else big + rng.uniform(-0.5, 1.0)
    radius = min(radius, outer - 5) if cup else radius
    neck = Rod(np.array([centre, neck_cut]), np.array([5.5, rng.uniform(6, 8)]))
    pelvis: tuple[Kept, ...] = ()
    if cup:
        parts += _cup(rng, canal, centre, outer, radius)
        pelvis = (Outside(Ball(centre, outer)),)
    name_ball, hu_ball = (
        metal(rng, "cobalt", "steel", "ceramic") if cup else metal(rng, "cobalt", "steel")
    )
    parts += [Part(neck, hu, name), Part(Ball(centre, radius), hu_ball, name_ball)]
    return Operated(tuple(parts), cuts, pelvis)


def _cup(
    rng: np.random.Generator, canal: Canal, centre: np.ndarray, outer: float, ball: float
) -> list[Part]:
    """Shell and liner, or a cemented cup; screws into the ilium now and then."""
    side = np.sign(canal.frame.lateral[0])
    opening = np.array(
        [side * rng.uniform(0.5, 0.8), -rng.uniform(0.0, 0.4), -rng.uniform(0.6, 0.8)]
    )
    opening /= np.linalg.norm(opening)
    liner = float(rng.uniform(-80, 150)) if rng.random() < 0.8 else float(rng.uniform(2200, 3200))
    if rng.random() < 0.25:  # polyethylene in cement
        cement = Ball(centre, outer + rng.uniform(0, 2), outer - 3, opening)
        return [
            Part(Ball(centre, outer - 2, ball, opening), liner if liner < 500 else 20.0),
            Part(cement, float(rng.uniform(1200, 2500))),
        ]
    name, hu = metal(rng, "titanium", "titanium", "cobalt")
    wall = rng.uniform(2.5, 4.0)
    parts = [
        Part(Ball(centre, outer - wall + 0.5, ball, opening), liner),
        Part(Ball(centre, outer, outer - wall, opening), hu, name),
    ]
    for _ in range(int(rng.integers(0, 3))):
        toward = np.array([-side * rng.uniform(-0.2, 0.6), rng.uniform(-0.1, 0.6), 1.0])
        toward /= np.linalg.norm(toward)
        path = centre + np.outer([outer - 3, outer + rng.uniform(15, 40)], toward)
        parts.append(Part(Rod(path, np.array([3.0, 2.5])), hu, name))
    return parts


def _to_head(rng: np.random.Generator, canal: Canal) -> tuple[np.ndarray, np.ndarray]:
    """Where a neck screw ends in the head, and where it leaves the lateral cortex."""
    frame = canal.frame
    deep = (
        frame.head - frame.neck * frame.head_radius * rng.uniform(0.2, 0.65) + rng.normal(0, 2, 3)
    )
    through = canal.at(float(rng.uniform(-12, 6)))
    way = (through - deep) / np.linalg.norm(through - deep)
    out = (canal.side_of(15) + rng.uniform(1, 5)) / max(float(way @ frame.lateral), 0.3)
    return deep, through + way * out


def nail(rng: np.random.Generator, canal: Canal) -> Operated:
    """A nail down the canal with a neck screw, one in three with a second, and a locking bolt."""
    name, hu = metal(rng, "titanium", "titanium", "steel")
    tip = float(min(rng.uniform(90, 210), canal.end))
    levels = [-rng.uniform(42, 58), 5.0, 25.0, 0.5 * (25 + tip), tip]
    wide = float(rng.uniform(5.5, 8.0))
    thin = [float(min(0.9 * canal.inner(level), rng.uniform(4.5, 6.5))) for level in levels[2:]]
    radii = np.array([wide, wide, *thin])
    parts = [Part(Rod(np.array([canal.at(level) for level in levels]), radii), hu, name)]
    deep, end = _to_head(rng, canal)
    parts.append(Part(Rod(np.array([deep, end]), np.full(2, rng.uniform(3.5, 5.5))), hu, name))
    if rng.random() < 0.33:
        shift = 11 * np.cross(end - deep, np.cross(canal.frame.down, canal.frame.lateral))
        shift /= np.linalg.norm(end - deep)
        parts.append(Part(Rod(np.array([deep, end]) + shift, np.full(2, 2.6)), hu, name))
    bolt = max(40.0, tip - rng.uniform(15, 30))
    across = canal.frame.lateral * (canal.side_of(bolt) + 3)
    path = np.array([canal.at(bolt) - across, canal.at(bolt) + across])
    parts.append(Part(Rod(path, np.full(2, 2.5)), hu, name))
    return Operated(tuple(parts))


def sliding_screw(rng: np.random.Generator, canal: Canal) -> Operated:
    """A sliding hip screw with its plate on the lateral cortex and bolts through the shaft."""
    name, hu = metal(rng, "steel", "steel", "titanium")
    frame = canal.frame
    deep, end = _to_head(rng, canal)
    thread = rng.uniform(3.5, 6.0)
    middle = deep + 0.45 * (end - deep)
    parts = [
        Part(Rod(np.array([deep, middle]), np.array([thread, thread])), hu, name),
        Part(Rod(np.array([middle, end]), np.full(2, rng.uniform(4.5, 6.5))), hu, name),
    ]
    length = float(min(rng.uniform(45, 150), canal.end - 5))
    thick = rng.uniform(2.0, 3.2)
    bolts = np.arange(15.0, max(length, 31.0), 16.0)
    ends = [end, *(canal.at(b) + frame.lateral * (canal.side_of(b) + thick) for b in bolts)]
    for a, b in pairwise(ends):
        along = (b - a) / np.linalg.norm(b - a)
        across = np.cross(along, frame.lateral)
        across /= np.linalg.norm(across)
        axes = np.array([along, across, np.cross(along, across)])
        half = np.array([np.linalg.norm(b - a) / 2 + 3, rng.uniform(7, 9), thick])
        parts.append(Part(Box((a + b) / 2, axes, half), hu, name))
    for level in bolts:
        reach = frame.lateral * (canal.side_of(level) + 2)
        path = np.array([canal.at(level) - reach, canal.at(level) + reach])
        parts.append(Part(Rod(path, np.full(2, 2.25)), hu, name))
    return Operated(tuple(parts))


def neck_screws(rng: np.random.Generator, canal: Canal) -> Operated:
    """Two or three parallel screws along the neck."""
    name, hu = metal(rng, "titanium", "steel")
    deep, end = _to_head(rng, canal)
    along = (end - deep) / np.linalg.norm(end - deep)
    first = np.cross(along, canal.frame.down)
    first /= np.linalg.norm(first)
    second = np.cross(along, first)
    parts = []
    for turn in np.arange(3)[: int(rng.integers(2, 4))] * 2.1 + rng.uniform(0, 2):
        shift = rng.uniform(5, 8) * (np.cos(turn) * first + np.sin(turn) * second)
        path = np.array([deep, end + along * rng.uniform(-2, 4)]) + shift
        parts.append(Part(Rod(path, np.full(2, rng.uniform(2.8, 3.8))), hu, name))
    return Operated(tuple(parts))


HIP: dict[str, Callable[[np.random.Generator, Canal], Operated]] = {
    "total hip": lambda rng, canal: arthroplasty(rng, canal, cup=True),
    "hemiarthroplasty": lambda rng, canal: arthroplasty(rng, canal, cup=False),
    "nail": nail,
    "sliding hip screw": sliding_screw,
    "neck screws": neck_screws,
}
"""Implants of one hip."""


def implanted(anatomy: Anatomy, side: Side, kind: str, rng: np.random.Generator) -> Anatomy:
    """The anatomy after an operation (a key of HIP) on one side.

    A femur in pieces keeps its implant where the piece with the head has it.
    """
    done = HIP[kind](rng, canal_of(anatomy.femurs[side]))
    bones = []
    for bone in anatomy.bones:
        more: tuple[Kept, ...] = ()
        if bone.kind == "femur" and bone.side is side:
            more = done.femur
        elif bone.kind == "pelvis":
            more = done.pelvis
        bones.append(replace(bone, cuts=bone.cuts + more))
    return with_parts(replace(anatomy, bones=tuple(bones)), done.parts, rng)


def with_parts(anatomy: Anatomy, parts: tuple[Part, ...], rng: np.random.Generator) -> Anatomy:
    """The anatomy with more parts, and a beam if there was none."""
    beam = anatomy.beam or draw_beam(
        rng, (float(rng.uniform(150, 230)), float(rng.uniform(95, 150)))
    )
    top = anatomy.top_hu if rng.random() < 0.7 else 15000
    return replace(anatomy, parts=anatomy.parts + parts, beam=beam, top_hu=top)
