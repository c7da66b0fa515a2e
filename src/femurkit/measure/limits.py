"""How far each sign of doubt may go: written by `python -m benchmarks.confidence --write`.

Name of a sign -> (usual, limit): the worst value among good results, and the value at which a
result is no longer trusted. A limit below the usual value means that low is bad.
"""

LIMITS: dict[str, tuple[float, float]] = {
    "undecided_top": (0.262, 0.312),
    "undecided_shaft": (0.224, 0.274),
    "undecided_patch": (0.305, 0.385),
    "outside_hu": (66.0, 245.0),
    "inside_hu": (625.0, 475.0),
    "fat_off_hu": (12.0, 27.0),
    "loose_end_mm": (0.0, 31.5),
    "cut_by_box_mm2": (0.0, 100.0),
    "repeated_slices": (0.0, 0.05),
    "no_edge_share": (0.0122, 0.0622),
    "head_lump_mm": (2.6, 3.3),
    "head_bump_mm": (1.0, 1.6),
    "head_notch_mm": (1.08, 1.58),
    "joint_bone_share": (0.0572, 0.117),
    "joint_soft_share": (0.331, 0.731),
}
