"""Results on their way to a PACS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydicom import dcmread
from pydicom.uid import (
    CTImageStorage,
    EncapsulatedSTLStorage,
    ExplicitVRLittleEndian,
    SegmentationStorage,
)
from pynetdicom import AE

from femurkit.dicom.common import quiet
from femurkit.node.config import Peer

CLASSES = (CTImageStorage, SegmentationStorage, EncapsulatedSTLStorage)
TIMEOUT_S = 60
AT_A_TIME = 50
"""Objects in one STOW-RS request."""


class NotTaken(Exception):
    """The PACS is not there, or did not take everything. The text names no patient."""


def results(folder: Path) -> list[Path]:
    """Every DICOM object of a result, the segmentation first."""
    return sorted(folder.glob("*.dcm")) + sorted(folder.glob("*/**/*.dcm"))


def send(files: Sequence[Path], to: Peer | str, *, title: str) -> None:
    """Store all files with a PACS, by C-STORE or STOW-RS; what it has already it keeps.

    Raises NotTaken.
    """
    if isinstance(to, Peer):
        _store(files, to, title)
    else:
        _stow(files, to)


@quiet()
def _store(files: Sequence[Path], to: Peer, title: str) -> None:
    ae = AE(title)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = TIMEOUT_S
    for each in CLASSES:
        ae.add_requested_context(each, ExplicitVRLittleEndian)
    association = ae.associate(to.host, to.port, ae_title=to.title)
    if not association.is_established:
        raise NotTaken("no association")
    try:
        for file in files:
            try:
                status = association.send_c_store(dcmread(file)).get("Status")
            except (ValueError, RuntimeError) as error:  # a class not accepted; cut off meanwhile
                raise NotTaken(type(error).__name__) from None
            # B000 and its neighbours: stored, though not quite as sent (PS3.4 B.2.3)
            if status is None or not (status == 0 or 0xB000 <= status <= 0xBFFF):
                raise NotTaken("no answer" if status is None else f"status {status:04X}")
    finally:
        association.release()


@quiet()
def _stow(files: Sequence[Path], to: str) -> None:
    from dicomweb_client.api import DICOMwebClient
    from requests import RequestException

    client = DICOMwebClient(to)
    try:
        for begin in range(0, len(files), AT_A_TIME):
            some = [dcmread(file) for file in files[begin : begin + AT_A_TIME]]
            answer = client.store_instances(some)
            failed = answer.get("FailedSOPSequence") or []
            if failed:
                raise NotTaken(f"{len(failed)} of {len(some)} objects refused")
    except RequestException as error:
        raise NotTaken(type(error).__name__) from None
