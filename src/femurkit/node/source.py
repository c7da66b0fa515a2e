"""Studies pulled from a PACS by DICOMweb (WADO-RS)."""

from __future__ import annotations

from io import BytesIO

from femurkit.dicom.common import quiet
from femurkit.node.inbox import Full, Inbox, Unreadable
from femurkit.node.receiver import CLASSES


class NotGiven(Exception):
    """The PACS is not there, has no such CT, or it cannot be kept. The text names no patient."""


@quiet()
def pull(study: str, address: str, inbox: Inbox) -> int:
    """Fetch every CT image of a study into the inbox; returns how many. Raises NotGiven."""
    from dicomweb_client.api import DICOMwebClient
    from pydicom import Dataset
    from requests import RequestException

    client = DICOMwebClient(address)
    count = 0
    try:
        for each in client.search_for_series(study, search_filters={"Modality": "CT"}):
            uid = str(Dataset.from_json(each).SeriesInstanceUID)
            for dataset in client.iter_series(study, uid):
                if dataset.SOPClassUID in CLASSES:
                    stream = BytesIO()
                    dataset.save_as(stream, enforce_file_format=True)
                    inbox.keep(stream.getvalue())
                    count += 1
    except (RequestException, AttributeError, ValueError, OSError) as error:
        raise NotGiven(type(error).__name__) from None
    except Unreadable:
        raise NotGiven("an object that cannot be read") from None
    except Full as error:
        raise NotGiven(str(error)) from None
    if not count:
        raise NotGiven("no CT image in it")
    return count
