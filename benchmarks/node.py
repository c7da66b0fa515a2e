"""Studies sent to a node that is killed again and again: `python -m benchmarks.node`.

A small patient under many study UIDs is sent by C-STORE to `femurkit serve --side left`, which
returns femurs to an Orthanc on loopback. The node is killed outright (kill -9) at random moments,
while images arrive, femurs are made or results leave, and begun again; a sender that is cut off
sends its study again. At the end every study must have exactly its objects in Orthanc, once.
Writes docs/results/node.json and .md.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pydicom import dcmread
from pydicom.uid import generate_uid

from benchmarks.orthanc import Orthanc, free_port, missing, orthanc
from femurkit.cli import run
from femurkit.dicom import write_new_series
from femurkit.geometry import Grid
from femurkit.node.config import Peer
from femurkit.node.destination import NotTaken, send
from femurkit.sources import load
from femurkit.volume import Volume

OUT = Path(__file__).parent.parent / "docs" / "results"
SPACING = "5,2,2"
TITLE = "CT01"
AHEAD = 6
"""Studies that are sent before the first of them is done."""


def template(folder: Path) -> Volume:
    """The left half of a coarse patient."""
    run(["phantom", "-o", str(folder), "--seed", "5", "--spacing", SPACING])
    volume = load(folder / "P001" / "ct").volume
    middle = volume.grid.shape[2] // 2  # columns run to the patient's left
    corner = volume.grid.to_world((0, 0, middle))
    left = volume.array[:, :, middle:]
    return Volume(left.copy(), Grid.aligned(left.shape, volume.grid.spacing_mm, corner))


def study(volume: Volume, number: int, seed: int, folder: Path) -> list[Path]:
    """The files of one study, of a patient of its own."""
    patient = {"PatientName": f"Secret^Sam{number}", "PatientID": f"SECRET-{number:04d}"}
    write_new_series(volume, folder, seed_text=f"node {seed} {number}", patient=patient)
    return sorted(folder.iterdir())


@dataclass
class Node:
    """A node that can be killed and begun again at the same address."""

    folder: Path
    options: list[str]
    port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "femurkit", "serve", "-o", str(self.folder), "--json"]
        command += ["--port", str(self.port), "--http-port", str(self.http_port), *self.options]
        with self.folder.with_suffix(".log").open("a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        self.process.stdout.readline()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def states(self) -> Counter[str]:
        """How many studies are where; nothing while it is down."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.http_port}/queue", timeout=10
            ) as got:
                return Counter(s["state"] for s in json.load(got)["studies"])
        except (OSError, ValueError):
            return Counter()


def send_all(node: Node, volume: Volume, count: int, seed: int, folder: Path) -> int:
    """Send every study until the node has taken it whole; how often one was cut off."""
    cut_off = 0
    for number in range(count):
        files = study(volume, number, seed, folder / f"{number}")
        while True:
            states = node.states()
            if not states or states["done"] + AHEAD > number:
                try:
                    send(files, Peer("FEMURKIT", "127.0.0.1", node.port), title=TITLE)
                    break
                except NotTaken:
                    cut_off += 1
            time.sleep(0.5)
        for file in files:
            file.unlink()
    return cut_off


def kill_often(node: Node, count: int, kills: int, seed: int, stop: threading.Event) -> list[str]:
    """Kill the node at random moments, spread over the studies; what it was at each time."""
    chance, found = random.Random(seed), []
    for number in range(kills):
        due = count * (number + chance.random()) / kills
        while node.states()["done"] < min(due, count - 2) and not stop.is_set():
            time.sleep(0.1)
        time.sleep(chance.uniform(0, 8))
        states = node.states()
        found.append(", ".join(f"{n} {s}" for s, n in sorted(states.items()) if s != "done"))
        node.kill()
        time.sleep(chance.uniform(0, 2))
        node.start()
    return found


