"""Shoulder blade and collar bone from simple solids."""

from __future__ import annotations

import numpy as np

from femurkit.phantom.bodyplan import BodyPlan
from femurkit.phantom.canvas import Ball, BoneStuff, Rod, Solid, rods


def across(along: np.ndarray, toward: np.ndarray) -> np.ndarray:
    """The direction at right angles to `along` that points most toward another, unit."""
    out = toward - along * (along @ toward)
    return np.asarray(out / max(float(np.linalg.norm(out)), 1e-6))


def scapula(
    plan: BodyPlan, shoulder: np.ndarray, side: float, rng: np.random.Generator, *, up: bool
) -> list[tuple[Solid, BoneStuff]]:
    """Shoulder blade with its socket, acromion and coracoid; and the collar bone."""
    stuff = BoneStuff(float(rng.uniform(150, 400)), 1050, 1.5).scaled(plan.mineral)
    radius = 25.0 * plan.wide
    socket = shoulder + np.array([-side * (radius + 8), 10, 0])
    tip = socket + np.array([-side * (0 if up else 28), 42, -118 * plan.tall])
    spine = socket + np.array([-side * 70, 62, 5])
    middle = (socket + tip + spine) / 3
    normal = np.cross(tip - socket, spine - socket)
    normal /= np.linalg.norm(normal)
    first = across(normal, tip - socket)
    turn = np.stack([first, np.cross(normal, first), normal])
    acromion = shoulder + np.array([side * 8, 10, radius + 16])
    parts: list[Rod | Ball] = [
        Ball(socket, np.array([11.0, 15.0, 19.0])),
        Ball(middle, np.array([62.0, 40.0, 4.0]) * plan.wide, turn),
        *rods([socket, (socket + tip) / 2 + [side * 4, 0, 0], tip], [10.0, 7.0, 5.0]),
        *rods([spine, (spine + acromion) / 2 + [0, 14, 6], acromion], [5.0, 7.0, 9.0]),
        *rods([socket + [0, -10, 14], socket + np.array([side * 6, -34, 18])], [8.0, 6.0]),
    ]
    inner = np.array([side * 20, 0, plan.height(518.0)])
    inner[1] = 18 - float(plan.outline(np.array([inner[2]]))[1][0])
    bow = (inner + acromion) / 2 + [0, -16, 0]
    clavicle = rods([inner, bow, acromion + [-side * 10, -10, -4]], [9.0, 6.5, 7.5])
    return [(parts, stuff), (clavicle, stuff.scaled(1.15))]
