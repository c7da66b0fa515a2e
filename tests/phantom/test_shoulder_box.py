import numpy as np

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.phantom.shoulder_box import draw_shoulder


def test_a_shoulder_has_a_humerus_and_no_femur():
    anatomy = draw_shoulder(np.random.default_rng(3), Side.RIGHT)
    kinds = {bone.kind for bone in anatomy.bones}
    assert {"humerus", "scapula", "clavicle", "rib"} == kinds and not anatomy.femurs
    arm = next(b for b in anatomy.bones if b.kind == "humerus")
    assert arm.mesh.is_watertight and np.allclose(arm.frame.head, 0)
    away = np.linalg.norm(arm.mesh.vertices, axis=1)
    assert np.isclose(away.min(), arm.frame.head_radius, rtol=0.25)
    scapula = next(b for b in anatomy.bones if b.kind == "scapula").mesh.vertices
    assert scapula[:, 0].mean() > 20, "medial of a right shoulder is +x"
    grid = Grid.aligned((20, 20, 20), (8.0, 8.0, 8.0), [-80.0, -80, -80])
    hu = anatomy.soft.hu(grid)
    assert hu.shape == grid.shape and -1000 <= hu.min() < -600 and hu.max() < 500