def tally(pacs: Orthanc, count: int, seed: int) -> dict[str, int]:
    """What is in the PACS, against what should be: one whole result a study, and nothing else."""
    wanted = {generate_uid_of(seed, number) for number in range(count)}
    found = Counter()
    kinds = Counter()
    for identifier in pacs.json("/studies"):
        there = pacs.json(f"/studies/{identifier}")
        modalities = Counter()
        for series in there["Series"]:
            one = pacs.json(f"/series/{series}")
            modalities[one["MainDicomTags"]["Modality"]] += 1
            kinds[f"{one['MainDicomTags']['Modality']} of {len(one['Instances'])}"] += 1
        whole = modalities == Counter({"SEG": 1, "CT": 1, "M3D": 1})
        known = there["MainDicomTags"]["StudyInstanceUID"] in wanted
        found["once" if whole and known else "wrong"] += 1
    return {"once": found["once"], "wrong": found["wrong"], **dict(sorted(kinds.items()))}


def generate_uid_of(seed: int, number: int) -> str:
    """The study UID that study() gives."""
    return generate_uid(entropy_srcs=["femurkit", f"node {seed} {number}", "study"])


def experiment(count: int, kills: int, seed: int, work: Path) -> dict:
    """All of it; what is written down."""
    volume = template(work / "template")
    first = study(volume, 0, seed, work / "first")
    assert dcmread(first[0]).StudyInstanceUID == generate_uid_of(seed, 0)
    with orthanc(work / "orthanc") as pacs:
        options = ["--to", pacs.to, "--settle", "2", "--patience", "20", "--side", "left"]
        node = Node(work / "node", options)
        began, stop = time.monotonic(), threading.Event()
        node.start()
        states: list[str] = []
        killer = threading.Thread(
            target=lambda: states.extend(kill_often(node, count, kills, seed, stop))
        )
        killer.start()
        try:
            cut_off = send_all(node, volume, count, seed, work / "sent")
            while killer.is_alive() or node.states()["done"] < count:
                if node.states()["refused"] + node.states()["failed"]:
                    break
                time.sleep(1)
        finally:
            stop.set()
            killer.join()
            final = dict(node.states())
            node.kill()
        minutes = (time.monotonic() - began) / 60
        parts = len(list((work / "node").rglob("*.part")))
        return {
            "studies": count, "kills": kills, "seed": seed, "slices": len(first),
            "minutes": round(minutes, 1), "cut_off": cut_off, "killed_while": states,
            "final": final, "in_orthanc": tally(pacs, count, seed), "left_over": parts,
        }  # fmt: skip


def as_page(told: dict) -> str:
    """The result in words."""
    rows = [
        ("studies sent", told["studies"]),
        ("slices in each", told["slices"]),
        ("kills of the node", told["kills"]),
        ("sendings that were cut off and begun again", told["cut_off"]),
        ("studies done at the end", told["final"].get("done", 0)),
        ("studies whose result is in Orthanc whole, once", told["in_orthanc"]["once"]),
        ("studies in Orthanc that are anything else", told["in_orthanc"]["wrong"]),
        ("half-written files or folders left", told["left_over"]),
        ("minutes", told["minutes"]),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    moments = "\n".join(
        f"{n}. {what or 'nothing'}" for n, what in enumerate(told["killed_while"], 1)
    )
    return (
        "# A node that is killed\n\nGenerated by `python -m benchmarks.node`; do not edit.\n\n"
        f"| | |\n|---|---|\n{table}\n\nStudies under way at each kill:\n\n{moments}\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    if why := missing():
        sys.exit(why)
    with tempfile.TemporaryDirectory() as work:
        told = experiment(args.studies, args.kills, args.seed, Path(work))
    (args.out / "node.json").write_text(json.dumps(told, indent=1) + "\n")
    (args.out / "node.md").write_text(as_page(told))
    print(as_page(told))
    good = told["in_orthanc"]["once"] == args.studies and not told["in_orthanc"]["wrong"]
    sys.exit(0 if good and not told["left_over"] else 1)


if __name__ == "__main__":
    main()
