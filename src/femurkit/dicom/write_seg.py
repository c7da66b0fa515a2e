"""Both femurs, and implants in them, as one DICOM Segmentation object, through highdicom."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np
from pydicom import Dataset
from pydicom.uid import generate_uid
from pydicom.valuerep import DSfloat

from femurkit.anatomy import (
    ANATOMICAL_STRUCTURE,
    FEMUR,
    IMPLANT,
    LATERALITY,
    PHYSICAL_OBJECT,
    Code,
    Side,
)
from femurkit.dicom.anonymize import mark
from femurkit.dicom.common import coded, file_meta, quiet
from femurkit.dicom.headers import numbers, sound
from femurkit.dicom.read import CtSeries
from femurkit.volume import Mask

Kind = Literal["femur", "implant"]
ARTIFICIAL_INTELLIGENCE = Code("123109", "DCM", "Artificial Intelligence")
SERIES_NUMBER = 9000
"""The segmented CT series follow: 9001 left, 9002 right."""


@quiet()
def write_seg(
    series: CtSeries,
    masks: Mapping[Side, Mask],
    path: Path,
    *,
    weights_hash: str,
    version: str,
    implants: Mapping[Side, Mask] | None = None,
) -> None:
    """Write the femurs found, one binary segment each, left first, on the slices of the series.

    masks: on the grid of the series, one or both sides, none empty. weights_hash: of the network
    that drew them, kept as a parameter of the algorithm. version: of femurkit. implants: a segment
    each behind those of the femurs, which they may overlap. Same input, same UIDs. Frames without
    a segment are left out. Source: PS3.3 A.51; CID 7150, 7151, 244.
    """
    from highdicom import PixelMeasuresSequence
    from highdicom.seg import Segmentation

    segments = _segments(series, masks, implants or {})
    arrays = [mask.array for _, _, mask in segments]
    touched = np.flatnonzero(np.any([a.any(axis=(1, 2)) for a in arrays], axis=0)).tolist()
    touched = [index for index in touched if index not in series.interpolated]
    if series.whole is not None:
        touched = np.argsort([h.InstanceNumber for h in series.headers]).tolist()
    frames = _frames(arrays, touched)
    digest = hashlib.sha256(frames.data).hexdigest()
    source = [version, weights_hash, series.uid, *(_label(*s[:2]) for s in segments), digest]
    _, between_rows, between_columns = series.volume.grid.spacing_mm
    between_slices = series.volume.grid.voxel_mm3 / (between_rows * between_columns)
    (said,) = numbers(series.headers[:1], "SliceThickness", 1)[0]
    dataset = Segmentation(
        source_images=(
            _all_complete([series.headers[i] for i in touched], like=series.headers[0])
            if series.whole is None
            else [_shared(_complete(series.whole))]
        ),
        pixel_array=frames,
        segmentation_type="BINARY",
        segment_descriptions=[
            _segment(number, side, kind, weights_hash, version)
            for number, (side, kind, _) in enumerate(segments, 1)
        ],
        series_instance_uid=generate_uid(entropy_srcs=[*source, "series"]),
        series_number=SERIES_NUMBER,
        sop_instance_uid=generate_uid(entropy_srcs=[*source, "instance"]),
        instance_number=1,
        manufacturer="femurkit",
        manufacturer_model_name="femurkit",
        software_versions=version,
        device_serial_number=weights_hash[:16] or "none",
        content_label="FEMURS",
        content_description="Femurs segmented by femurkit",
        series_description="femurs, segmented by femurkit",
        pixel_measures=PixelMeasuresSequence(
            pixel_spacing=[between_rows, between_columns],
            slice_thickness=said if 0 < said < np.inf else between_slices,
            spacing_between_slices=between_slices,
        ),
    )
    # highdicom drops it where slices between are empty, and readers then cannot tell the spacing
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.SpacingBetweenSlices = DSfloat(between_slices, auto_format=True)
    mark(dataset, like=series.headers[0])
    dataset.file_meta = file_meta(dataset.SOPClassUID, dataset.SOPInstanceUID)
    dataset.save_as(path, enforce_file_format=True)


def _segments(
    series: CtSeries, femurs: Mapping[Side, Mask], implants: Mapping[Side, Mask]
) -> list[tuple[Side, Kind, Mask]]:
    """The segments in their order. Raises ValueError if there is none, or a mask does not fit."""
    kinds: tuple[tuple[Kind, Mapping[Side, Mask]], ...] = (("femur", femurs), ("implant", implants))
    out = [(side, kind, of[side]) for kind, of in kinds for side in Side if side in of]
    if not femurs:
        raise ValueError("no mask given")
    for side, kind, mask in out:
        which = f"the {side.value} mask" + (" of an implant" if kind == "implant" else "")
        if not mask.grid.same_as(series.volume.grid):
            raise ValueError(f"{which} and the series are on different grids")
        if not mask.array.any():
            raise ValueError(f"{which} is empty")
    return out


def _label(side: Side, kind: Kind) -> str:
    return f"{side.value.capitalize()} {'femur' if kind == 'femur' else 'hip implant'}"


def _frames(arrays: Sequence[np.ndarray], slices: Sequence[int]) -> np.ndarray:
    """Those slices of masks (slices, rows, columns) as segment numbers uint8, which highdicom takes
    in a quarter of the time and memory; only where two overlap as a channel each.
    """
    out = np.zeros((len(slices), *arrays[0].shape[1:]), np.uint8)
    for frame, index in zip(out, slices, strict=True):
        for number, array in enumerate(arrays, 1):
            if frame[array[index]].any():
                return np.stack([a[slices] for a in arrays], axis=-1).astype(np.uint8)
            frame[array[index]] = number
    return out


def _segment(number: int, side: Side, kind: Kind, weights_hash: str, version: str) -> Dataset:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentDescription
    from highdicom.sr import CodedConcept

    def concept(code: Code) -> CodedConcept:
        return CodedConcept(code.value, code.scheme, code.meaning)

    segment = SegmentDescription(
        segment_number=number,
        segment_label=_label(side, kind),
        segmented_property_category=concept(CODES[kind][0]),
        segmented_property_type=concept(CODES[kind][1]),
        display_color=CIELabColor(*(COLOURS_LAB[side] if kind == "femur" else METAL_LAB)),
        algorithm_type="AUTOMATIC",
        algorithm_identification=AlgorithmIdentificationSequence(
            name="femurkit",
            family=concept(ARTIFICIAL_INTELLIGENCE),
            version=version,
            parameters={"weights": weights_hash},
        ),
    )
    what = segment.SegmentedPropertyTypeCodeSequence[0]
    what.SegmentedPropertyTypeModifierCodeSequence = [coded(LATERALITY[side])]
    return segment


def _all_complete(headers: Sequence[Dataset], *, like: Dataset) -> list[Dataset]:
    """Headers with the orientation of one of them, those of a series differ by rounding, and its
    study and frame, which may be missing in some: highdicom asks for the same. It takes texts from
    the first alone.
    """
    out = [_complete(headers[0])]
    for header in headers[1:]:
        rest = Dataset()
        rest.update(header)
        rest.file_meta = header.file_meta
        out.append(rest)
    for each in out:
        for keyword in ALIKE:
            if keyword in like:
                each.add(like[keyword])
    return out


def _complete(header: Dataset) -> Dataset:
    """The header, with those attributes that highdicom copies and a de-identified file may lack.

    Texts become UTF-8: highdicom refuses character sets that begin with the default one, as those
    of Japan and Korea do.
    """
    missing = [k for k in COPIED_ATTRIBUTES if k not in header]
    complete = Dataset()
    for tag in header.keys():  # noqa: SIM118 - of a data set, not of a dict
        with suppress(Exception):  # a damaged element that nobody needs is left out
            complete.add(sound(header[tag]))  # decoded here, as the header's own character set says
    complete.add_new("SpecificCharacterSet", "CS", "ISO_IR 192")
    complete.file_meta = header.file_meta
    for keyword in missing:
        setattr(complete, keyword, None)
    return complete


def _shared(whole: Dataset) -> Dataset:
    """An enhanced CT whose orientation and pixel measures are shared, as highdicom wants them."""
    shared = Dataset()
    shared.update((whole.get("SharedFunctionalGroupsSequence") or [Dataset()])[0])
    own = whole.PerFrameFunctionalGroupsSequence[0]
    for keyword in ("PlaneOrientationSequence", "PixelMeasuresSequence"):
        if keyword not in shared and keyword in own:
            shared.add(own[keyword])
    whole.add_new("SharedFunctionalGroupsSequence", "SQ", [shared])
    return whole


COLOURS_LAB = {Side.LEFT: (86.7, 2.8, 37.7), Side.RIGHT: (72.0, 10.0, 45.0)}
"""CIE L*a*b*: that of bone in 3D Slicer's colours of anatomy (241, 214, 145), and a darker one."""
METAL_LAB = (70.0, -5.0, -20.0)
"""A steel blue."""
CODES = {"femur": (ANATOMICAL_STRUCTURE, FEMUR), "implant": (PHYSICAL_OBJECT, IMPLANT)}
ALIKE = ("ImageOrientationPatient", "StudyInstanceUID", "FrameOfReferenceUID")
COPIED_ATTRIBUTES = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "StudyID", "AccessionNumber", "ReferringPhysicianName", "PositionReferenceIndicator",
    "SliceThickness",
)  # fmt: skip
"""Type 2 attributes: may be empty, not absent."""
