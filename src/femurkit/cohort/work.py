"""What a worker does: one study, from its CT to a folder of results or a reason why not."""

from __future__ import annotations

import json
import resource
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from femurkit.errors import FemurkitError, OutputExists
from femurkit.memory import keep_freed

State = Literal["done", "refused", "failed"]
KIB = 1024 if sys.platform != "darwin" else 1024 * 1024


@dataclass(frozen=True)
class Ended:
    """How a study ended. code and message: of a refusal, or of what nobody foresaw.

    seconds: it took; peak_mb: the most memory its worker has had so far.
    """

    study: str
    state: State
    code: str = ""
    message: str = ""
    seconds: float = 0.0
    peak_mb: float = 0.0


def place_of(out: Path, study: str) -> Path:
    """The folder of a study's results; it appears whole or not at all."""
    return out / "studies" / study


def refusal_of(out: Path, study: str) -> Path:
    """The file that says why a study has no results."""
    return out / "refused" / f"{study}.json"


def do_study(study: str, ct: str, out: str, options: Mapping[str, Any]) -> Ended:
    """Reconstruct one study into its place below OUT.

    A scan that is refused is noted there; a fault of ours is not, so that it is tried again when
    the cohort is. options: keyword arguments of `reconstruct`.
    """
    from femurkit.pipeline import reconstruct

    keep_freed()
    start, folder = time.monotonic(), Path(out)
    state: State = "done"
    code = message = ""
    try:
        reconstruct(ct, place_of(folder, study), **options)
    except OutputExists:
        pass  # another worker, taken for dead, has done it
    except FemurkitError as error:
        state, code, message = "refused", error.code, str(error)
    except Exception as error:  # whatever it is, the rest of the cohort goes on
        state, code, message = "failed", "Bug", _where(error)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB
    ended = Ended(study, state, code, message, round(time.monotonic() - start, 2), round(peak))
    if state == "refused":
        path = refusal_of(folder, study)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(asdict(ended)) + "\n", encoding="utf-8")
        part.replace(path)
    return ended


def _where(error: Exception) -> str:
    """Kind and place of a fault; what it says may quote a header."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}"


def ended_before(out: Path, study: str) -> Ended | None:
    """How a study ended in an earlier run, if it did."""
    if (place_of(out, study) / "run.json").exists():
        return Ended(study, "done")
    try:
        return Ended(**json.loads(refusal_of(out, study).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
