"""What the paper reports, to draw beside our own numbers.

Source: Sultana, Naznin, Faisal, 2024, SSDL: an automated semi-supervised deep learning approach for
patient-specific 3D reconstruction of proximal femur from QCT images, Med Biol Eng Comput, Tables 1
and 3.
Its mean IoU is not the one of overlap.py: a DSC of 0.918 comes with about 0.924 of ours.
"""

from __future__ import annotations

VALIDATED = {
    "dsc": (0.992, 0.008),
    "mean_iou": (0.995, 0.005),
    "precision": (0.996, 0.003),
    "sensitivity": (0.995, 0.004),
    "specificity": (0.998, 0.002),
}
"""Score: mean, standard deviation over the 4 patients used for validation."""

UNSEEN = {
    "dsc": (0.918, 0.025),
    "mean_iou": (0.983, 0.016),
    "precision": (0.923, 0.024),
    "sensitivity": (0.927, 0.020),
    "specificity": (0.999, 0.002),
}
"""The same over the 6 patients never seen."""

VOLUME = {"rmse": 33.8, "mae": 29.6, "re_percent": 6.61, "r2_identity": 0.338, "pearson_r": 0.771}
"""Agreement of the volumes with manual models, cm³; names as in agreement.Agreement. Table 3."""

AREA = {"rmse": 51.8, "mae": 43.1, "re_percent": 12.08, "r2_identity": 0.592, "pearson_r": 0.846}
"""The same of the surface areas, cm². The paper's abstract gives other relative errors."""

SLICE_AREA_CM2 = (0.43, 2.57)
"""Least and greatest over femora of the largest slice-area difference against manual outlines."""
