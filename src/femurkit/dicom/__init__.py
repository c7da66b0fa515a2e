"""DICOM in and out: the only package that imports pydicom and highdicom."""

from femurkit.dicom.choose import Choice, Usable, choose, usable
from femurkit.dicom.find import Candidate, Found, find_series
from femurkit.dicom.read import CtSeries, read_series
from femurkit.dicom.remarks import contrast_given, remarks
from femurkit.dicom.write_ct import as_scanned, write_new_series, write_segmented_series
from femurkit.dicom.write_seg import write_seg

__all__ = [
    "Candidate", "Choice", "CtSeries", "Found", "find_series", "choose", "read_series",
    "remarks", "contrast_given", "Usable", "usable", "as_scanned", "write_new_series",
    "write_segmented_series", "write_seg",
]  # fmt: skip
