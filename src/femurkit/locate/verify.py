"""Whether a candidate is a proximal femur: drawn by the fine network, held against the shape model,
and looked at for the socket that a femoral head lies in.

Limits were set on the scans of docs/results/real.md and on synthetic trunks; what they saw stands
beside each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from femurkit.anatomy import Side
from femurkit.bones.likeness import Apart, FemurFit, fit_femur, in_body
from femurkit.errors import DegenerateShape
from femurkit.geometry import Grid, resample
from femurkit.locate.candidates import Candidate
from femurkit.locate.landmarks import Landmarks, landmarks_of
from femurkit.locate.socket import socket_share
from femurkit.mesh import Mesh
from femurkit.segment.weights import Network
from femurkit.segment.whole import predict_whole
from femurkit.solid import Plane, cut, faces
from femurkit.surface.breaks import breaks_in
from femurkit.surface.contour import contour, largest_part
from femurkit.surface.implant import Implant, ends, implant_of, with_implant
from femurkit.surface.islands import keep_largest
from femurkit.volume import Field, Volume

MARGIN_MM = 15.0
"""Around what the coarse pass marked."""
MIN_FEMUR_ML, MIN_LENGTH_MM = 8.0, 25.0
"""Less is a fragment that nothing can be measured on, or no femur."""
MAX_OUT_MM, MAX_SUM_MM = 4.6, 8.5
"""Distance to the nearest femur of the shape model, and that plus the distance back, where the scan
does not show whether the head has a socket. Real hips, cut off, with a nail or a tumour: up to 4.4
and 6.0 mm. Kidneys, vertebrae, knees, shoulders and iliac wings: 3.9 mm and more; those within
4.6 mm, together 11.7 mm and more."""
MIN_BROKEN_MM = 120.0
"""Of a shorter candidate no part is fitted by itself; one with a broken neck fits as it is."""
END_MM = 20.0
"""So much of the lower end is cut away where the network draws the shaft no farther, though the
scan goes on: it is rounded there."""
SURE_SUM_MM = 4.0
"""Nothing but a proximal femur came as near."""
SOCKET_CLEAR, MAX_OUT_IN_SOCKET_MM, MAX_SUM_IN_SOCKET_MM = 0.7, 5.0, 12.0
"""A head in a clear socket (see MIN_SOCKET) vouches for a femur that is larger than those of the
model, or not drawn in full: hips enlarged by a fifth, 4.5 and 9 mm. An empty socket, as after the
removal of a femur, holds soft tissue of a head's shape: 2.4 and, together, 32 mm."""
MAX_OUT_DOUBTFUL_MM, SHORT_MM = 3.6, 50.0
"""With a socket between MIN_SOCKET and SOCKET_CLEAR, and for whatever is shorter than SHORT_MM,
which fits many shapes. A hip whose roof the scan cuts off, turned and made fainter, had a socket of
0.53 and 3.3 mm; a piece of sacrum 42 mm high 0.62 and 4.2 mm; the plateau of a tibia 26 mm high,
below its condyles, 0.79 and 4.9 mm."""
LEAST_STEM_ML = 5.0
"""With so much metal in the bone its head may have been replaced, or lie hidden in streaks: what is
missing of it is not asked for."""
MIN_BONE_HU, BONE_PERCENTILE = 150.0, 90
"""What is drawn must hold bone. Real hips, without a shaft and on 3 mm voxels, reach 350 HU there;
soft tissue in an empty socket 105 HU."""
MAX_ABOVE_RADII = 2.4
"""How far above what is drawn the head of the model may lie, in its radii. Scans with the lesser
trochanter and no head had up to 1.7; scans of the thigh below it 2.6 and more."""
HEADLESS_RADII, MAX_SUM_HEADLESS_MM = 0.5, 5.5
"""A femur whose head lies that far above what is drawn must fit this well, both distances together,
since a shaft fits many bones. Real ones 3.6 mm at most; shafts of bent legs 7.5 mm and more."""
MIN_SOCKET = 0.45
"""Share of the directions from the head into the pelvis in which there is bone. Hips had 0.8 and
more where the scan shows the surroundings; shoulders up to 0.3. A femur that fits surely needs no
socket: it may be dislocated, or lie alone on a table."""


