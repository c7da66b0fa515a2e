"""How far each sign of doubt may go: written by `python -m benchmarks.confidence --write`.

Name of a sign -> (usual, limit): the worst value among good results, and the value at which a
result is no longer trusted. A limit below the usual value means that low is bad.
"""

LIMITS: dict[str, tuple[float, float]] = {
    "undecided_top": (0.281, 0.388),
    "undecided_shaft": (0.205, 0.314),
    "undecided_patch": (0.282, 0.401),
    "outside_hu": (70.6, 111.0),
    "inside_hu": (816.0, 666.0),
    "fat_off_hu": (16.0, 31.0),
    "loose_end_mm": (0.0, 20.0),
    "cut_by_box_mm2": (0.0, 698.0),
    "repeated_slices": (0.0, 0.163),
    "head_lump_mm": (1.67, 2.5),
    "head_bump_mm": (0.8, 1.3),
    "head_notch_mm": (0.74, 1.3),
    "joint_bone_share": (0.1, 0.2),
    "joint_soft_share": (0.1, 0.2),
}
