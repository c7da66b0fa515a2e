"""Contrast agent seen in synthetic patients: `python -m benchmarks.contrast [--seed 78]`.

Draws patients, some of whose vessels, bladder or bowel hold contrast agent, and counts in how many
of those with it and of those without it is seen.
"""

from __future__ import annotations

import argparse

import numpy as np

from femurkit.image_checks.contrast import contrast_seen
from femurkit.phantom.anatomy import draw_anatomy
from femurkit.phantom.patient import make_patient
from femurkit.phantom.soft import DrawnBody

SPACING_MM = (3.0, 1.2, 1.2)
LEAST_HU = 115.0
"""Contrast agent that reads less is not looked for."""


def main() -> None:
    """Print a line a patient and the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=78)
    parser.add_argument("--count", type=int, default=23)
    arguments = parser.parse_args()
    counts = {True: [0, 0], False: [0, 0]}
    for number in range(1, arguments.count + 1):
        soft = draw_anatomy(np.random.default_rng([arguments.seed, number])).soft
        assert isinstance(soft, DrawnBody)
        hu = {name: getattr(soft.values, name) for name in ("artery", "vein", "urine", "bowel")}
        patient = make_patient(arguments.seed, number=number, spacing_mm=SPACING_MM)
        seen = contrast_seen(patient.volume)
        there = max(hu.values()) > LEAST_HU
        counts[there][0] += seen is not None
        counts[there][1] += 1
        values = ", ".join(f"{name} {value:.0f}" for name, value in hu.items())
        print(f"{number}: {values} HU: {seen or 'not seen'}", flush=True)
    print(f"seen in {counts[True][0]} of {counts[True][1]} with contrast agent, "
          f"in {counts[False][0]} of {counts[False][1]} without")  # fmt: skip


if __name__ == "__main__":
    main()