@dataclass(frozen=True, eq=False)
class Verified:
    """What was found at a candidate that is a femur.

    probability: of femur, on the box of the fine network; low, high: LPS bounds, mm, of what it
    draws. apart: from the nearest femur of the shape model; socket: see socket_share(), None where
    the scan does not show it. implant: the metal at the femur, if there is any.
    """

    side: Side
    candidate: Candidate
    probability: Field
    low: np.ndarray
    high: np.ndarray
    apart: Apart
    landmarks: Landmarks
    socket: float | None
    implant: Implant | None

    @property
    def score(self) -> float:
        """How well it fits: 0 at the limit of what is accepted, 1 for a femur that fits within
        SURE_SUM_MM and has its socket; a tenth is for being accepted at all.
        """
        spare = MAX_SUM_MM - self.apart.out_mm - self.apart.back_mm
        fit = float(np.clip(spare / (MAX_SUM_MM - SURE_SUM_MM), 0, 1))
        socket = 0.5 if self.socket is None else min(1.0, self.socket)
        return 0.1 + 0.9 * fit * (0.5 + 0.5 * socket)

    @property
    def sure(self) -> bool:
        """Whether it fits so well that nothing but a proximal femur can be meant."""
        return self.apart.out_mm + self.apart.back_mm <= SURE_SUM_MM


@dataclass(frozen=True)
class Rejected:
    """Why a candidate is no femur, as a clause without a full stop."""

    side: Side
    reason: str


def verify(
    candidate: Candidate, side: Side, volume: Volume, network: Network
) -> Verified | Rejected:
    """Look at one candidate as a femur of one side. network: the shipped fine one."""
    if not _in_scan(candidate, volume.grid):
        return Rejected(side, "the scan does not show that place")
    box = box_around(candidate.low, candidate.high, volume.grid, side, network)
    probability = predict_whole(volume, box, network=network)
    implant = implant_of(probability, volume)
    bone = probability if implant is None else with_implant(probability, implant)
    femur = keep_largest(bone.array >= 0.5)
    volume_ml = float(np.count_nonzero(femur)) * box.voxel_mm3 / 1000
    if volume_ml < MIN_FEMUR_ML:
        return Rejected(side, f"the network draws {volume_ml:.0f} ml of femur there")
    hu = resample(volume.array, volume.grid, bone.grid)[femur]
    if np.percentile(hu, BONE_PERCENTILE) < MIN_BONE_HU:
        return Rejected(side, "what the network draws there holds no bone")
    drawn = np.where(femur, bone.array, np.minimum(bone.array, np.float32(0.49)))
    planes = faces(volume.grid) if implant is None else (*faces(volume.grid), *ends(implant, side))
    try:
        surface = cut(largest_part(contour(Field(drawn, probability.grid))), planes)
    except DegenerateShape:
        return Rejected(side, "what the network draws there has no closed surface")
    low, high = surface.vertices.min(0), surface.vertices.max(0)
    length = high[2] - low[2]
    if length < MIN_LENGTH_MM:
        return Rejected(side, f"what the network draws there is {length:.0f} mm long")
    fit = fit_femur(surface, side, planes, shown=in_body(volume))
    if not _fits(fit.apart) and length >= MIN_BROKEN_MM:
        fit = _fit_of_part(surface, side, planes, volume) or fit
    out, back = fit.apart.out_mm, fit.apart.back_mm
    if fit.vertices is None:
        return Rejected(side, "it is too small to lay a femur over")
    landmarks = landmarks_of(fit.vertices)
    socket = socket_share(volume, landmarks, side)
    max_out, max_sum = _limits(socket, length)
    if implant is not None and implant.within_ml >= LEAST_STEM_ML and out <= MAX_OUT_DOUBTFUL_MM:
        max_sum = np.inf
    if out > max_out:
        return Rejected(
            side,
            "it does not have the shape of a femur (the closest match lies "
            f"{out:.1f} mm away; limit {max_out} mm)",
        )
    if out + back > max_sum:
        return Rejected(side, "too little of it has the shape of a femur")
    above = (landmarks.head[2] - high[2]) / landmarks.head_radius_mm
    if above > MAX_ABOVE_RADII or (above > HEADLESS_RADII and out + back > MAX_SUM_HEADLESS_MM):
        shown = landmarks.head[2] <= volume.grid.bounds_mm()[1][2]
        where = "is drawn there" if shown else "is in the scan"
        return Rejected(side, f"only the shaft of a femur {where}")
    return Verified(side, candidate, probability, low, high, fit.apart, landmarks, socket, implant)


