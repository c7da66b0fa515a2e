"""Shoulders, arms and hands from simple solids, in the postures of patients on a CT table.

A humerus is a ball in a socket with a shaft, as a femur is: it must be told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from femurkit.phantom.bodyplan import BodyPlan
from femurkit.phantom.canvas import Ball, BoneStuff, Rod, Solid, rods
from femurkit.phantom.shoulder import across, scapula

Posture = Literal["down", "belly", "up", "absent"]


@dataclass(frozen=True, eq=False)
class Arm:
    """One arm: joints in LPS mm, and which bones and flesh belong to it.

    shoulder: centre of the humeral head. flesh: the skin's outline; bones: with what they are
    made of.
    """

    shoulder: np.ndarray
    elbow: np.ndarray
    wrist: np.ndarray
    flesh: Solid
    muscle: Solid
    bones: list[tuple[Solid, BoneStuff]]


def draw_posture(rng: np.random.Generator) -> tuple[Posture, Posture]:
    """Of the left and the right arm: mostly up, as for scans of the trunk, or both down."""
    kind = rng.random()
    if kind < 0.40:
        return "up", "up"
    if kind < 0.62:
        return "down", "down"
    if kind < 0.74:
        return "belly", "belly"
    if kind < 0.80:
        return "absent", "absent"
    either: list[Posture] = ["down", "up", "belly", "absent"]
    return either[rng.integers(4)], either[rng.integers(4)]


def draw_arm(plan: BodyPlan, side: float, posture: Posture, rng: np.random.Generator) -> Arm:
    """An arm and its shoulder blade; side: 1 left, -1 right. An absent one is a shoulder only."""
    up = posture == "up"
    width = float(plan.outline(np.array([plan.height(530.0)]))[0][0])
    spine = plan.spine_y(plan.height(540.0))
    shoulder = np.array([
        side * (width - (22 if up else 2)) + side * rng.normal(0, 6),
        spine - 35 + rng.normal(0, 12),
        plan.height(548.0) + (rng.uniform(15, 45) if up else rng.normal(0, 8)),
    ])  # fmt: skip
    upper, lower = 255 * plan.tall * rng.uniform(0.93, 1.05), 235 * plan.tall
    along, fore = _directions(posture, side, rng)
    elbow = shoulder + along * upper
    wrist = elbow + fore * lower
    if posture == "down":
        wrist[1] = np.clip(wrist[1], -70, 90)
    mineral = plan.mineral
    bones = scapula(plan, shoulder, side, rng, up=up)
    stout = float(rng.uniform(28, 46)) + 0.35 * plan.fat_mm
    flesh: list[Rod | Ball] = [Ball(shoulder, np.full(3, stout + 16))]
    muscle: list[Rod | Ball] = [Ball(shoulder + along * 12, np.full(3, 42 * plan.wide))]
    if posture != "absent":
        head = _humerus(shoulder, elbow, along, fore, side, plan, rng)
        bones += [(part, stuff.scaled(0.4 + 0.6 * mineral)) for part, stuff in head]
        bones += _forearm(elbow, wrist, plan, rng)
        bones += _hand(wrist, fore, side, plan, rng)
        flesh += [Rod(shoulder, elbow, stout + 12, stout), Rod(elbow, wrist, stout, 27.0)]
        palm = wrist + fore * 70
        flesh += [Ball(palm, np.array([46.0, 30.0, 85.0]))]
        flesh += [Ball(wrist + fore * 150, np.array([38.0, 22.0, 50.0]))]
        muscle += [
            Rod(shoulder, elbow, 36, 30),
            Rod(elbow, wrist, 32, 20),
            Ball(palm, np.array([30.0, 16, 50])),
        ]
    return Arm(shoulder, elbow, wrist, flesh, muscle, bones)


def _directions(
    posture: Posture, side: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors of the upper arm and the forearm."""
    if posture == "up":
        out = np.radians(rng.uniform(8, 75))
        along = np.array([side * np.sin(out), rng.uniform(-0.5, 0.25), np.cos(out)])
        fore = np.array(
            [-side * rng.uniform(-0.2, 1.0), rng.uniform(-0.6, 0.1), rng.uniform(0, 0.9)]
        )
    elif posture == "belly":
        along = np.array([side * rng.uniform(0.1, 0.4), rng.uniform(-0.25, 0.15), -1.0])
        fore = np.array(
            [-side * rng.uniform(0.5, 1.1), -rng.uniform(0.2, 0.9), -rng.uniform(-0.2, 0.7)]
        )
    else:
        along = np.array([side * rng.uniform(0.1, 0.32), rng.uniform(-0.1, 0.15), -1.0])
        fore = np.array([side * rng.uniform(-0.32, 0.12), rng.uniform(-0.3, 0.1), -1.0])
    return along / np.linalg.norm(along), fore / np.linalg.norm(fore)


