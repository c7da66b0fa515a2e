"""How far each sign of doubt may go: written by `python -m benchmarks.confidence --write`.

Name of a sign -> (usual, limit): the worst value among good results, and the value at which a
result is no longer trusted. A limit below the usual value means that low is bad.
"""

LIMITS: dict[str, tuple[float, float]] = {
    "undecided_top": (0.318, 0.394),
    "undecided_shaft": (0.203, 0.335),
    "undecided_patch": (0.312, 0.45),
    "outside_hu": (67.5, 137.0),
    "inside_hu": (976.0, 820.0),
    "loose_end_mm": (0.0, 21.5),
    "cut_by_box_mm2": (0.0, 100.0),
    "repeated_slices": (0.0, 0.175),
}
