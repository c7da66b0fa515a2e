"""docs/results/real.md from the rows of benchmarks.real."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
SOURCES = (
    "Pictures: pelvic-ref: TCIA Pelvic-Reference-Data (doi 10.7937/TCIA.2019.WOSKQ5OO). STS: TCIA",
    "Soft-tissue-Sarcoma (doi 10.7937/K9/TCIA.2015.7GO2GSKS), CC BY 3.0. tcga-ay-4070: TCIA",
    "TCGA-COAD, CC BY 3.0. lidc-chest: TCIA LIDC-IDRI, CC BY 3.0. medimages:",
    "JuliaHealth/MedImages.jl, Apache-2.0. totalsegmentator-example: wasserth/TotalSegmentator,",
    "Apache-2.0. All are shown as small sections with an outline drawn on them.",
)
INTRO = (
    "# Real scans",
    "",
    "`python -m benchmarks.real`: every scan of ../shared/data through `femurkit inspect` and",
    "`femurkit reconstruct`, beside a table made by eye (`benchmarks/real_scans.csv`).",
    "",
    "A femur must be found where its head or one of its trochanters is in the scan, even in part.",
    "A scan of the shaft alone, of the knee, or of another place must be refused: exit code 4, and",
    "`inspect` names no femur. Wrong side: a femur that is there, called by the other side.",
    "",
    "The fine network has learnt from outlines that femurkit drew in these scans, but for",
    "pelvic-ref-002 and those without a proximal femur. So this page does not say how good it is",
    "on scans that it has never seen.",
    "",
)
SIDES = (
    "How the side of a box is known (`side_from`): *header*: DICOM orientation. *organs*: the",
    "liver lies on the right. *anatomy*: the head is up, the ischium and the table are behind;",
    "the side on which the pelvis lies then tells a left femur from a right one. Four boxes of",
    "patients who lay feet first (014, 023, 046, 050) agree with the manifest of the data. The",
    "anatomy of one leg cannot show whether a whole image was mirrored before it was published.",
    "",
)


def parts(row: Row, side: str) -> str:
    """What of a femur is in the scan, in words."""
    names = {"head": "head", "greater": "greater trochanter", "lesser": "lesser trochanter"}
    words = {key: row[f"{side}_{key}"] for key in names}
    if all(word == "none" for word in words.values()):
        return ""
    told = [names[key] + (" in part" if word == "part" else "")
            for key, word in words.items() if word != "none"]  # fmt: skip
    shaft = int(row[f"{side}_shaft_mm"])
    return f"{side}: {', '.join([*told, *([f'{shaft} mm of shaft'] if shaft else [])])}"


def verdicts(row: Row) -> str:
    """Each femur that was written: side, volume, verdict."""
    return ", ".join(f"{f['side']} {f['volume_ml']:.0f} ml {f['verdict']}" for f in row["femurs"])


def inspect_says(row: Row) -> str:
    """The sides that `inspect` names, or how it refused."""
    told = row["inspect"]
    return " and ".join(told["sides"]) or f"no femur ({told['exit']})"


def page(rows: list[Row]) -> str:
    """The whole page."""
    return "\n".join([*INTRO, *totals(rows), "", *table(rows), "", *SIDES, *pictures(rows)])


def totals(rows: list[Row]) -> list[str]:
    """One paragraph: how many were found, missed, invented, and refused as they should be."""
    count = {key: sum(len(row[key]) for row in rows)
             for key in ("expected", "found", "missed", "wrong_side", "invented")}  # fmt: skip
    empty = [row for row in rows if not row["expected"]]
    refused = sum(row["exit"] == 4 for row in empty)
    silent = sum(row["inspect"]["exit"] == 4 for row in empty)
    agree = sum(row["inspect"]["sides"] == row["expected"] for row in rows)
    return [
        f"**{count['found']} of {count['expected']} femora found, {count['missed']} missed, "
        f"{count['wrong_side']} with the wrong side, {count['invented']} invented.** Of "
        f"{len(empty)} scans without a proximal femur `reconstruct` refuses {refused} with exit "
        f"code 4, and `inspect` {silent}. `inspect` names the right femora in {agree} of "
        f"{len(rows)} scans.",
    ]


def table(rows: list[Row]) -> list[str]:
    """One line a scan."""
    out = [
        "| scan | in the scan | missed, wrong or invented | exit | femora written | inspect | s |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        there = "; ".join(filter(None, (parts(row, side) for side in ("left", "right"))))
        bad = "; ".join(f"**{key.replace('_', ' ')}: {' and '.join(row[key])}**"
                        for key in ("missed", "wrong_side", "invented") if row[key])  # fmt: skip
        out.append(
            f"| {row['scan']} | {there or 'no proximal femur'} | {bad} | {row['exit']} | "
            f"{verdicts(row)} | {inspect_says(row)} | {row['seconds']:.0f} |"
        )
    return out


def pictures(rows: list[Row]) -> list[str]:
    """The picture of each scan, with what the eye saw and what was said."""
    out = [
        "## Pictures",
        "",
        "The whole scan from the front (the patient's left is on the right), then a coronal and an",
        "axial section through the right and through the left joint, 100 mm wide; red is the",
        "outline that femurkit wrote. Where a head is not in the scan, the sections pass through",
        "the top of the femur.",
        "",
        *SOURCES,
        "",
    ]
    for row in rows:
        about = [row["note"]]
        about += [f"contrast: {row['contrast']}"] if row["contrast"] != "none" else []
        about += [f"metal: {row['metal']}"] if row["metal"] != "none" else []
        reasons = [f"- {f['side']}, {f['verdict']}: {' '.join(f['verdict_reasons'])}"
                   for f in row["femurs"] if f["verdict_reasons"]]  # fmt: skip
        said = [f"- refused: {text}" for text in row["said"]] if row["exit"] else []
        out += [
            f"### {row['scan']}", "", "; ".join(about) + f"; side from: {row['side_from']}.", "",
            f"![{row['scan']}](real/{row['scan']}.webp)", "", *reasons, *said, "",
        ]  # fmt: skip
    return out
