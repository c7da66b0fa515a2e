import pytest
from tests.training.conftest import TINY, tiny

PAPER = {"network": "paper", "box": "half", "patch": [1, 16, 16]}

from femurkit.errors import ConfigRefused
from femurkit.training.config import read_config


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"manifest": None}, "neither a manifest nor phantoms"),
        ({"patch": [15, 16, 16]}, "not multiples of 2"),
        ({"learning_rat": 1.0}, "unknown settings learning_rat"),
        ({"box": "half", "network": "paper"}, "several slices"),
        ({"network": "paper"}, "network paper with box hip"),
        (
            {
                "network": "paper",
                "box": "half",
                "patch": [1, 16, 16],
                "classes": ["background", "femur", "other"],
            },
            "two classes",
        ),
        ({"phantoms": 3, "spacing_mm": 2.0}, "phantoms at 2.0 mm"),
        ({"phantoms": 3, "box": "joint", "spacing_mm": 1.5}, "phantoms at 1.5 mm for a joint"),
        ({"phantoms": -3}, "negative"),
        ({"trunk_phantoms": -3, "spacing_mm": 1.5}, "negative"),
        ({"epochs": "many"}, "epochs"),
        ({"objective": "magic"}, "objective"),
    ],
)
def test_what_cannot_be_trained_is_refused_by_name(changes, found):
    with pytest.raises(ConfigRefused, match=found):
        tiny(**changes)


@pytest.mark.parametrize("name", ["manifest", "more_examples", "cache", "start_from"])
def test_a_path_that_is_no_text_is_refused(tmp_path, name):
    file = tmp_path / "c.toml"
    file.write_text(f'name = "x"\nphantoms = 3\n{name} = 5\n')
    with pytest.raises(ConfigRefused, match=name):
        read_config(file)


def test_paths_count_from_the_file(tmp_path):
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "c.toml"
    file.write_text('name = "a"\nmanifest = "../cohort.csv"\n')
    assert read_config(file).manifest == str(tmp_path / "cohort.csv")
    file.write_text("name = ")
    with pytest.raises(ConfigRefused, match="TOML"):
        read_config(file)


def test_the_shipped_configurations_can_be_read():
    from pathlib import Path

    home = Path(__file__).parents[2]
    files = [*home.glob("configs/*.toml")]
    assert files and all(read_config(file).name for file in files)
    assert TINY["name"] == tiny().name
