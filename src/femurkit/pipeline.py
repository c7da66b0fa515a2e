"""The whole story: a CT in, two femurs out."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal

from femurkit import __version__
from femurkit.errors import NoFemurFound
from femurkit.femur import Femur, Outline, Recipe, Slices, Work
from femurkit.femurs import make_femurs
from femurkit.locate.boxes import hips_for
from femurkit.locate.hip import Hip, Located, MissingFemur
from femurkit.locate.missing import missing_findings
from femurkit.measure.verdict import verdict
from femurkit.output import FEMURS, whole_or_nothing
from femurkit.remark import Remark
from femurkit.report.render import write_report
from femurkit.report.run import Run, record_of, report_of
from femurkit.report.tables import write_csv, write_json
from femurkit.result import Result
from femurkit.segment.engines import Device
from femurkit.segment.weights import fine_network, joint_network, shipped, weights_hash
from femurkit.solid import faces
from femurkit.sources import Gaps, advice_for, load
from femurkit.steps import Listener, Steps
from femurkit.surface.files import AS_FOUND, SurfaceFiles, SurfaceOptions

Which = Literal["both", "left", "right"]


def reconstruct(
    path: Path | str,
    out: Path | str,
    *,
    side: Which = "both",
    recipe: Recipe = "default",
    weights: Path | str | None = None,
    outline: Outline | None = None,
    device: Device = "auto",
    overwrite: bool = False,
    series_uid: str | None = None,
    gaps: Gaps = "refuse",
    anonymize: bool = False,
    slices: Slices = "touched",
    uncertainty: bool = False,
    strict: bool = False,
    surfaces: SurfaceOptions = AS_FOUND,
    progress: Listener | None = None,
) -> Result:
    """Turn a hip CT into femurs: masks, segmented DICOM, surfaces, measurements, report.

    path: folder, zip, or NIfTI/NRRD/MetaImage file in HU; never changed. out: a folder that appears
    whole or not at all. recipe: which shipped network segments, and how the hollow bone is made;
    weights: an .onnx from training to use in the network's place. outline: brought to the edges
    that the CT shows, or as the network draws it; not said, the edge for the network of the recipe
    default, whose convention that is. gaps: resample puts in missing slices. anonymize: all that is
    written is de-identified, with UIDs that are new in each run. uncertainty: write the map of the
    network's doubt too. strict: a side that was asked for and cannot be made is an error, and
    nothing is written. surfaces: formats, axes and triangles of their files.
    progress: called with the name of each step as it begins.
    Raises InputRefused (a subclass says why) or NoFemurFound.
    """
    steps, path, out = Steps(progress), Path(path), Path(out)
    weights = None if weights is None else Path(weights)
    with whole_or_nothing(out, overwrite=overwrite, kind=FEMURS, source=path) as folder:
        with ThreadPoolExecutor(1) as beside:  # the networks are loaded while the scan is read
            loading = beside.submit(fine_network, recipe, weights=weights, device=device)
            beside.submit(shipped, "coarse", device)
            joint_loading = beside.submit(joint_network, recipe, weights=weights, device=device)
            with steps("read"):
                scan = load(path, series_uid=series_uid, gaps=gaps, anonymize=anonymize)
            network, joint = loading.result(), joint_loading.result()
        sha256 = weights_hash(network, joint)
        with steps("find hips"), advice_for(scan):
            located = hips_for(network, scan.volume, device=device)
            hips, missing = _wanted(located, side)
            _refuse_missing(missing, strict=strict)
        files = SurfaceFiles(folder, surfaces, faces(scan.volume.grid))
        drawn = outline or ("network" if weights or recipe == "paper" else "edge")
        femurs, failed, notes = make_femurs(
            Work(
                scan, network, sha256, recipe, drawn, files, slices, uncertainty,
                shipped=weights is None, steps=steps, joint=joint,
            ),
            hips,
        )  # fmt: skip
        missing = (*missing, *failed)
        _refuse_missing(missing, strict=strict)
        said = by_femur(scan.remarks)
        femurs = _judged(femurs, said)
        lost = missing_findings(missing)
        warnings = (*map(str, lost), *scan.notes, *notes)
        settings = {
            "side": side, "recipe": recipe, "network": "given" if weights else "shipped",
            "outline": drawn,
            "device": network.device, "slices": slices, "gaps": gaps,
            "anonymize": "yes" if anonymize else "no",
            "uncertainty": "yes" if uncertainty else "no",
            **surfaces.told(),
        }  # fmt: skip
        told = [(one.side.value, r) for one, r in zip(missing, lost, strict=True)]
        told += [("scan", r) for r in said]
        told += [(femur.side.value, r) for femur in femurs for r in femur.remarks]
        made = [femur.side.value for femur in femurs]
        run = Run(scan, __version__, sha256, settings, warnings, steps, told, made, missing)
        with steps("report"):
            write_report(report_of(run, [f.page for f in femurs]), folder / "report.html")
        measurements = tuple(femur.measured for femur in femurs)
        write_json(measurements, folder / "measurements.json")
        write_csv(measurements, folder / "measurements.csv")
        write_json(record_of(run), folder / "run.json")
    return Result(
        out, measurements, warnings, steps.seconds, steps.elapsed, surfaces.space, missing,
        severe=_severe(told),
    )  # fmt: skip


def _wanted(located: Located, which: Which) -> tuple[list[Hip], tuple[MissingFemur, ...]]:
    """The hips asked for, and those of them that are missing; NoFemurFound if none is there."""
    chosen = [hip for hip in located.hips if which in ("both", hip.side.value)]
    missing = tuple(m for m in located.missing if which in ("both", m.side.value))
    if not chosen:
        found = " and ".join(hip.side.value for hip in located.hips)
        why = " ".join(finding.text for finding in missing_findings(missing))
        raise NoFemurFound(f"{why} Found: {found}.")
    return chosen, missing


def _refuse_missing(missing: Sequence[MissingFemur], *, strict: bool) -> None:
    """Raise NoFemurFound if a femur is missing and none may be."""
    if strict and missing:
        text = " ".join(finding.text for finding in missing_findings(missing))
        raise NoFemurFound(text, remedy="Leave --strict out to get what was found.")


def _severe(told: Sequence[tuple[str, Remark]]) -> frozenset[str]:
    """The sentences of remarks that are warnings, alone and with their hip before them."""
    warned = [(where, str(one)) for where, one in told if one.severity == "warning"]
    return frozenset(
        text for where, one in warned for text in (one, f"{where.capitalize()} hip: {one}")
    )


def by_femur(remarks: Sequence[Remark]) -> tuple[Remark, ...]:
    """Remarks on the scan, with metal a note: each femur's own check NO_STREAKS warns of it."""
    return tuple(
        replace(remark, severity="note") if remark.code == "METAL_FREE" else remark
        for remark in remarks
    )


def _judged(femurs: Sequence[Femur], said: Sequence[Remark]) -> list[Femur]:
    """Each with its verdict: what a person should do with it. said: of the scan."""
    out = []
    for femur in femurs:
        other = next((f.measured for f in femurs if f.side is not femur.side), None)
        judged = verdict(femur.measured, other=other, remarks=(*said, *femur.remarks))
        told = {"verdict": judged.word, "verdict_reasons": list(judged.reasons)}
        page = replace(femur.page, verdict=judged)
        out.append(replace(femur, measured=femur.measured | told, page=page))
    return out
