import numpy as np
import pytest

from femurkit.segment.weights import shipped, weights_hash


def test_the_shipped_networks_say_what_they_are():
    coarse, fine = shipped("coarse"), shipped("fine")
    assert fine.classes == ("background", "femur", "other bone")
    assert coarse.classes[1:3] == ("left proximal femur", "right proximal femur")
    assert (coarse.spacing_mm, fine.spacing_mm) == (4.0, 1.5)
    assert len(weights_hash()) == 64


@pytest.mark.parametrize("name", ["coarse", "fine"])
def test_answers_are_probabilities_and_air_is_background(name):
    network = shipped(name)
    says = network(np.full((32, 32, 48), -1000.0, np.float32))
    assert says.shape == (len(network.classes), 32, 32, 48)
    assert np.allclose(says.sum(0), 1, atol=1e-4)
    assert (says.argmax(0) == 0).all()


def test_the_package_stays_small():
    from importlib.resources import files

    sizes = [f.stat().st_size for f in files("femurkit.segment").joinpath("weights").iterdir()]
    assert 1e6 < sum(sizes) < 20e6
