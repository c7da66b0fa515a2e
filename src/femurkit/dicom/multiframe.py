"""Enhanced CT: one object of many frames, seen as the single slices it could have been."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom import Dataset
from pydicom.uid import EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage

CLASSES = (EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)
GROUPS = {
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness"),
    "PixelValueTransformationSequence": ("RescaleSlope", "RescaleIntercept", "RescaleType"),
    "CTReconstructionSequence": ("ConvolutionKernel",),
    "CTXRayDetailsSequence": ("KVP",),
    "CTImageFrameTypeSequence": ("FrameType",),
}
"""What a slice says of itself, an enhanced object says in these (PS3.3 C.7.6.16, C.8.15)."""
FUNCTIONAL = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
OF_THE_WHOLE = (
    "NumberOfFrames", "DimensionIndexSequence", "DimensionOrganizationSequence",
    "ConcatenationUID", "InConcatenationNumber", "InConcatenationTotalNumber",
    "ConcatenationFrameOffsetNumber", "SOPInstanceUIDOfConcatenationSource",
)  # fmt: skip


def frames_of(header: Dataset) -> Iterator[Dataset]:
    """A header for each frame as a single slice would have it, InstanceNumber being the frame's.

    header: of an enhanced CT, without pixels. Of a group that is both shared and the frame's own,
    the frame's counts. Instance and class stay those of the whole object.
    """
    whole = Dataset()
    whole.file_meta = header.file_meta
    for element in header:
        if element.keyword not in (*FUNCTIONAL, *OF_THE_WHOLE):
            whole.add(element)
    shared = (header.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    own = header.get("PerFrameFunctionalGroupsSequence") or []
    for number in range(1, int(header.get("NumberOfFrames") or 1) + 1):
        frame = Dataset()
        frame.update(whole)
        frame.file_meta = whole.file_meta
        for groups in (shared, own[number - 1] if number <= len(own) else Dataset()):
            for sequence, keywords in GROUPS.items():
                for item in (groups.get(sequence) or [])[:1]:
                    for keyword in keywords:
                        if keyword in item:
                            frame.add(item[keyword])
        # setting a value would change the element that all frames share: elements are added
        if "FrameType" in frame:
            frame.add_new("ImageType", "CS", frame.FrameType)
            del frame.FrameType
        frame.add_new("InstanceNumber", "IS", number)
        yield frame
