"""All measurements of one femur, and the checks that its surfaces must pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from femurkit.anatomy import Side
from femurkit.image_checks.metal import metal_parts
from femurkit.locate.edges import LEAST_MM2, edges_of_mask
from femurkit.measure.area import end_area_mm2, surface_area_mm2
from femurkit.measure.checks import check, checks
from femurkit.measure.confidence import confidence, signs_of
from femurkit.measure.head_surface import head_signs
from femurkit.measure.hollow import OF_HOLLOW
from femurkit.measure.implant import REPLACED, facts, replaced, unmeasured
from femurkit.measure.length import visible_length_mm
from femurkit.measure.likeness import Likeness
from femurkit.measure.metal import metal_beside, metal_ml
from femurkit.measure.morphometry import morphometry
from femurkit.mesh import Mesh
from femurkit.solid import Plane, faces
from femurkit.surface.contour import genus, parts
from femurkit.surface.cortex import Cortex
from femurkit.surface.head import Head, fit_head
from femurkit.surface.implant import Implant
from femurkit.volume import Field, Mask, Volume

LEAST_METAL_ML = 0.1


def measure(
    side: Side,
    mask: Mask,
    periosteal: Mesh,
    hollow: Mesh | None = None,
    volume: Volume | None = None,
    *,
    probability: Field | None = None,
    cortex: Cortex | str | None = None,
    alike: Likeness | None = None,
    no_canal: str | None = None,
    implant: Implant | None = None,
    pieces: int = 1,
    head_undecided: float | None = None,
) -> dict[str, Any]:
    """Plain numbers for measurements.json; units are the endings of the names.

    mask on the scan's grid, surfaces in LPS mm; probability: what a network gave, on its box, for
    the confidence, which needs the volume too; cortex: of the periosteal surface, if it was sought;
    alike: how like a femur that surface is; no_canal: why the hollow surface is the solid one, if
    it is; implant: the metal at this femur, if there is any; pieces: of bone that are known;
    head_undecided: of the third pass (segment.joint.Refined), if it was made.
    What cannot be measured is None, and `not_measurable` says why; `standard_errors` holds those
    that are known. `checks` is a list of {code, passed, text}.
    """
    head = _head(periosteal, side, mask, volume)
    if implant is not None and replaced(head, implant):
        head = Head(None, None, None, REPLACED)
    length = visible_length_mm(periosteal)
    ends = faces(mask.grid)
    missing = {} if head.missing is None else {"head": head.missing}
    found: dict[str, Any] = {
        "side": side.value,
        "volume_ml": _rounded(periosteal.volume_mm3 / 1000),
        "mask_volume_ml": _rounded(mask.volume_ml),
        "surface_area_mm2": _rounded(surface_area_mm2(periosteal, ends), 1),
        "end_area_mm2": _rounded(end_area_mm2(periosteal, ends), 1),
        "visible_length_mm": _rounded(length, 1),
        "head_radius_mm": _rounded(head.radius_mm, 2),
        "head_fit_rms_mm": _rounded(head.rms_mm, 3),
        "head_centre_lps_mm": (
            None if head.centre_mm is None else [_rounded(x, 2) for x in head.centre_mm.tolist()]
        ),
    }
    if hollow is not None:
        found |= _of_hollow(periosteal, hollow, ends, opened=no_canal is None)
        missing |= {name: no_canal for name in OF_HOLLOW if no_canal is not None}
    if periosteal.is_watertight and parts(periosteal).max() == 0:
        found["handles"] = genus(periosteal)
    shape = morphometry(periosteal, side, head, cortex)
    found |= {name: _rounded(one.value, 2) for name, one in shape.items()}
    found["standard_errors"] = {
        name: _rounded(one.error, 2) for name, one in shape.items() if one.error is not None
    }
    missing |= {name: one.missing for name, one in shape.items() if one.missing is not None}
    if isinstance(cortex, Cortex):
        found["compact_bone_hu"] = _rounded(cortex.cortical_hu, 0)
        found["blur_sigma_mm"] = _rounded(cortex.sigma_mm, 2)
    if implant is not None:
        missing = unmeasured(missing)
        found |= facts(implant)
    found["not_measurable"] = missing
    opened = hollow if no_canal is None else None
    found["checks"] = checks(
        mask, periosteal, opened, length, whole=head.missing is None, pieces=pieces
    )
    if alike is not None:
        found["shape_distance_mm"] = _rounded(alike.apart.out_mm, 2)
        found["checks"].append(check("IS_A_FEMUR", alike.is_femur, alike.out_text))
        found["checks"].append(check("LIKE_A_FEMUR", alike.is_usual, alike.back_text))
        found["checks"].append(check("SIDE_AGREES", alike.side_agrees, alike.side_text))
    if volume is not None:
        metal = metal_ml(volume, mask)
        text = f"{metal:.1f} ml of metal in or beside the bone"
        none = "No metal in or beside the bone"
        found["checks"].append(check("NO_METAL", metal < LEAST_METAL_ML, none, text))
        beside = metal_beside(volume, mask, metal_parts(volume))
        found["checks"].append(
            check("NO_STREAKS", True, "No metal in the femur's slices")
            if beside is None
            else check("NO_STREAKS", not beside.reaches, beside.text)
        )
    if volume is not None and probability is not None:
        of_head, places = head_signs(periosteal, side, head, volume)
        if head_undecided is not None:
            of_head |= {"head_undecided": head_undecided}
        sure = confidence(signs_of(probability, mask, volume) | of_head, places=places)
        found["confidence"] = _rounded(sure.value, 2)
        found["checks"].append(check("CONFIDENT", not sure.low, sure.text))
    return found


def _head(periosteal: Mesh, side: Side, mask: Mask, volume: Volume | None) -> Head:
    """The head; why there is none says so where the scan ends in the bone above."""
    head = fit_head(periosteal, side)
    if head.missing is None or edges_of_mask(mask, volume).get("upper", 0.0) < LEAST_MM2:
        return head
    return replace(head, missing="the head is not wholly in the scan")


def _of_hollow(
    periosteal: Mesh, hollow: Mesh, ends: Sequence[Plane], *, opened: bool
) -> dict[str, Any]:
    """OF_HOLLOW and their values, None where no canal was opened."""
    if not opened:
        return dict.fromkeys(OF_HOLLOW)
    volumes = hollow.volume_mm3 / 1000, (periosteal.volume_mm3 - hollow.volume_mm3) / 1000
    area = _rounded(surface_area_mm2(hollow, ends), 1)
    return dict(zip(OF_HOLLOW, (*map(_rounded, volumes), area), strict=True))


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(float(value), digits)
