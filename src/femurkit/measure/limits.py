"""How far each sign of doubt may go: written by `python -m benchmarks.confidence --write`.

Name of a sign -> (usual, limit): the worst value among good results, and the value at which a
result is no longer trusted. A limit below the usual value means that low is bad.
"""

LIMITS: dict[str, tuple[float, float]] = {
    "undecided_top": (0.267, 0.317),
    "undecided_shaft": (0.219, 0.259),
    "undecided_patch": (0.301, 0.381),
    "outside_hu": (67.2, 169.0),
    "inside_hu": (623.0, 473.0),
    "fat_off_hu": (12.0, 27.0),
    "loose_end_mm": (0.0, 31.7),
    "cut_by_box_mm2": (0.0, 100.0),
    "repeated_slices": (0.0, 0.162),
    "no_edge_share": (0.01, 0.06),
    "head_lump_mm": (2.68, 3.38),
    "head_bump_mm": (1.15, 1.75),
    "head_notch_mm": (1.1, 1.6),
    "joint_bone_share": (0.11, 0.17),
    "joint_soft_share": (0.191, 0.591),
}