def _in_scan(candidate: Candidate, scan: Grid) -> bool:
    low, high = scan.bounds_mm()
    return bool((candidate.low < high).all() and (candidate.high > low).all())


def _limits(socket: float | None, length_mm: float) -> tuple[float, float]:
    """Greatest distance to the nearest femur, and greatest sum of both distances, mm."""
    if socket is not None and socket < MIN_SOCKET:
        return SURE_SUM_MM, SURE_SUM_MM
    if length_mm < SHORT_MM or (socket is not None and socket < SOCKET_CLEAR):
        return MAX_OUT_DOUBTFUL_MM, MAX_SUM_MM
    if socket is None:
        return MAX_OUT_MM, MAX_SUM_MM
    return MAX_OUT_IN_SOCKET_MM, MAX_SUM_IN_SOCKET_MM


def _fits(apart: Apart) -> bool:
    return apart.out_mm <= MAX_OUT_MM and apart.out_mm + apart.back_mm <= MAX_SUM_MM


def _fit_of_part(
    surface: Mesh, side: Side, planes: Sequence[Plane], volume: Volume
) -> FemurFit | None:
    """The fit of a part of the surface: all of a shaft that ends too early, or the larger part of
    what looks like a broken femur. None if no part is surely a femur's with its head in a clear
    socket: the shaft of a humerus or a tibia alone fits that of a femur.
    """
    try:
        breaks = breaks_in(surface, side, planes)
    except DegenerateShape:
        breaks = ()
    for kept in (_above_end(surface), *(found.kept for found in breaks)):
        try:
            rest = cut(surface, [kept])
            part = fit_femur(rest, side, (*planes, kept), shown=in_body(volume))
        except DegenerateShape:  # nothing is left on that side
            continue
        if part.vertices is None or part.apart.out_mm + part.apart.back_mm > SURE_SUM_MM:
            continue
        socket = socket_share(volume, landmarks_of(part.vertices), side)
        if socket is not None and socket >= SOCKET_CLEAR:
            return part
    return None


def _above_end(surface: Mesh) -> Plane:
    """Clear of the lower end of a surface: what the model has below is not asked for."""
    low = surface.vertices[surface.vertices[:, 2].argmin()]
    up = np.array([0.0, 0.0, 1.0])
    return Plane(low + END_MM * up, up)


def box_around(low: np.ndarray, high: np.ndarray, scan: Grid, side: Side, network: Network) -> Grid:
    """Canonical box for a network around LPS bounds: with a margin, within the scan, rounded up to
    what the network takes.
    """
    scan_low, scan_high = scan.bounds_mm()
    step = network.spacing_mm
    start, stop = np.maximum(low - MARGIN_MM, scan_low), np.minimum(high + MARGIN_MM, scan_high)
    shape = np.ceil((stop - start)[::-1] / step).astype(int) + 1
    shape += -shape % network.steps
    spare = shape[::-1] * step - (stop - start)
    z, y, x = (int(n) for n in shape)
    corner = start - spare / 2 + step / 2
    if side is Side.RIGHT:
        corner[0] = stop[0] + spare[0] / 2 - step / 2
    return Grid.aligned((z, y, x), (step,) * 3, corner, mirrored=side is Side.RIGHT)
