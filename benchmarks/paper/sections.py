"""The sections of the page that are tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.paper.ablation import PARTS, SEMI
from benchmarks.paper.names import (
    ARM_NAMES,
    METRIC_NAMES,
    NETWORK_NAMES,
    NOT_RUN,
    SPLIT_NAMES,
    digits_of,
    number,
    spread,
    table,
)
from benchmarks.paper.numbers import OVERALL, QUANTITIES
from benchmarks.paper.score import BRIEF
from benchmarks.paper.trainings import FOLDS, SEEDS
from femurkit.evaluation.paper import AREA, SLICE_AREA_CM2, UNSEEN, VALIDATED, VOLUME
from femurkit.evaluation.regional import PARTS as REGIONS

REPORTED = {"validation": VALIDATED, "unseen": UNSEEN}
TABLE_3 = {"volume": VOLUME, "area": AREA}
AGREEMENT = {
    "rmse": ("RMSE", 2), "mae": ("MAE", 2), "bias": ("bias", 2), "re_percent": ("RE %", 2),
    "r2_identity": ("R² identity", 3), "pearson_r": ("Pearson r", 3),
}  # fmt: skip
Numbers = Mapping[str, Any] | None


def table_1(results: Mapping[str, Any]) -> list[str]:
    """All metrics of each network beside the paper's, mean ± sd over femora."""
    head = ["patients", "network", "femora", *(METRIC_NAMES[m] for m in OVERALL)]
    rows = []
    for split, reported in REPORTED.items():
        paper = {("average_precision" if k == "precision" else k): v for k, v in reported.items()}
        cells = [f"{paper[m][0]:.3f}±{paper[m][1]:.3f}" if m in paper else "–" for m in OVERALL]
        rows.append([SPLIT_NAMES[split], "*the paper's report*", "–", *cells])
        rows += [
            [SPLIT_NAMES[split], name, *_scores(results["networks"][run][split])]
            for run, name in NETWORK_NAMES.items()
        ]
    fold = results["leave_one_out"]
    label = f"left out ({fold['folds']} of {len(FOLDS)} folds)"
    rows.append([label, NETWORK_NAMES["paper"], *_scores(fold["numbers"])])
    note = (
        "The paper's mean IoU is not ours: a DSC of 0.918 comes with a mean IoU of about 0.924 of "
        "ours. It gives no distances, and no scores by fold. A femur that was not found counts as "
        "an empty mask."
    )
    return [*table(head, rows), note, *lost(results["networks"]), ""]


def _scores(told: Numbers) -> list[str]:
    if not told:
        return [NOT_RUN] * (len(OVERALL) + 1)
    return [str(told["femora"]), *(spread(told["scores"][m], digits_of(m)) for m in OVERALL)]


def lost(networks: Mapping[str, Mapping[str, Numbers]]) -> list[str]:
    """A sentence for each network and group with femora that overlap nothing."""
    return [
        f"{NETWORK_NAMES[run]}, {SPLIT_NAMES[split]}: {told['lost']} femora without any overlap."
        for run, found in networks.items()
        for split, told in found.items()
        if told and told["lost"]
    ]


def regions_part(networks: Mapping[str, Mapping[str, Numbers]]) -> list[str]:
    """DSC, ASSD and HD95 of each region."""
    head = ["region", *(f"{n}: {METRIC_NAMES[m]}" for n in NETWORK_NAMES.values() for m in BRIEF)]
    rows = []
    for part in REGIONS:
        cells = []
        for run in NETWORK_NAMES:
            scores = (networks[run]["unseen"] or {}).get("scores", {})
            cells += [spread(scores.get(f"{part}_{m}"), digits_of(m)) for m in BRIEF]
        rows.append([part.replace("_", " "), *cells])
    return table(head, rows)


