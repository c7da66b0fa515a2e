"""De-identification by the Basic Application Level Confidentiality Profile (PS3.15 E.1).

The table of what is done to which attribute is dicom-anonymizer's; here it is applied at every
depth, to headers before anything is derived from them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from pydicom import DataElement, Dataset
from pydicom.uid import generate_uid

from femurkit.anatomy import Code
from femurkit.dicom.common import coded, quiet
from femurkit.dicom.read import CtSeries

EDITION = "dicomfields_2026c"
METHOD = "Basic Application Confidentiality Profile, by femurkit"
PROFILE = Code("113100", "DCM", "Basic Application Confidentiality Profile")
MARKS = (
    "PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified",
)  # fmt: skip
"""What says that it was done; everything derived carries these."""
DUMMY_TEXT, DUMMY_DATE, DUMMY_TIME = "ANONYMIZED", "19000101", "000000"
DUMMIES: dict[str, object] = {
    "DA": DUMMY_DATE, "TM": DUMMY_TIME, "DT": DUMMY_DATE + DUMMY_TIME, "AS": "000Y",
    "UR": "http://anonymized.invalid", "DS": "0", "IS": "0", "OB": b"\0\0", "OW": b"\0\0",
    "UN": b"\0\0", "SQ": [],
}  # fmt: skip
NUMBERS = ("FD", "FL", "SL", "SS", "UL", "US", "SV", "UV")
Tag = tuple[int, ...]


@dataclass(frozen=True)
class Pseudonyms:
    """New UIDs for old: the same for the same within one run, and none that tells of the old."""

    key: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)

    def __call__(self, uid: str) -> str:
        """What this UID is called from now on; an empty one stays so."""
        return generate_uid(entropy_srcs=[self.key, uid]) if uid else uid


@quiet()
def anonymized(series: CtSeries, pseudonym: Pseudonyms) -> CtSeries:
    """The series, its headers as the profile wants them; pixels and geometry stay."""
    headers = tuple(anonymous(header, pseudonym) for header in series.headers)
    whole = None if series.whole is None else anonymous(series.whole, pseudonym)
    return replace(series, headers=headers, whole=whole, uid=pseudonym(series.uid))


def anonymous(header: Dataset, pseudonym: Pseudonyms) -> Dataset:
    """A new header with every attribute of the profile removed, emptied or replaced."""
    out = _cleaned(header, pseudonym)
    out.file_meta = header.file_meta
    out.PatientIdentityRemoved = "YES"
    out.DeidentificationMethod = METHOD
    out.DeidentificationMethodCodeSequence = [coded(PROFILE)]
    out.LongitudinalTemporalInformationModified = "REMOVED"
    return out


def mark(dataset: Dataset, *, like: Dataset) -> None:
    """Carry over to something derived that its source was de-identified, if it was."""
    for keyword in MARKS:
        if keyword in like:
            dataset.add(like[keyword])


def _cleaned(dataset: Dataset, pseudonym: Pseudonyms) -> Dataset:
    out = Dataset()
    for element in dataset:
        if element.tag.is_private:
            continue
        action = _action(element)
        if action == "U":
            out.add_new(element.tag, element.VR, _renamed(element, pseudonym))
        elif action == "Z":
            out.add_new(element.tag, element.VR, [] if element.VR == "SQ" else None)
        elif action == "D":
            out.add_new(element.tag, element.VR, _dummy(element.VR))
        elif element.VR == "SQ" and action != "X":
            items = [_cleaned(item, pseudonym) for item in element.value]
            out.add_new(element.tag, "SQ", items)
        elif action != "X":
            out.add(element)
    return out


def _renamed(element: DataElement, pseudonym: Pseudonyms) -> object:
    value = element.value
    if value is None or isinstance(value, str):
        return pseudonym(str(value or ""))
    return [pseudonym(str(one)) for one in value]


def _dummy(representation: str) -> object:
    return DUMMIES.get(representation, 0 if representation in NUMBERS else DUMMY_TEXT)


def _action(element: DataElement) -> str:
    """X removed, Z emptied, D given a dummy, U renamed; empty where it stays."""
    exact, ranges = _table()
    tag = (element.tag.group, element.tag.element)
    if tag in exact:
        return exact[tag]
    return next((action for matches, action in ranges if matches(tag)), "")


@cache
def _table() -> tuple[Mapping[Tag, str], tuple[tuple[Callable[[Tag], bool], str], ...]]:
    """The profile's action of each attribute and each repeating group.

    Of alternatives, the mildest that a CT image (PS3.3 A.3) stays valid with: removed where the
    table lets choose, for CT requires none of these; emptied for Z/D. The STAR ones are sequences
    of references, which are kept with their UIDs renamed.
    """
    from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector

    kinds = {
        "X_TAGS": "X", "X_Z_TAGS": "X", "X_D_TAGS": "X", "X_Z_D_TAGS": "X", "Z_TAGS": "Z",
        "Z_D_TAGS": "Z", "D_TAGS": "D", "U_TAGS": "U",
    }  # fmt: skip
    tags = dicom_anonymization_database_selector(EDITION)
    each = [(tuple(tag), action) for kind, action in kinds.items() for tag in tags[kind]]
    exact: dict[Tag, str] = {tag: action for tag, action in each if len(tag) == 2}
    ranges = [(_within(tag), action) for tag, action in each if len(tag) > 2]
    return exact, tuple(ranges)


def _within(wanted: Tag) -> Callable[[Tag], bool]:
    group, element, group_mask, element_mask = wanted

    def matches(tag: Tag) -> bool:
        return tag[0] & group_mask == group & group_mask and (
            tag[1] & element_mask == element & element_mask
        )

    return matches
