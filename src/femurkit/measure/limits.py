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
    "no_edge_share": (0.0121, 0.0621),
    "head_lump_mm": (2.52, 3.22),
    "head_bump_mm": (0.944, 1.54),
    "head_notch_mm": (1.49, 1.99),
    "joint_bone_share": (0.0581, 0.118),
    "joint_soft_share": (0.6, 0.75),
}
