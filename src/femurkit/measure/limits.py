"""How far each sign of doubt may go: written by `python -m benchmarks.confidence --write`.

Name of a sign -> (usual, limit): the worst value among good results, and the value at which a
result is no longer trusted. A limit below the usual value means that low is bad.
"""

LIMITS: dict[str, tuple[float, float]] = {
    "undecided_top": (0.382, 0.448),
    "undecided_shaft": (0.265, 0.371),
    "undecided_patch": (0.367, 0.485),
    "outside_hu": (67.6, 138.0),
    "inside_hu": (982.0, 788.0),
    "loose_end_mm": (0.0, 18.0),
    "cut_by_box_mm2": (0.0, 100.0),
    "repeated_slices": (0.0, 0.175),
}
