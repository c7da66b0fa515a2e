from pathlib import Path

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.errors import NothingReadable
from femurkit.geometry import Grid
from femurkit.phantom.labelmaps import MappedBody, label_maps
from femurkit.phantom.soft import SoftHu

MAPS = Path(__file__).parents[3] / "shared/data/labelmaps"


def test_a_folder_without_maps_is_refused(tmp_path):
    with pytest.raises(NothingReadable):
        label_maps(tmp_path)


@pytest.mark.skipif(not MAPS.exists(), reason="needs ../shared/data/labelmaps: real label maps")
def test_real_maps_give_closed_bones_on_their_own_side_and_muscle_around_them():
    values = SoftHu(
        muscle=55, fat=-100, artery=45, vein=45, urine=5, bowel=30, fat_in_muscle=0.0
    )  # fmt: skip
    for source in label_maps(MAPS):
        femurs = {b.side: b for b in source.bones if b.kind == "femur"}
        assert set(femurs) == set(Side)
        for side, bone in femurs.items():
            assert bone.mesh.is_watertight and bone.mesh.volume_mm3 > 0
            assert bone.frame is not None and 18 < bone.frame.head_radius < 28
            assert 60 < bone.frame.head[0] * side.sign < 110, "the hip midpoint is the origin"
            assert bone.frame.lateral[0] * side.sign > 0.5
        body = MappedBody(source, np.eye(4), values, [], [], [], 0)
        thigh = femurs[Side.LEFT].frame.trochanter + [-30, 0, -40]
        grid = Grid.aligned((9, 9, 9), (3, 3, 3), thigh - 12)
        inside, outside = body.hu(grid), body.hu(Grid.aligned((4, 4, 4), (3, 3, 3), (0, -400, 0)))
        assert inside.min() > -110 and inside.max() < 60
        assert (outside == -1000).all()
