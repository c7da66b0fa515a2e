"""Whom the verdict lets pass: `python -m benchmarks.verdicts PATIENTS [--again]`.

Judges the femora of the 18 patients of the set `scores` (benchmarks.patients), each scanned twice
in different ways, and about a hundred broken on purpose: in the network's answer
(benchmarks.damage) or in the scan (benchmarks.rescans). A case counts as good or broken by its
score against the truth, not by what was done to it. Writes docs/results/verdicts.md and .json.
Patients, the network's answers and the rows of each patient are kept in the folder PATIENTS;
limits may change without a new run; --again measures anew with the answers that are there. With
--only several runs can share the work.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.damage import ANSWERS
from benchmarks.hips import (
    MAX_ASSD_MM,
    MAX_HEAD_MM,
    MIN_DSC,
    Case,
    Patient,
    Row,
    is_bad,
    kept_rows,
    of_third_pass,
    scores,
)  # fmt: skip
from benchmarks.patients import COUNTS, SEEDS, patient
from benchmarks.rescans import GOOD, SCANS, SIDED, rescanned
from femurkit.bones.likeness import in_body
from femurkit.errors import DegenerateShape
from femurkit.locate.edges import EDGE_CLAIMS, edges_of_mask
from femurkit.measure.checks import check
from femurkit.measure.confidence import confidence, signs_of
from femurkit.measure.femur import measure
from femurkit.measure.fracture import fracture_findings
from femurkit.measure.head_surface import head_signs
from femurkit.measure.likeness import LEFT_OUT_MM, likeness
from femurkit.measure.ranges import RANGES
from femurkit.measure.verdict import RULE, SIDES_DIFFER, Verdict, verdict
from femurkit.mesh import Mesh
from femurkit.pipeline import by_femur
from femurkit.remark import Remark, remarks_on
from femurkit.segment.weights import Network, fine_network
from femurkit.solid import faces
from femurkit.sources import FULL_RANGE, METAL_FREE, THIN
from femurkit.surface.ct_edge import outlined
from femurkit.surface.field import to_mask
from femurkit.surface.head import fit_head
from femurkit.surface.periosteal import periosteal
from femurkit.volume import Mask

OUT = Path(__file__).parent.parent / "docs" / "results"
READ = ("checks", "not_measurable", *SIDES_DIFFER, *RANGES)
"""What the verdict reads of the measurements."""
KEPT = (
    "patient", "way", "side", "good", "verdict", "confidence", "dsc", "assd_mm", "head_mm",
    "reasons", "signs",
)  # fmt: skip
"""What docs/results/verdicts.json holds."""
ALIKE = ("head_radius_mm",)
"""In what left and right of a synthetic patient are compared: the heads fit one pelvis, the rest of
the bones are two people's.
"""
PER_FEMUR, PER_SCAN = 2, 1
"""Ways of damage each femur takes in turn, and ways of spoiling each scan does."""


@dataclass(frozen=True, eq=False)
class Made:
    """What `reconstruct` makes of a femur, or why it makes none.

    found: measurements without the confidence, whose signs and their places stand apart.
    """

    found: Row
    mask: Mask | None = None
    outline: Mesh | None = None
    signs: dict[str, float] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    refused: str = ""


def made(case: Case) -> Made:
    """A femur as `reconstruct` measures it."""
    try:
        ready = outlined(case.answer, case.volume)
        mask, outline = to_mask(ready), periosteal(ready).mesh
        alike = likeness(outline, case.side, faces(case.volume.grid), shown=in_body(case.volume))
    except DegenerateShape as error:
        return Made({}, refused=f"Refused: {error}.")
    if alike.apart.out_mm > LEFT_OUT_MM:
        return Made({}, refused=f"Refused: {alike.out_text}.")
    found = measure(case.side, mask, outline, None, case.volume, alike=alike)
    of_head, places = head_signs(outline, case.side, fit_head(outline, case.side), case.volume)
    signs = signs_of(case.says, mask, case.volume) | of_head | of_third_pass(case)
    return Made(found, mask, outline, signs, places)


def row_of(way: str, case: Case, one: Made, other: Made | None, *, mended: bool = True) -> Row:
    """All that the verdict on one femur goes by, beside how good the femur is.

    mended: whether its score may show that the CT's edges have mended what was done to it.
    """
    row: Row = {"way": way, "side": case.side.value, "refused": one.refused}
    if one.mask is None or one.outline is None:
        return row | {"dsc": 0.0, "assd_mm": 99.0, "good": False}
    said = by_femur(remarks_on(case.volume, (THIN, METAL_FREE, FULL_RANGE)))
    said += remarks_on(edges_of_mask(one.mask, case.volume), EDGE_CLAIMS)
    said += fracture_findings(one.outline, case.side, case.volume, one.found)
    score = scores(one.outline, one.mask, case)
    return row | {
        **{name: round(float(value), 3) for name, value in score.items()},
        "good": mended and not is_bad(score),
        "found": {name: one.found.get(name) for name in READ},
        "other": {name: other.found.get(name) for name in ALIKE} if other else None,
        "remarks": [asdict(remark) for remark in said],
        "signs": one.signs,
        "places": one.places,
    }


def judged(row: Row) -> Row:
    """A row with its verdict by the limits of today."""
    if row["refused"]:
        word = Verdict("reject", (row["refused"],))
        return row | {"verdict": word.word, "reasons": word.reasons, "confidence": None}
    sure = confidence(row["signs"], places=row["places"])
    found = row["found"] | {"confidence": round(sure.value, 2)}
    found["checks"] = [*found["checks"], check("CONFIDENT", not sure.low, sure.text)]
    said = [Remark(**remark) for remark in row["remarks"]]
    other = {name: row["other"].get(name) for name in ALIKE} if row["other"] else None
    word = verdict(found, other=other, remarks=said)
    told = {"verdict": word.word, "reasons": word.reasons, "confidence": found["confidence"]}
    return row | told


def rows_of(place: Path, number: int, network: Network) -> Iterator[Row]:
    """One patient's femora: as they are, scanned otherwise, damaged, and in spoilt scans."""
    for row in _rows_of(Patient.read(place), number, network):
        yield {"patient": number, **row}


