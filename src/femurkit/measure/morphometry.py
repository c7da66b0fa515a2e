"""Every angle, length and thickness of one femur, by name."""

from __future__ import annotations

from femurkit.anatomy import Side
from femurkit.measure.anteversion import femoral_anteversion_deg
from femurkit.measure.canal_flare import canal_flare_index
from femurkit.measure.lesser_trochanter import lesser_trochanter_level_mm
from femurkit.measure.measured import Measured, missing
from femurkit.measure.neck import least_neck_section_mm2, neck_length_mm
from femurkit.measure.neck_shaft import neck_shaft_angle_deg
from femurkit.measure.offset import femoral_offset_mm
from femurkit.measure.thickness import cortical_thickness_mm
from femurkit.mesh import Mesh
from femurkit.surface.axes import axes_of
from femurkit.surface.cortex import Cortex
from femurkit.surface.head import Head
from femurkit.surface.regions import REGIONS, regions_of

SHAPE = (
    "neck_shaft_angle_deg", "neck_length_mm", "least_neck_section_mm2", "femoral_offset_mm",
    "lesser_trochanter_level_mm", "femoral_anteversion_deg",
)  # fmt: skip
THICKNESS = tuple(f"{name}_cortical_thickness_mm" for name in REGIONS)


def morphometry(
    outline: Mesh, side: Side, head: Head, cortex: Cortex | str | None = None
) -> dict[str, Measured]:
    """What the outline shows, and with a cortex what that shows; each with an error or a reason.

    outline: periosteal, closed, LPS mm. cortex: as surface.cortex gave it, or why it gave none;
    None without a CT, and then nothing is said of it.
    """
    of_cortex = (*THICKNESS, "canal_flare_index") if cortex is not None else ()
    axes = axes_of(outline, side, head)
    if isinstance(axes, str):
        return {name: missing(axes) for name in (*SHAPE, *of_cortex)}
    level = lesser_trochanter_level_mm(outline, axes)
    found = dict(
        zip(
            SHAPE,
            (
                neck_shaft_angle_deg(axes),
                neck_length_mm(axes),
                least_neck_section_mm2(axes),
                femoral_offset_mm(axes),
                level,
                femoral_anteversion_deg(outline, side, axes),
            ),
            strict=True,
        )
    )
    if isinstance(cortex, str):
        return found | {name: missing(cortex) for name in of_cortex}
    if cortex is None:
        return found
    regions = regions_of(outline, side, axes)
    assert not isinstance(regions, str)
    thickness = cortical_thickness_mm(outline, cortex, regions)
    found |= {f"{name}_cortical_thickness_mm": value for name, value in thickness.items()}
    return found | {"canal_flare_index": canal_flare_index(outline, cortex, axes, level)}
