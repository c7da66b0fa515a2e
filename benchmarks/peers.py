"""What others would do with the scan of `benchmarks.speed`, each in a process of its own.

`python -m benchmarks.peers NAME CT MADE` does one of WAYS and prints seconds as JSON; MADE: what
femurkit made of CT, for the ways that begin with its masks. `benchmarks.bench` times them all.

Networks are untrained: their answers are nothing, their seconds are those of trained ones.
Sources: Isensee et al., 2021, Nat Methods 18:203, doi 10.1038/s41592-020-01008-z (nnU-Net's default
3d_fullres: patches of 128 voxels half over each other); Wasserthal et al., 2023, Radiol Artif
Intell 5:e230024, doi 10.1148/ryai.230024 (the fast model: 3 mm, patches of 112 x 112 x 128).
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from femurkit.anatomy import Side

FEATURES = (32, 64, 128, 256, 320, 320)
TIMED = 3
"""Patches that are timed of nnU-Net's, the rest being alike."""
SMOOTHED = 200
"""Iterations of the paper's smoothing."""

Said = dict[str, Any]


def starts(size: int, patch: int) -> list[int]:
    """Where patches begin that lie half over each other, as nnU-Net spaces them."""
    if size <= patch:
        return [0]
    count = int(np.ceil((size - patch) / (patch / 2))) + 1
    return [round(s) for s in np.linspace(0, size - patch, count)]


def network(classes: int, last: tuple[int, int, int]) -> Any:
    """nnU-Net's PlainConvUNet. last: strides of its last stage."""
    from dynamic_network_architectures.architectures.unet import PlainConvUNet
    from torch import nn

    return PlainConvUNet(
        1, len(FEATURES), FEATURES, nn.Conv3d, 3, [1, 2, 2, 2, 2, list(last)], 2, classes, 2,
        conv_bias=True, norm_op=nn.InstanceNorm3d, norm_op_kwargs={"affine": True},
        nonlin=nn.LeakyReLU, nonlin_kwargs={"inplace": True},
    ).eval()  # fmt: skip


def scan_at(folder: Path, step: float) -> tuple[Any, Any]:
    """The scan as SimpleITK reads it, and resampled."""
    import SimpleITK as sitk  # noqa: N813

    scan = sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    size = [round(n * s / step) for n, s in zip(scan.GetSize(), scan.GetSpacing(), strict=True)]
    return scan, sitk.Resample(
        scan, size, sitk.Transform(), sitk.sitkLinear, scan.GetOrigin(), (step,) * 3,
        scan.GetDirection(), -1000.0, sitk.sitkFloat32,
    )  # fmt: skip


def sliding(
    image: np.ndarray, net: Any, patch: tuple[int, int, int], classes: int, most: int | None
) -> tuple[np.ndarray, int, list[float]]:
    """Scores, how many patches there are, and seconds of those that were done, `most` of them."""
    import torch

    room = [(0, max(0, p - n)) for n, p in zip(image.shape, patch, strict=True)]
    image = np.pad(image, room)
    places = list(product(*(starts(n, p) for n, p in zip(image.shape, patch, strict=True))))
    scores = np.zeros((classes, *image.shape) if most is None else (1,), np.float32)
    took = []
    for place in places[:most]:
        window = tuple(slice(s, s + p) for s, p in zip(place, patch, strict=True))
        begun = time.perf_counter()
        with torch.inference_mode():
            said = net(torch.from_numpy(image[window])[None, None])[0].numpy()
        if most is None:
            scores[(slice(None), *window)] += said
        took.append(time.perf_counter() - begun)
    return scores, len(places), took


