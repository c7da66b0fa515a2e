"""DICOM in and out: the only package that imports pydicom and highdicom."""

from femurkit.dicom.choose import Choice, choose
from femurkit.dicom.find import Candidate, Found, SliceFile, find_series
from femurkit.dicom.read import CtSeries, read_series, stored_values

__all__ = [
    "Candidate", "Choice", "CtSeries", "Found", "SliceFile", "choose", "find_series",
    "read_series", "stored_values",
]  # fmt: skip
