"""A phantom on disk, as the command line's contract has it."""

from __future__ import annotations

import json
from pathlib import Path

from femurkit.dicom.write_ct import as_scanned, write_new_series
from femurkit.images import write_image, write_mask
from femurkit.mesh import write_stl
from femurkit.phantom.patient import PhantomPatient


def write_patient(patient: PhantomPatient, folder: Path, *, format: str = "dicom") -> None:
    """Write folder/ct/*.dcm (or ct.nii.gz) and folder/truth/{mask.nii.gz, left.stl, right.stl,
    truth.json}.

    The truth's mask lies on the CT's grid as a reader finds it. Same patient, same bytes.
    """
    truth = folder / "truth"
    truth.mkdir(parents=True)
    labels, grid = patient.labels, patient.volume.grid
    if format == "dicom":
        name = f"{patient.truth['seed']}-{patient.truth['number']}"
        write_new_series(
            patient.volume,
            folder / "ct",
            seed_text=f"femurkit phantom {name}",
            patient={"PatientName": "Phantom^Femurkit", "PatientID": f"PHANTOM-{name}"},
            position=patient.position,
        )
        labels, grid = as_scanned(labels, grid, position=patient.position)
    else:
        write_image(patient.volume, folder / "ct.nii.gz")
    write_mask(labels, grid, truth / "mask.nii.gz")
    for side, mesh in patient.meshes.items():
        write_stl(mesh, truth / f"{side.value}.stl")
    (truth / "truth.json").write_text(json.dumps(patient.truth, indent=1) + "\n")