def _rows_of(patient: Patient, number: int, network: Network) -> Iterator[Row]:
    cases = patient.cases(network)
    known = {case.side: made(case) for case in cases}
    for k, case in enumerate(cases):
        other = known.get(case.side.other)
        yield row_of("as scanned", case, known[case.side], other)
        for turn in range(PER_FEMUR):
            rng = np.random.default_rng([SEEDS["scores"], number, k, turn])
            way = list(ANSWERS)[(PER_FEMUR * (2 * number + k) + turn) % len(ANSWERS)]
            broken = ANSWERS[way](case, rng)
            yield row_of(way, broken, made(broken), other, mended=way != "wrong side")
    ways = [list(GOOD)[number % len(GOOD)]]
    ways += [list(SCANS)[(PER_SCAN * number + turn) % len(SCANS)] for turn in range(PER_SCAN)]
    for way in ways:
        rng = np.random.default_rng([SEEDS["scores"], number])
        volume, labels, moved = rescanned(way, patient, rng)
        found = patient.cases_of(way, volume, labels, network, moved=moved)
        if way in SIDED:
            found = [case for case in found if case.side.value == "left"]
        both = {case.side: made(case) for case in found}
        for case in found:
            yield row_of(way, case, both[case.side], both.get(case.side.other), mended=way in GOOD)


def collect(folder: Path, only: list[int], *, again: bool) -> list[Row]:
    """All patients. only: the patients to take."""
    network, rows = fine_network(), []
    for number in only:
        place = patient(folder, "scores", number)
        make = partial(rows_of, place, number, network)
        mine = kept_rows(place, "verdicts", network, make, again=again)
        mine = [judged(row) for row in mine]
        print(f"patient {number}", Counter((r["good"], r["verdict"]) for r in mine), flush=True)
        rows += mine
    return rows


def page(rows: list[Row]) -> str:
    """Counts by way, and every femur."""
    good, broken = ([r for r in rows if r["good"] is kind] for kind in (True, False))
    passed = sum(r["verdict"] == "accept" for r in good)
    patients = len({r["patient"] for r in rows})
    lines = [
        "# Verdicts", "",
        f"`python -m benchmarks.verdicts PATIENTS`: femora of {patients} synthetic "
        f"patients (seed {SEEDS['scores']}; the limits come from others) as the network leaves "
        "them, and broken on purpose. A femur is good if its DSC is at least "
        f"{MIN_DSC}, its mean surface distance at most {MAX_ASSD_MM:g} mm, and 98 % of its head's "
        f"outline lie within {MAX_HEAD_MM:g} mm of the true surface, whatever was done to it.", "",
        f"**{len(good)} good femora: {passed} accepted, {len(good) - passed} not. {len(broken)} "
        f"broken ones: {sum(r['verdict'] == 'accept' for r in broken)} accepted.**", "", RULE, "",
        "| | femora | good | of them accepted | broken | accept | look | reject | DSC of broken |",
        "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for way in dict.fromkeys(row["way"] for row in rows):
        fine = [r["verdict"] == "accept" for r in good if r["way"] == way]
        count = Counter(r["verdict"] for r in broken if r["way"] == way)
        dsc = [r["dsc"] for r in broken if r["way"] == way]
        span = f"{min(dsc):.3f} to {max(dsc):.3f}" if dsc else ""
        lines.append(
            f"| {way} | {len(fine) + len(dsc)} | {len(fine)} | {sum(fine)} | {len(dsc)} | "
            f"{count['accept']} | {count['look']} | {count['reject']} | {span} |"
        )
    lines += [
        "", "## Each", "",
        "| | patient | good | verdict | DSC | head, mm | why |", "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    lines += [
        f"| {r['way']} | {r['patient']} {r['side']} | {'yes' if r['good'] else 'no'} | "
        f"{r['verdict']} | {r['dsc']:.3f} | {r.get('head_mm', '')} | {' '.join(r['reasons'])} |"
        for r in rows
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("patients", type=Path)
    parser.add_argument("--again", action="store_true", help="measure what is kept anew")
    parser.add_argument("--only", type=int, nargs="*", help="patients to measure and keep")
    args = parser.parse_args()
    numbers = args.only or list(range(1, COUNTS["scores"] + 1))
    rows = collect(args.patients, numbers, again=args.again)
    if args.only:
        return
    kept = [{name: row.get(name) for name in KEPT} for row in rows]
    lines = ",\n".join(" " + json.dumps(row) for row in kept)
    (OUT / "verdicts.json").write_text(f"[\n{lines}\n]\n")
    (OUT / "verdicts.md").write_text(page(rows))
    print(page(rows).partition("## Each")[0])


if __name__ == "__main__":
    main()
