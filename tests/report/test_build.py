"""Which pictures and words one femur gets."""

import numpy as np

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.report.build import femur_page, numbers, remarks, size_of
from femurkit.report.views import thickness_colours
from femurkit.surface.cortex import Cortex
from femurkit.volume import Volume

MEASURED = {
    "side": "left",
    "volume_ml": 27.0,
    "head_centre_lps_mm": None,
    "not_measurable": {"head": "cut off by the scan"},
    "checks": [
        {"code": "WATERTIGHT", "passed": True, "text": "closed"},
        {"code": "NO_HANDLES", "passed": False, "text": "2 handles"},
    ],
}


def test_without_a_head_the_pictures_go_through_the_middle(box):
    grid = Grid.aligned((80, 60, 60), (1.0, 1.0, 1.0), (-30.0, -30.0, 0.0))
    ct = Volume(np.zeros(grid.shape, np.int16), grid)
    solid = box((-15, -15, 10), (15, 15, 40))
    args = {"periosteal": solid, "hollow": solid}
    page = femur_page(ct, Side.LEFT, **args, measured=MEASURED)
    assert [cut.title.split(",")[0] for cut in page.cuts] == [
        "Coronal", "Sagittal", "Axial", "Axial",
    ]  # fmt: skip
    assert [view.name for view in page.views] == [
        "anterior", "posterior", "medial", "lateral",
    ]  # fmt: skip
    assert all(len(cut.outline) == 1 for cut in page.cuts)
    assert [(check.claim, check.holds) for check in page.checks] == [
        ("closed", True), ("2 handles", False),
    ]  # fmt: skip
    assert page.hollow and len(page.shells) == 2
    solid_all_over = {"hollow_volume_ml": "no shaft in the scan: no canal opened"}
    page = femur_page(
        ct, Side.LEFT, **args, measured={**MEASURED, "not_measurable": solid_all_over}
    )
    assert not page.hollow and len(page.shells) == 1
    # With a head that lies beside the bone the coronal plane misses it.
    elsewhere = {**MEASURED, "head_centre_lps_mm": [0.0, 25.0, 30.0], "head_radius_mm": 24.0}
    page = femur_page(ct, Side.LEFT, **args, measured=elsewhere)
    assert page.cuts[0].outline == ()


def test_what_fails_or_is_missing_becomes_a_remark():
    assert remarks(MEASURED) == [
        "Left femur fails NO_HANDLES: 2 handles.",
        "Left femur, no head: cut off by the scan.",
    ]


def test_size_in_words():
    grid = Grid.aligned((3, 4, 5), (3.0, 0.8, 0.9), (0.0, 0.0, 0.0))
    assert size_of(Volume(np.zeros((3, 4, 5), np.int16), grid)) == (
        "3 slices of 5 × 4 pixels, 0.90 × 0.80 × 3.00 mm"
    )


def test_thickness_is_shown_with_its_scale_and_errors_beside_values(box):
    grid = Grid.aligned((80, 60, 60), (1.0, 1.0, 1.0), (-30.0, -30.0, 0.0))
    ct = Volume(np.zeros(grid.shape, np.int16), grid)
    solid = box((-15, -15, 10), (15, 15, 40))
    wall = Cortex(np.full(len(solid.vertices), 2.0), 1400.0, 0.9)
    measured = {**MEASURED, "neck_shaft_angle_deg": 128.44, "standard_errors": {
        "neck_shaft_angle_deg": 1.26}}  # fmt: skip
    args = {"periosteal": solid, "hollow": solid, "measured": measured}
    page = femur_page(ct, Side.LEFT, **args, cortex=wall)
    assert [view.name for view in page.views[4:]] == [
        "cortex, anterior: dark 0, bright 6 mm",
    ]  # fmt: skip
    angle = next(n for n in page.numbers if n.name == "Neck-shaft angle")
    assert (angle.value, angle.unit) == ("128.4 ± 1.3", "°")


def test_the_colour_of_thickness_brightens_and_is_grey_where_unknown():
    rgb = thickness_colours(np.array([0.0, 2.0, 4.0, 9.0, np.nan]))
    light = rgb @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(light[:4]) > 20).all()
    assert len(set(rgb[4])) == 1


def test_numbers_without_a_unit_have_errors_too_and_missing_ones_say_why():
    measured = {
        "canal_flare_index": 3.8214, "femoral_anteversion_deg": None,
        "head_cortical_thickness_mm": 0.154,
        "standard_errors": {"canal_flare_index": 0.1234, "head_cortical_thickness_mm": 0.012},
        "not_measurable": {"femoral_anteversion_deg": "the condyles are not in the scan"},
    }  # fmt: skip
    index, turn, wall = numbers(measured)
    assert (index.value, index.unit) == ("3.821 ± 0.1234", "")
    assert (turn.value, turn.unit, turn.why) == ("", "°", "the condyles are not in the scan")
    assert (wall.value, wall.unit) == ("0.15 ± 0.01", "mm")
