"""One synthetic patient before any scan: bones in place, soft tissue around them, what each is
made of.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from femurkit.anatomy import Side
from femurkit.mesh import Mesh
from femurkit.phantom.bone_hu import BoneHu, draw_bone_hu
from femurkit.phantom.brush import Ellipsoid
from femurkit.phantom.cortex import with_cortex
from femurkit.phantom.joint import Joint, draw_joint, in_any_posture
from femurkit.phantom.labelmaps import LabelMap, MappedBody, label_maps
from femurkit.phantom.part import Part
from femurkit.phantom.person import Person
from femurkit.phantom.pose import assembled, draw_warp, posed_frame
from femurkit.phantom.shapes import MIRROR, Bone
from femurkit.phantom.soft import SoftTissue, draw_body, draw_soft_hu
from femurkit.phantom.spine import spine_above
from femurkit.phantom.streaks import Beam


@dataclass(frozen=True, eq=False)
class Anatomy:
    """Everything a scanner sees. Space is LPS mm with the midpoint of the hip centres at the
    origin.
    """

    bones: tuple[Bone, ...]
    soft: SoftTissue
    bone_hu: BoneHu
    skin_back_mm: float
    """LPS y of the lowest skin: where the table begins."""
    seed: int
    parts: tuple[Part, ...] = ()
    """What lies in and on the bones: implants, cement, growth plates, tumours."""
    beam: Beam | None = None
    """How the scan meets the metal among them."""
    top_hu: int = 3071
    """Where the scanner's scale ends."""

    @property
    def femurs(self) -> dict[Side, Bone]:
        """The femurs present."""
        return {b.side: b for b in self.bones if b.kind == "femur" and b.side is not None}


def draw_anatomy(
    rng: np.random.Generator,
    *,
    tissue_maps: Path | None = None,
    map_bones: float = 0.0,
    missing: Side | None = None,
    person: Person | None = None,
    any_posture: bool = False,
) -> Anatomy:
    """Draw a patient: a given person, or anybody.

    tissue_maps: folder of label maps for real muscles and skin (see labelmaps.py), used half of
    the time; map_bones: share of patients that take their bones from there as well. any_posture:
    whether the legs may be bent, spread or turned, which no label map shows.
    """
    porosity = person.porosity(rng) if person else float(rng.beta(1.3, 1.1))
    worn = {s: float(rng.uniform(0.3, 1.0)) if rng.random() < 0.35 else 0.0 for s in Side}
    maps = label_maps(tissue_maps) if tissue_maps else []
    chosen = (
        maps[int(rng.integers(len(maps)))] if maps and rng.random() < max(0.5, map_bones) else None
    )
    values = draw_soft_hu(rng)
    if chosen is not None and rng.random() < map_bones / max(0.5, map_bones):
        place, bones = _bones_from_map(chosen, rng)
    else:
        size = person.size(rng) if person else None

        def joints() -> dict[Side, Joint]:
            lying = {s: draw_joint(rng, worn[s]) for s in Side}
            return {s: in_any_posture(j, rng) for s, j in lying.items()} if any_posture else lying

        bones = assembled(rng, joints, size=size)
        pelvis = next(b.mesh for b in bones if b.kind == "pelvis")
        bones.append(spine_above(pelvis, rng))
        place = _fit_map(chosen, bones, rng) if chosen else np.eye(4)
    thin = 1 - 0.45 * porosity
    bones = [replace(b, thickness_mm=b.thickness_mm * (thin + 0.2)) for b in bones]
    drawn = draw_body(rng, bones, values, fat_mm=person.fat_mm(rng) if person else None)
    capsules = _capsules(rng, bones)
    soft: SoftTissue = replace(drawn, organs=drawn.organs + capsules)
    back = float(drawn.torso[2])
    if chosen is not None:
        soft = MappedBody(
            chosen, place, values, drawn.organs, capsules, drawn.vessels, int(rng.integers(2**31))
        )
        rows = np.flatnonzero(chosen.body.any(axis=(0, 2)))
        back = float((place @ np.append(chosen.grid.to_world([0, rows[-1], 0]), 1.0))[1])
    hu = draw_bone_hu(rng, porosity)
    hu = replace(hu, sclerosis=250.0 * max(worn.values()), cysts=_cysts(rng, bones, worn))
    kept = tuple(b for b in bones if b.side is None or b.side is not missing)
    return Anatomy(kept, soft, hu, back, int(rng.integers(2**31)))


def _bones_from_map(source: LabelMap, rng: np.random.Generator) -> tuple[np.ndarray, list[Bone]]:
    """A real patient's bones, stretched, turned and warped a little, perhaps seen in a mirror."""
    turn = Rotation.from_euler("xyz", rng.normal(0, [5, 3, 4]), degrees=True).as_matrix()
    place = np.eye(4)
    place[:3, :3] = turn @ np.diag(rng.uniform(0.9, 1.1) * rng.uniform(0.95, 1.05, 3))
    if rng.random() < 0.5:
        place = place @ MIRROR
    warp = draw_warp(rng, amplitude_mm=float(rng.uniform(0.5, 2.5)))
    out = []
    for bone in source.bones:
        moved = bone.moved(place)
        moved = replace(moved, mesh=Mesh(warp(moved.mesh.vertices), moved.mesh.faces))
        if moved.kind == "femur":
            moved = replace(moved, frame=posed_frame(moved))
        out.append(with_cortex(moved, rng))
    return place, out


def _fit_map(source: LabelMap, bones: list[Bone], rng: np.random.Generator) -> np.ndarray:
    """Map that lays a label map's hips over the drawn ones, with some play."""

    def width(parts: list[Bone]) -> float:
        heads = [b.frame.head for b in parts if b.frame is not None]
        return float(np.linalg.norm(heads[0] - heads[1]))

    scale = width(bones) / width(list(source.bones)) * rng.uniform(0.95, 1.08)
    place = np.eye(4)
    place[:3, :3] *= scale
    place[:3, 3] = rng.normal(0, 4, 3)
    return place


def _capsules(rng: np.random.Generator, bones: list[Bone]) -> list[Ellipsoid]:
    """Cartilage, capsule and fluid around each femoral head: the joint gap is never fat."""
    out: list[Ellipsoid] = []
    for frame in [b.frame for b in bones if b.frame is not None]:
        radii = np.full(3, frame.head_radius + rng.uniform(4, 8))
        out.append((frame.head + 4 * frame.neck, radii, float(rng.uniform(50, 110))))
    return out


def _cysts(
    rng: np.random.Generator, bones: list[Bone], worn: dict[Side, float]
) -> list[tuple[np.ndarray, float]]:
    """Subchondral cysts on both sides of a worn joint."""
    out = []
    for bone in bones:
        if bone.kind != "femur" or bone.frame is None or bone.side is None:
            continue
        for _ in range(int(rng.poisson(2.5 * worn[bone.side]))):
            toward = rng.normal(0, 1, 3) * [0.6, 0.6, 0.2] + [0, 0, 1]
            toward /= np.linalg.norm(toward)
            reach = bone.frame.head_radius * rng.choice([0.72, 1.3])
            out.append((bone.frame.head + toward * reach, float(rng.uniform(1.5, 5))))
    return out
