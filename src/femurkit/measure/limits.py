"""How far each sign of doubt may go: written by `python -m benchmarks.confidence --write`.

Name of a sign -> (usual, limit): the worst value among good results, and the value at which a
result is no longer trusted. A limit below the usual value means that low is bad.
"""

LIMITS: dict[str, tuple[float, float]] = {
    "undecided_top": (0.276, 0.326),
    "undecided_shaft": (0.219, 0.259),
    "undecided_patch": (0.301, 0.381),
    "outside_hu": (67.8, 108.0),
    "inside_hu": (532.0, 382.0),
    "fat_off_hu": (16.0, 31.0),
    "loose_end_mm": (0.0, 31.2),
    "cut_by_box_mm2": (0.0, 100.0),
    "repeated_slices": (0.0, 0.163),
    "no_edge_share": (0.0153, 0.0653),
    "head_lump_mm": (2.53, 3.03),
    "head_bump_mm": (1.36, 1.76),
    "head_notch_mm": (1.28, 1.53),
    "head_undecided": (0.574, 0.624),
    "joint_bone_share": (0.22, 0.28),
    "joint_soft_share": (0.893, 1.0),
}
