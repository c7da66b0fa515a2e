from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests.training.conftest import tiny

from femurkit.errors import NothingToLearn
from femurkit.training import sources


def drawn(count):
    return [Path(f"fine-{n:04d}-{side}.npz") for n in range(count) for side in ("left", "right")]


def prepared(*rows):
    """Hips of a manifest: (name, split, labelled)."""
    return [SimpleNamespace(path=Path(n), split=s, labelled=is_) for n, s, is_ in rows]


@pytest.fixture
def found(monkeypatch):
    """Let a manifest and the phantoms hold what the test says."""

    def set_up(hips=(), phantoms=0):
        monkeypatch.setattr(sources, "_prepared", lambda *_: prepared(*hips))
        monkeypatch.setattr(sources, "draw_examples", lambda *_: drawn(phantoms))

    return set_up


def test_a_hip_serves_by_its_split_and_its_labels(found, tmp_path):
    hips = [("a", "train", True), ("b", "train", False), ("v", "validation", True)]
    found(hips + [("w", "validation", False), ("u", "unseen", True)])
    told = sources.material(tiny(), tmp_path)
    assert told.labelled == [Path("a")] and told.unlabelled == [Path("a"), Path("b")]
    assert told.validation == [Path("v")]


@pytest.mark.parametrize(("patients", "held"), [(3, 0), (8, 2), (100, 8)])
def test_both_hips_of_a_phantom_are_held_out_together(found, tmp_path, patients, held):
    found(phantoms=patients)
    told = sources.material(tiny(manifest=None, phantoms=patients, spacing_mm=1.5), tmp_path)
    assert len(told.validation) == 2 * held and len(told.labelled) == 2 * (patients - held)
    assert not set(told.labelled) & set(told.validation)
    assert {p.name[:9] for p in told.validation}.isdisjoint({p.name[:9] for p in told.labelled})


def test_hard_phantoms_are_learnt_from_beside_ordinary_ones(found, tmp_path, monkeypatch):
    found(phantoms=8)
    monkeypatch.setattr(
        sources,
        "draw_hard_examples",
        lambda cache, patients, *_: [Path(f"hard-{n:04d}-left.npz") for n in range(patients)],
    )
    changes = {"manifest": None, "spacing_mm": 1.5, "hard_phantoms": 12}
    told = sources.material(tiny(phantoms=8, **changes), tmp_path)
    hard = [p.name for p in told.labelled if p.name.startswith("hard")]
    assert hard == [f"hard-{n:04d}-left.npz" for n in range(9)]
    assert len(told.validation) == 4 and not any("hard" in p.name for p in told.validation)
    alone = sources.material(tiny(**changes), tmp_path)
    assert [p.name for p in alone.validation] == [f"hard-{n:04d}-left.npz" for n in (9, 10, 11)]


def test_trunks_and_more_examples_teach_as_well(found, tmp_path, monkeypatch):
    found(phantoms=8)
    names = [tmp_path / f"trunk-{n:04d}-{k}.npz" for n in range(4) for k in range(2)]
    monkeypatch.setattr(sources, "draw_trunk_examples", lambda *_: names)
    np.savez(tmp_path / "real-0000-left.npz", hu=np.zeros(1), femur=np.zeros(1))
    changes = {"manifest": None, "spacing_mm": 1.5, "trunk_phantoms": 4}
    told = sources.material(
        tiny(phantoms=8, more_examples=str(tmp_path), **changes), tmp_path / "run"
    )
    assert names[:6] + [tmp_path / "real-0000-left.npz"] == told.labelled[12:]
    assert len(told.validation) == 4
    alone = sources.material(tiny(**changes), tmp_path / "run")
    assert alone.labelled == names[:6] and alone.validation == names[6:]


def test_validation_hips_of_a_manifest_leave_every_phantom_to_training(found, tmp_path):
    found([("v", "validation", True)], phantoms=20)
    told = sources.material(tiny(phantoms=20, spacing_mm=1.5), tmp_path)
    assert len(told.labelled) == 40 and told.validation == [Path("v")]


@pytest.mark.parametrize(
    ("box", "spacing", "kind"),
    [("hip", 1.5, "fine"), ("scan", 4.0, "coarse"), ("joint", 0.5, "joint")],
)
def test_each_box_has_its_own_examples(monkeypatch, tmp_path, box, spacing, kind):
    asked = []
    monkeypatch.setattr(sources, "draw_examples", lambda *a: asked.append(a[4]) or drawn(3))
    sources.material(tiny(manifest=None, phantoms=3, box=box, spacing_mm=spacing), tmp_path)
    assert asked == [kind]


@pytest.mark.parametrize(("box", "spacing"), [("scan", 4.0), ("joint", 0.5)])
def test_scans_of_a_manifest_teach_no_network_but_that_of_hips(found, tmp_path, box, spacing):
    found([("a", "train", True)])
    with pytest.raises(NothingToLearn, match=f"a network whose box is a {box}"):
        sources.material(tiny(box=box, spacing_mm=spacing), tmp_path)


def test_what_cannot_teach_is_refused(found, tmp_path):
    found([("b", "train", False)])
    with pytest.raises(NothingToLearn, match="no annotated hip"):
        sources.material(tiny(), tmp_path)
    found([("a", "train", True)])
    three = tiny(classes=["background", "femur", "other bone"])
    with pytest.raises(NothingToLearn, match="more than two classes"):
        sources.material(three, tmp_path)


def test_an_empty_folder_of_more_examples_is_refused(found, tmp_path):
    found(phantoms=8)
    with pytest.raises(NothingToLearn, match="more_examples"):
        sources.material(
            tiny(manifest=None, phantoms=8, spacing_mm=1.5, more_examples=str(tmp_path)), tmp_path
        )


def test_a_file_that_is_no_example_is_named(found, tmp_path):
    found(phantoms=8)
    np.savez(tmp_path / "real-0001-left.npz", hu=np.zeros((2, 2, 2), np.int16))
    with pytest.raises(NothingToLearn, match="real-0001-left"):
        sources.material(
            tiny(manifest=None, phantoms=8, spacing_mm=1.5, more_examples=str(tmp_path)), tmp_path
        )


def test_examples_lie_apart_by_what_they_depend_on(tmp_path):
    from femurkit.training.examples import _hash

    maps = tmp_path / "maps"
    maps.mkdir()
    bare, seeded, mapped = _hash("fine", 1, None), _hash("fine", 2, None), _hash("fine", 1, maps)
    (maps / "a.nii.gz").write_bytes(b"1")
    different = {bare, seeded, _hash("fine", 1, maps), _hash("coarse", 1, None)}
    assert len(different) == 4 and mapped == bare


def test_of_whole_scans_one_a_patient_is_validated(tmp_path, monkeypatch):
    drawn = [Path(f"coarse-{n:04d}-{k}.npz") for n in range(8) for k in range(3)]
    monkeypatch.setattr(sources, "draw_examples", lambda *args, **more: drawn)
    told = sources.material(tiny(manifest=None, phantoms=8, spacing_mm=4.0, box="scan"), tmp_path)
    assert [p.stem for p in told.validation] == ["coarse-0006-0", "coarse-0007-0"]
    assert len(told.labelled) == 18
