"""Overlap of two masks, on the whole 3D femur."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Overlap:
    """Shares 0..1; None where the denominator is empty.

    dsc = 2TP / (2TP + FP + FN); iou_femur = TP / (TP + FP + FN); mean_iou = its mean with the
    background's TN / (TN + FP + FN); precision = TP / (TP + FP), which Sultana et al., 2024, call
    average precision; sensitivity = TP / (TP + FN); specificity = TN / (TN + FP).
    """

    dsc: float | None
    iou_femur: float | None
    mean_iou: float | None
    precision: float | None
    sensitivity: float | None
    specificity: float | None


def overlap(pred: np.ndarray, truth: np.ndarray) -> Overlap:
    """Compare two bool arrays of one shape, all voxels counted once.

    Raises ValueError if the shapes differ.
    """
    if pred.shape != truth.shape:
        raise ValueError(f"prediction is {pred.shape}, truth {truth.shape}")
    pred, truth = pred.astype(bool, copy=False), truth.astype(bool, copy=False)
    tp = int(np.count_nonzero(pred & truth))
    fp = int(np.count_nonzero(pred)) - tp
    fn = int(np.count_nonzero(truth)) - tp
    tn = pred.size - tp - fp - fn
    femur, background = _share(tp, tp + fp + fn), _share(tn, tn + fp + fn)
    return Overlap(
        dsc=_share(2 * tp, 2 * tp + fp + fn),
        iou_femur=femur,
        mean_iou=None if femur is None or background is None else (femur + background) / 2,
        precision=_share(tp, tp + fp),
        sensitivity=_share(tp, tp + fn),
        specificity=_share(tn, tn + fp),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
