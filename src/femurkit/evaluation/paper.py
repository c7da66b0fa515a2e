"""What the paper reports, to draw beside our own numbers.

Source: Sultana, Naznin, Faisal, 2024, SSDL: an automated semi-supervised deep learning approach for
patient-specific 3D reconstruction of proximal femur from QCT images, Med Biol Eng Comput, Table 1.
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
