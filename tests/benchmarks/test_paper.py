"""The experiment `paper`: its cohort is the paper's, its arithmetic is right, gaps stay gaps."""

import json
import re
import struct

import numpy as np
import pytest
from benchmarks.paper.ablation import ABLATIONS
from benchmarks.paper.cohort import ANNOTATED, GROUPS, SEED, SPLITS, annotated_slices, patients
from benchmarks.paper.names import NOT_RUN, spread
from benchmarks.paper.numbers import whole_numbers
from benchmarks.paper.plan import WHOLE, missing, rows_of, runs_for
from benchmarks.paper.publish import publish
from benchmarks.paper.scale import event_times, run_length
from benchmarks.paper.score import place_of, weights_of
from benchmarks.paper.trainings import (
    ARMS,
    FULL,
    PAPER,
    SCARCE,
    SEEDS,
    SHIPPED,
    budget_runs,
    budgeted,
    recipe,
    seeded,
    trainings,
)
from benchmarks.paper.verdicts import limits
from benchmarks.tables import page as results_page
from tests.benchmarks.conftest import row

from femurkit.phantom.shapes import FemurFrame

SLICES, ORIGIN_Z, HEAD_Z = 342, -600.0, -342.0
DOWN = np.array([0.0, 0, -1])
FRAME = FemurFrame(-HEAD_Z * DOWN, 24.0, (60 - HEAD_Z) * DOWN, DOWN, np.array([1.0, 0, 0]), DOWN)


def test_the_cohort_has_the_papers_means_and_sds():
    everybody = patients()
    for sex, (count, age, weight) in GROUPS.items():
        people = [p.person for p in everybody if p.person.sex == sex]
        assert len(people) == count
        for values, wanted in (
            ([p.age_y for p in people], age),
            ([p.weight_kg for p in people], weight),
        ):
            assert (np.mean(values), np.std(values, ddof=1)) == pytest.approx(wanted, abs=1e-9)
    assert {s: sum(p.split == s for p in everybody) for s in SPLITS} == SPLITS
    assert [p.number for p in everybody] == list(range(1, 19))


def test_as_many_slices_are_annotated_as_in_the_paper():
    lengths = []
    for patient in patients():
        rng = np.random.default_rng([SEED, patient.number, 1])
        run = annotated_slices([FRAME], rng, ORIGIN_Z, SLICES)
        assert int(run.split("-")[1]) == HEAD_Z + 24 + 15 - ORIGIN_Z
        lengths.append(run_length(run))
    assert ANNOTATED[2] <= min(lengths)
    assert max(lengths) <= ANNOTATED[3]
    assert np.mean(lengths[: SPLITS["train"]]) / SLICES == pytest.approx(0.42, abs=0.02)


def test_the_default_networks_aims():
    scores = {m: {"mean": v} for m, v in (("dsc", 0.98), ("assd_mm", 0.31), ("hd95_mm", 1.0))}
    told = {"scores": scores, "volume": {"re_percent": 2.1}, "area": {"re_percent": 3.0}}
    assert [v["holds"] for v in limits(told)] == [True, False, True, False, True]
    assert [v["holds"] for v in limits(None)] == [None] * 5


def test_every_run_has_a_plan_and_no_run_is_scored_on_its_training(tmp_path):
    wanted = trainings(tmp_path)
    scored = {name for p in patients() for name in runs_for(p)}
    assert scored == {*wanted, SHIPPED}
    assert set(WHOLE) <= scored
    for patient in patients():
        for name in runs_for(patient):
            if patient.split == "train":
                assert wanted[name].manifest.endswith(f"without-{patient.name}.csv")
    assert budgeted(8, "supervised", 1) == seeded("supervised", 1)
    assert {budgeted(SCARCE, *run) for run in budget_runs(SCARCE)} == {
        f"budget-1-{arm}-{seed}" for arm in ARMS for seed in SEEDS
    }
    assert all(recipe(n, full=True).name == n for n in ("ours", "paper"))


def test_three_seeds_at_the_papers_own_size_are_trained_for_a_gpu(tmp_path):
    own = {name: c for name, c in trainings(tmp_path, full=True).items() if c.half_weights}
    assert [*own] == [seeded(PAPER, seed) for seed in SEEDS]
    assert {(c.patch, c.spacing_mm) for c in own.values()} == {((1, 512, 256), 1.0)}