def nnunet(ct: Path, made: Path) -> Said:
    """nnU-Net's default network over the pelvis at 1.5 mm, no mirroring; first patches timed."""
    import SimpleITK as sitk  # noqa: N813

    begun = time.perf_counter()
    _, image = scan_at(ct, 1.5)
    net = network(2, (2, 2, 2))
    before = time.perf_counter() - begun
    _, count, took = sliding(sitk.GetArrayFromImage(image), net, (128, 128, 128), 2, TIMED)
    each = statistics.median(took)
    return {"seconds": before + count * each, "patches": count, "a_patch": each, "timed": TIMED}


def totalsegmentator(ct: Path, made: Path) -> Said:
    """TotalSegmentator's fast plan: 118 classes at 3 mm, brought back to the scan and written."""
    import SimpleITK as sitk  # noqa: N813

    begun = time.perf_counter()
    scan, image = scan_at(ct, 3.0)
    scores, count, took = sliding(
        sitk.GetArrayFromImage(image), network(118, (1, 1, 2)), (112, 112, 128), 118, None
    )
    z, y, x = image.GetSize()[::-1]
    labels = sitk.GetImageFromArray(scores.argmax(0).astype(np.uint8)[:z, :y, :x])
    labels.CopyInformation(image)
    whole = sitk.Resample(labels, scan, sitk.Transform(), sitk.sitkNearestNeighbor)
    with tempfile.TemporaryDirectory() as folder:
        sitk.WriteImage(whole, f"{folder}/labels.nii.gz")
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "patches": count, "a_patch": statistics.median(took)}


def paper(ct: Path, made: Path) -> Said:
    """The paper's reconstruction of both femurs by vedo, of masks that are there."""
    import vedo
    from scipy import ndimage

    from femurkit.images import read_mask
    from femurkit.sources import load

    volume = load(ct).volume
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for side in Side:
            labels, grid = read_mask(made / side.value / "mask.nii.gz")
            bone = (labels > 0) & (volume.array >= 20) & (volume.array <= 2500)
            hu = ndimage.median_filter(np.where(bone, volume.array, -1000), 3)
            stack = vedo.Volume(np.ascontiguousarray(hu.T), spacing=grid.spacing_mm[::-1])
            surface = stack.isosurface(20).extract_largest_region().smooth(niter=SMOOTHED)
            surface.write(f"{folder}/{side.value}.stl")
    return {"seconds": time.perf_counter() - begun}


def read_femurkit(ct: Path, made: Path) -> Said:
    """HU on a checked grid, headers kept."""
    from femurkit.sources import load

    return _seconds(lambda: load(ct))


def read_simpleitk(ct: Path, made: Path) -> Said:
    """An image, no headers kept."""
    import SimpleITK as sitk  # noqa: N813

    return _seconds(lambda: sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(ct))))


def read_dicom2nifti(ct: Path, made: Path) -> Said:
    """A NIfTI file, uncompressed."""
    import dicom2nifti

    with tempfile.TemporaryDirectory() as folder:
        return _seconds(
            lambda: dicom2nifti.dicom_series_to_nifti(str(ct), f"{folder}/ct.nii", False)
        )


def read_pydicom(ct: Path, made: Path) -> Said:
    """Files sorted by place, pixels rescaled: what scripts do."""
    import pydicom

    def read() -> np.ndarray:
        slices = [pydicom.dcmread(path) for path in sorted(ct.iterdir())]
        slices.sort(key=lambda s: float(s.ImagePositionPatient[2]))
        return np.stack(
            [s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept) for s in slices]
        )

    return _seconds(read)


def _seconds(do: Callable[[], object]) -> Said:
    begun = time.perf_counter()
    do()
    return {"seconds": time.perf_counter() - begun}


WAYS = {
    "nnunet": nnunet, "totalsegmentator": totalsegmentator, "paper": paper,
    "read_femurkit": read_femurkit, "read_simpleitk": read_simpleitk,
    "read_dicom2nifti": read_dicom2nifti, "read_pydicom": read_pydicom,
}  # fmt: skip


if __name__ == "__main__":
    name, ct, made = sys.argv[1:]
    print(json.dumps(WAYS[name](Path(ct), Path(made))))