def table_3(networks: Mapping[str, Mapping[str, Numbers]]) -> list[str]:
    """Volumes and areas of the surfaces against the exact ones; the largest slice difference."""
    out = []
    for quantity, paper in TABLE_3.items():
        unit = QUANTITIES[quantity][2]
        names = [
            f"{n}, {unit}" if n in ("RMSE", "MAE", "bias") else n for n, _ in AGREEMENT.values()
        ]
        rows = [["–", "*the paper's report*", "–", *_agreement(paper)]]
        for split, shown in SPLIT_NAMES.items():
            for run, name in NETWORK_NAMES.items():
                told = networks[run][split]
                cells = [str(told["femora"]), *_agreement(told[quantity])] if told else None
                rows.append([shown, name, *(cells or [NOT_RUN] * (len(AGREEMENT) + 1))])
        title = {"volume": "Volume", "area": "Surface area"}[quantity]
        out += [f"### {title}", "", *table(["patients", "network", "femora", *names], rows)]
    return [*out, "### Largest slice-area difference", "", *slice_table(networks)]


def _agreement(told: Mapping[str, float | None]) -> list[str]:
    return [number(told.get(key), digits) for key, (_, digits) in AGREEMENT.items()]


def slice_table(networks: Mapping[str, Mapping[str, Numbers]]) -> list[str]:
    """Least and greatest over femora, cm²."""
    paper = " to ".join(f"{v:.2f}" for v in SLICE_AREA_CM2)
    rows = [["*the paper's report*", paper, "–"]]
    for run, name in NETWORK_NAMES.items():
        found = (networks[run][split] for split in SPLIT_NAMES)
        rows.append([name, *(_range(told) for told in found)])
    rows[0] = [rows[0][0], f"{paper} (all its femora)", "–"]
    return table(["network", "validated, cm²", "unseen, cm²"], rows)


def _range(told: Numbers) -> str:
    return " to ".join(f"{v:.2f}" for v in told["slice_area_cm2"]) if told else NOT_RUN


ABLATION_NOTE = (
    "Unseen patients; mean over femora, then mean ± sd over seeds. Fully labelled: all eight "
    "training patients annotated throughout, the same runs in both. Annotated region: levels at "
    "which a reader would have annotated the patient; only the fully labelled arm ever saw labels "
    "beyond. Gap closed: share of the way from supervised-only to fully labelled, ± sd over seeds; "
    "– where that gap is not larger than the seed spread."
)


def ablation_part(ablation: Mapping[str, Any]) -> list[str]:
    """One table a part of the femur: mean ± sd over seeds, and the share of the gap closed."""
    out = []
    for part, shown in PARTS.items():
        head = [shown, "seeds"]
        for metric in BRIEF:
            head += [METRIC_NAMES[metric], "gap closed"]
        rows = []
        for arm, name in ARM_NAMES.items():
            cells = []
            for metric in BRIEF:
                told = ablation[part][metric][arm]
                cells += [spread(told, digits_of(metric) + 1), _closed(arm, told)]
            count = len(ablation[part][BRIEF[0]][arm]["seeds"])
            rows.append([name, f"{count} of {len(SEEDS)}", *cells])
        out += table(head, rows)
    return out


def _closed(arm: str, told: Mapping[str, Any]) -> str:
    if arm not in SEMI:
        return ""
    gap = told["gap_closed"]
    if gap is None or gap["mean"] is None:
        return NOT_RUN if gap is None else "–"
    sd = "" if gap["sd"] is None else f"±{100 * gap['sd']:.0f}"
    return f"{100 * gap['mean']:.0f}{sd} %"


def budget_part(budget: Mapping[int, Mapping[str, Any]]) -> list[str]:
    """Scores on the unseen patients by how many training patients are annotated."""
    rows = [
        [
            str(count),
            ARM_NAMES[arm],
            f"{len(told[BRIEF[0]]['seeds'])} of {told['planned']}",
            *(spread(told[m], digits_of(m) + 1) for m in BRIEF),
        ]
        for count, arms in budget.items()
        for arm, told in arms.items()
    ]
    note = (
        "Mean over femora, then mean ± sd over seeds (one seed: no sd). The other training "
        "patients stay in without labels. One and eight patients are the ablations above."
    )
    head = ["annotated patients", "arm", "seeds", *(METRIC_NAMES[m] for m in BRIEF)]
    return [note, "", *table(head, rows)]