def test_a_run_without_all_its_patients_is_not_run(tmp_path):
    name = seeded(ARMS[0], 1)
    (tmp_path / name).mkdir()
    (tmp_path / name / "model.onnx").write_bytes(b"weights")
    mine = weights_of(name, tmp_path)
    whom = [p for p in patients() if name in runs_for(p)]
    for patient in whom[:-1]:
        place = place_of(tmp_path, name, patient)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps([row(patient.name, weights=mine)] * 2))
    assert rows_of(tmp_path, name, "unseen") is None
    assert missing(tmp_path)[name] == "5 of 6 patients scored"
    place_of(tmp_path, name, whom[-1]).write_text(
        json.dumps([row(whom[-1].name, weights=mine)] * 2)
    )
    assert len(rows_of(tmp_path, name, "unseen")) == 12
    assert name not in missing(tmp_path)
    (tmp_path / name / "model.onnx").write_bytes(b"trained again")
    assert rows_of(tmp_path, name, "unseen") is None, "scores of other weights are not the run's"


def test_a_page_of_nothing_says_not_run(tmp_path):
    publish(tmp_path / "work", tmp_path / "out", full=False)
    page = (tmp_path / "out/README.md").read_text()
    tables = page.split("## Table 1", 1)[1].split("## One unseen femur")[0]
    rows = [line for line in tables.splitlines() if line.startswith("| ")]
    ours = [r for r in rows if re.search(r"\| (default|ours at this scale|paper recipe) \|", r)]
    assert len(ours) == (2 * 3 + 1) + 2 * (2 * 3) + 3, "Table 1, both of Table 3, slice areas"
    for line in ours:
        cells = [c.strip() for c in line.strip("|").split("|")][2:]
        assert set(cells) == {NOT_RUN}
    results = json.loads((tmp_path / "out/results.json").read_text())
    assert results["networks"][SHIPPED] == {"validation": None, "unseen": None}
    for count, shown in ABLATIONS.items():
        assert results["ablation"][str(count)][""]["dsc"][FULL] == {"seeds": {}}
        part = page.split(f"### {shown.capitalize()}\n", 1)[1].split("\n##")[0]
        for line in (r for r in part.splitlines() if r.startswith("| self-training")):
            assert not re.search(r"\d\.\d", line) and NOT_RUN in line
        assert f"{shown.capitalize()}:\n\n- On unseen" in page
    assert not list((tmp_path / "out").glob("*.png"))


def test_the_results_page_links_the_experiment_once_it_is_there(tmp_path):
    link = "(paper/README.md)"
    assert link not in results_page(tmp_path)
    (tmp_path / "paper").mkdir()
    (tmp_path / "paper/README.md").write_text("# The paper's experiment\n")
    assert link in results_page(tmp_path)


def test_numbers_of_a_run():
    scores = {
        "mean_iou": 0.9, "iou_femur": 0.8, "average_precision": 0.9, "sensitivity": 0.9,
        "specificity": 1.0, "largest_slice_area_difference_cm2": 0.5, "exact_volume_ml": 100.0,
        "exact_area_mm2": 10000.0,
    }  # fmt: skip
    one = row(**scores, model_volume_ml=102.0, model_area_mm2=10300.0)
    two = row(**scores, model_volume_ml=98.0, model_area_mm2=9900.0) | {"dsc": 0.0, "assd_mm": None}
    told = whole_numbers([one, two])
    assert (told["volume"]["mae"], told["volume"]["re_percent"]) == pytest.approx((2.0, 2.0))
    assert (told["area"]["mae"], told["area"]["re_percent"]) == pytest.approx((2.0, 2.0))
    assert (told["femora"], told["lost"]) == (2, 1)
    assert told["scores"]["dsc"] == pytest.approx({"mean": 0.25, "sd": 0.125**0.5, "n": 2})
    assert told["scores"]["assd_mm"] == {"mean": 0.5, "sd": None, "n": 1}
    assert spread(told["scores"]["dsc"]) == "0.250±0.354"
    assert spread(None) == NOT_RUN


def test_times_are_read_from_tensorboard_files():
    event = b"\x09" + struct.pack("<d", 1.5e9) + b"\x10\x05"
    record = struct.pack("<QI", len(event), 0) + event + struct.pack("<I", 0)
    later = record.replace(struct.pack("<d", 1.5e9), struct.pack("<d", 1.5e9 + 60))
    assert list(event_times(record + later + record[:9])) == [1.5e9, 1.5e9 + 60]
