"""What a manifest holds, study by study, once everything in it has been read and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from femurkit.anatomy import Side
from femurkit.dataset.manifest import Manifest, Study
from femurkit.dataset.study import Loaded, load_study
from femurkit.dicom.reference import reference_of
from femurkit.errors import FemurkitError
from femurkit.steps import Listener


@dataclass(frozen=True)
class Row:
    """One study. labels_ml: volume of each labelled femur; refusal: why it cannot be used."""

    study: Study
    slices: int = 0
    annotated: int = 0
    labels_ml: Mapping[Side, float] | None = None
    hips: tuple[Side, ...] = ()
    notes: tuple[str, ...] = ()
    refusal: FemurkitError | None = None

    def record(self) -> dict[str, Any]:
        """For JSON."""
        labels = {side.value: round(ml, 3) for side, ml in (self.labels_ml or {}).items()}
        return {
            "study": self.study.study, "patient": self.study.patient, "split": self.study.split,
            "slices": self.slices, "annotated": self.annotated, "labels_ml": labels,
            "hips": [side.value for side in self.hips], "notes": list(self.notes),
            "refused": self.refusal.code if self.refusal else None,
        }  # fmt: skip


def survey(manifest: Manifest, *, listener: Listener | None = None) -> Iterator[Row]:
    """Every study in turn; one that is refused does not keep the others from being checked."""
    seen: dict[str, Study] = {}
    for study in manifest.studies:
        if listener:
            listener(study.study)
        try:
            loaded = load_study(study)
        except FemurkitError as error:
            yield Row(study, refusal=error)
            continue
        yield _row(loaded, _seen_before(loaded, seen))


def _row(loaded: Loaded, more: tuple[str, ...]) -> Row:
    voxel_ml = loaded.scan.volume.grid.voxel_mm3 / 1000
    counts = {side: int(loaded.inside(side).sum()) for side in Side}
    return Row(
        loaded.study,
        slices=loaded.scan.volume.grid.shape[0],
        annotated=int(np.any([loaded.annotated[side] for side in Side], axis=0).sum()),
        labels_ml={side: count * voxel_ml for side, count in counts.items() if count},
        hips=tuple(hip.side for hip in loaded.hips),
        notes=(*loaded.notes, *more),
    )


def _seen_before(loaded: Loaded, seen: dict[str, Study]) -> tuple[str, ...]:
    """A note where the DICOM header names the patient of a study in another split.

    No refusal: some exports give all patients one PatientID.
    """
    series, study = loaded.scan.series, loaded.study
    patient = reference_of(series.headers[0]).patient_id if series else ""
    if not patient:
        return ()
    other = seen.setdefault(patient, study)
    if other.split == study.split:
        return ()
    return (f"same PatientID as study {other.study}, which is in {other.split}",)