def _humerus(
    shoulder: np.ndarray,
    elbow: np.ndarray,
    along: np.ndarray,
    fore: np.ndarray,
    side: float,
    plan: BodyPlan,
    rng: np.random.Generator,
) -> list[tuple[Solid, BoneStuff]]:
    """Head, tuberosity, shaft and condyles; much like a small femur."""
    radius = float(rng.uniform(19.5, 27.0)) * plan.wide
    inward = across(along, np.array([-side, 0.45, 0.25]))
    start = shoulder - inward * rng.uniform(12, 20) + along * rng.uniform(14, 24)
    inner = float(rng.uniform(80, 420))
    trabecular = BoneStuff(inner, float(rng.uniform(500, 1100)), float(rng.uniform(0.6, 1.6)))
    knob = start - inward * 10 - along * 14
    upper: Solid = [
        Ball(shoulder, np.full(3, radius)),
        Rod(start - along * 8, start + along * 45, radius * 0.85, 13.5),
        Ball(knob, np.full(3, 14.0)),
    ]
    shaft = Rod(start + along * 35, elbow - along * 30, 12.5, 11.0)
    wing = across(along, np.cross(along, fore) + 1e-3)
    condyles = [
        Rod(elbow - along * 55, elbow - along * 8, 11.0, 14.0),
        Rod(elbow - wing * 22, elbow + wing * 22, 11.0, 11.0),
    ]
    return [
        ([shaft], BoneStuff(float(rng.uniform(-60, 40)), 1350, float(rng.uniform(2.5, 5)))),
        (upper, trabecular),
        (condyles, BoneStuff(180, 900, 1.5)),
    ]


def _forearm(
    elbow: np.ndarray, wrist: np.ndarray, plan: BodyPlan, rng: np.random.Generator
) -> list[tuple[Solid, BoneStuff]]:
    """Radius and ulna."""
    along = (wrist - elbow) / np.linalg.norm(wrist - elbow)
    apart = across(along, rng.normal(0, 1, 3)) * 11.0
    stuff = BoneStuff(120, 1250, 2.2).scaled(0.4 + 0.6 * plan.mineral)
    ulna = rods(
        [elbow - along * 16 - apart, elbow + along * 25 - apart, wrist - apart], [12.0, 8.5, 6.0]
    )
    radius = rods(
        [
            elbow + along * 12 + apart,
            elbow + along * 40 + apart,
            wrist - along * 28 + apart,
            wrist + apart * 0.6,
        ],
        [9.5, 7.0, 8.0, 14.0],
    )
    return [(ulna, stuff), (radius, stuff)]


def _hand(
    wrist: np.ndarray, fore: np.ndarray, side: float, plan: BodyPlan, rng: np.random.Generator
) -> list[tuple[Solid, BoneStuff]]:
    """Carpal bones and five rays, more or less curled."""
    wide = across(fore, rng.normal(0, 1, 3) + [0, 2.0, 0])
    palm = np.cross(fore, wide)
    stuff = BoneStuff(250, 900, 1.2).scaled(0.4 + 0.6 * plan.mineral)
    carpals = [
        Ball(wrist + fore * (8 + 14 * row) + wide * 11 * (c - 1.5), np.full(3, 8.0))
        for row in range(2)
        for c in range(4)
    ]
    curl = rng.uniform(0, 0.9)
    rays: list[Rod] = []
    for finger in range(5):
        at = wrist + fore * 30 + wide * 11 * (finger - 2)
        way = fore + wide * 0.16 * (finger - 2) * (2.2 if finger == 4 else 1)
        for length, thick in ((52, 5.0), (34, 4.5), (22, 4.0), (15, 3.5)):
            way = way / np.linalg.norm(way)
            rays.append(Rod(at, at + way * length * plan.tall, thick, thick * 0.85))
            at = at + way * (length * plan.tall + 5)
            way = way + palm * curl
    return [(carpals, stuff), (rays, stuff)]
