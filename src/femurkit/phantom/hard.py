"""Patients as hospitals have them and atlases do not: which kinds, how often, and how drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from femurkit.anatomy import Side
from femurkit.phantom.anatomy import Anatomy, draw_anatomy
from femurkit.phantom.fracture import KINDS as FRACTURES
from femurkit.phantom.fracture import fractured
from femurkit.phantom.implant import HIP, implanted
from femurkit.phantom.labelmaps import MappedBody
from femurkit.phantom.metal_nearby import NEARBY
from femurkit.phantom.person import Person
from femurkit.phantom.soft import DrawnBody, SoftTissue
from femurkit.phantom.turned import turned
from femurkit.phantom.unusual import child, dysplastic, paget, porotic, with_tumours, worn_out

SHARES = {
    "total hip": 0.09, "hemiarthroplasty": 0.06, "nail": 0.06, "sliding hip screw": 0.05,
    "neck screws": 0.05, "seeds": 0.02, "sacral screws": 0.03, "symphysis plate": 0.02,
    "neck": 0.06, "intertrochanteric": 0.06, "shaft": 0.06,
    "tumours": 0.06, "paget": 0.03, "porotic": 0.04, "child": 0.07, "large": 0.04,
    "dysplasia": 0.05, "arthritis": 0.06, "posture": 0.25, "plain": 0.02,
}  # fmt: skip
"""How often each kind of patient is drawn: weights, normalised to a sum of 1."""
METAL = (*HIP, *NEARBY)
CHILD, LARGE = Person("woman", 12, 35), Person("man", 55, 170)


@dataclass(frozen=True, eq=False)
class HardPatient:
    """An anatomy, what is unusual about it (a key of SHARES), and on which sides."""

    anatomy: Anatomy
    kind: str
    sides: tuple[Side, ...]


def draw_hard(
    rng: np.random.Generator, *, kind: str | None = None, tissue_maps: Path | None = None
) -> HardPatient:
    """Draw a patient of a kind (a key of SHARES), or of any.

    tissue_maps: as of draw_anatomy.
    """
    if kind is None:
        shares = np.array(list(SHARES.values()))
        kind = str(rng.choice(list(SHARES), p=shares / shares.sum()))
    person = {"child": CHILD, "large": LARGE}.get(kind)
    bent = kind == "posture"
    lent = tissue_maps if person is None and not bent else None
    anatomy = draw_anatomy(
        rng, tissue_maps=lent, map_bones=0.25 if lent else 0.0, person=person, any_posture=bent
    )
    if rng.random() < 0.35:
        anatomy = replace(anatomy, soft=_with_contrast(anatomy.soft, rng))
    if rng.random() < 0.15:
        anatomy = replace(anatomy, skin_back_mm=1e4)  # prone: the table is elsewhere
    both = rng.random() < 0.3
    sides = tuple(Side) if both else (Side.LEFT if rng.random() < 0.5 else Side.RIGHT,)
    if bent:
        return HardPatient(turned(anatomy, rng), kind, tuple(Side))
    if kind in NEARBY:
        return HardPatient(NEARBY[kind](anatomy, rng), kind, ())
    if kind in ("child", "large", "paget", "porotic", "plain"):
        of_all = {"child": child, "paget": paget, "porotic": porotic}
        anatomy = of_all[kind](anatomy, rng) if kind in of_all else anatomy
        return HardPatient(anatomy, kind, tuple(Side))
    for side in sides:
        anatomy = _one_side(anatomy, side, kind, rng)
    return HardPatient(anatomy, kind, sides)


def _one_side(anatomy: Anatomy, side: Side, kind: str, rng: np.random.Generator) -> Anatomy:
    """One hip of a kind."""
    if kind in FRACTURES:
        anatomy = fractured(anatomy, side, kind, rng)
        if rng.random() < 0.15:
            repair = {"neck": "neck screws", "intertrochanteric": "sliding hip screw"}
            anatomy = implanted(anatomy, side, repair.get(kind, "nail"), rng)
        return anatomy
    if kind in HIP:
        return implanted(anatomy, side, kind, rng)
    others = {"tumours": with_tumours, "dysplasia": dysplastic, "arthritis": worn_out}
    return others[kind](anatomy, side, rng)


def _with_contrast(soft: SoftTissue, rng: np.random.Generator) -> SoftTissue:
    """Contrast in bowel, bladder and vessels, each or not."""
    if not isinstance(soft, DrawnBody | MappedBody):
        return soft
    values, organs, vessels = soft.values, list(soft.organs), soft.vessels
    urine, bowel = float(rng.uniform(150, 1500)), float(rng.uniform(120, 900))
    if rng.random() < 0.6:
        organs = [(c, r, bowel if v == values.bowel else v) for c, r, v in organs]
        for _ in range(int(rng.integers(0, 8))):
            where = rng.uniform([-95, -70, 30], [95, 30, 220])
            organs.append((where, rng.uniform(8, 30, 3), bowel))
    if rng.random() < 0.4:
        organs = [(c, r, urine if v == values.urine else v) for c, r, v in organs]
    if rng.random() < 0.6:
        artery = float(rng.uniform(150, 450))
        vein = float(artery * rng.uniform(0.3, 1.1))
        vessels = [(p, r, artery if v == values.artery else vein) for p, r, v in vessels]
    return replace(soft, organs=organs, vessels=vessels)
