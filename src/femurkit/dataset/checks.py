"""Whether labels belong to their CT: of the same patient, on its femurs, on the right side.

Each check raises the refusal that its docstring names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from scipy import ndimage

from femurkit.anatomy import Side
from femurkit.dataset.sides import centre_mm
from femurkit.dicom.reference import Reference
from femurkit.errors import EmptyLabels, LabelsElsewhere, MirroredLabels, WrongPatient
from femurkit.geometry import Grid
from femurkit.locate.hip import Hip
from femurkit.volume import Volume

BONE_HU = 150
"""Most cortical bone lies above at any age; marrow within it is filled slice by slice."""
STEP_MM = 2.0
"""Fine enough to tell bone from what lies beside it."""
LEAST_ON_BONE = 0.4
"""Share of the label on bone. Right labels: 0.95 and more on phantoms and pelvic-ref-002, 0.70 by a
model on thin bone (TotalSegmentator's example); turned round: below 0.6, mostly below 0.3."""
DOUBTFUL_ON_BONE = 0.65
"""A note says so below it."""
CLEARLY_BETTER = 0.05
"""By so much more of the label must lie on bone when turned round. Right labels lie on less then,
by 0.07 at least: hips that are each other's mirror image (as above) are the nearest to it."""
AXES = ("slices", "rows", "columns")


def same_patient(labels: Reference | None, ct: Reference | None) -> None:
    """WrongPatient unless patient and frame of reference agree, as far as both headers tell."""
    if labels is None or ct is None:
        return
    if labels.patient_id and ct.patient_id and labels.patient_id != ct.patient_id:
        raise WrongPatient(
            "labels whose PatientID is not that of the CT",
            expected="labels drawn on this CT",
            remedy="Name the labels of this patient.",
        )
    if labels.frame_uid and ct.frame_uid and labels.frame_uid != ct.frame_uid:
        raise WrongPatient(
            "labels of another frame of reference than the CT",
            expected="labels drawn on this CT",
            remedy="Name the series that they were drawn on, or export them as NIfTI.",
        )


def not_empty(labels: np.ndarray, annotated: Mapping[Side, np.ndarray]) -> None:
    """EmptyLabels if no voxel is labelled, or none in the annotated slices."""
    if not labels.any():
        raise EmptyLabels(
            "labels without a single voxel",
            expected="at least one femur",
            remedy="Save the labels again, or leave labels and annotated empty.",
        )
    told = np.any([annotated[side] for side in Side], axis=0)
    if not labels[told].any():
        raise EmptyLabels(
            f"no label in the {np.count_nonzero(told)} annotated slices",
            expected="femur in at least one of them",
            remedy="Slices count from 0 along the slice normal; mend the column annotated.",
        )


def on_bone(labels: np.ndarray, volume: Volume) -> tuple[str, ...]:
    """MirroredLabels if the labels lie on bone once turned round, LabelsElsewhere if they do not
    lie on bone at all; a note where it is doubtful.

    labels: (z, y, x) uint8 on the volume's grid. Turned round are the array's own axes, one or
    several, as a converter that forgets a direction does.
    """
    steps = tuple(slice(None, None, max(1, int(STEP_MM // s))) for s in volume.grid.spacing_mm)
    femur, hu = labels[steps] > 0, volume.array[steps]
    if not femur.any():
        return ()
    bone = np.stack([ndimage.binary_fill_holes(picture > BONE_HU) for picture in hu])
    here = float(bone[femur].mean())
    turned = {
        axes: float(bone[np.flip(femur, axes)].mean())
        for count in (1, 2, 3)
        for axes in combinations(range(3), count)
    }
    best = max(turned, key=lambda axes: turned[axes])
    if turned[best] > here + CLEARLY_BETTER and turned[best] >= LEAST_ON_BONE:
        raise MirroredLabels(
            f"{here:.0%} of the label on bone, {turned[best]:.0%} when its "
            f"{' and '.join(AXES[axis] for axis in best)} run the other way",
            expected="labels that run as the CT does",
            remedy="Export them with their geometry, or turn them round.",
        )
    if here < LEAST_ON_BONE:
        raise LabelsElsewhere(
            f"{here:.0%} of the label on bone",
            expected=f"at least {LEAST_ON_BONE:.0%}",
            remedy="Name the CT that the labels were drawn on.",
        )
    if here < DOUBTFUL_ON_BONE:
        return (f"only {here:.0%} of the label lies on bone: look whether it fits the CT",)
    return ()


def sides_right(labels: np.ndarray, grid: Grid, hips: Sequence[Hip]) -> None:
    """MirroredLabels if what is called left lies to the patient's right of what is called right,
    or if the only side that is labelled lies at the other hip.
    """
    x_mm = {}
    for side in Side:
        at = np.argwhere(labels == side.label)
        if len(at):
            x_mm[side] = float(grid.to_world(at.mean(0))[0])
    if len(x_mm) == 2:
        exchanged = x_mm[Side.LEFT] < x_mm[Side.RIGHT]
    elif len(hips) == 2 and x_mm:
        ((side, place),) = x_mm.items()
        nearest = min(hips, key=lambda hip: abs(float(centre_mm(hip)[0]) - place))
        exchanged = nearest.side is not side
    else:
        return
    if exchanged:
        raise MirroredLabels(
            "left and right exchanged",
            expected="1 on the patient's left femur, which is right in a picture, and 2 on the "
            "right one",
            remedy="Exchange the two labels, or their names.",
        )
