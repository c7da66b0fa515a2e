"""All femurs of a scan. What can run side by side does."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from femurkit.dicom.common import quiet
from femurkit.errors import DegenerateShape, NoFemurFound
from femurkit.femur import (
    Drawn,
    Femur,
    Measured,
    Work,
    draw_femur,
    measure_femur,
    picture_femur,
    write_segmentation,
    write_slices,
)
from femurkit.locate.hip import Hip, MissingFemur
from femurkit.locate.missing import missing_findings
from femurkit.threads import threads

T = TypeVar("T")


def make_femurs(
    work: Work, hips: Sequence[Hip]
) -> tuple[list[Femur], list[MissingFemur], list[str]]:
    """Every femur that can be made, those that could not, and notes about those that were.

    Raises NoFemurFound if none can.
    """
    # Quiet around all of them: a thread that ends its own quiet would end that of the others.
    with quiet(), ThreadPoolExecutor(threads()) as pool:
        try:
            femurs, failed = _made(work, hips, pool)
        except BaseException:
            work.steps.stop()
            raise
    made = {femur.side for femur in femurs}
    for hip in hips:
        if hip.side not in made:
            shutil.rmtree(work.files.folder / hip.side.value, ignore_errors=True)
    if not femurs:
        raise NoFemurFound(" ".join(map(str, missing_findings(failed))))
    return femurs, failed, [note for femur in femurs for note in femur.notes]


def _made(
    work: Work, hips: Sequence[Hip], pool: ThreadPoolExecutor
) -> tuple[list[Femur], list[MissingFemur]]:
    """The same, by the threads of a pool."""
    # DICOM is written by Python, which one thread runs at a time; the rest is mostly not. So one is
    # begun beside the other, and what is waited for longest comes first. Each waits for what was
    # begun before it, so there is always one that need not wait.
    drawn = [pool.submit(_or_missing, draw_femur, work, hip) for hip in hips]
    written = [pool.submit(_then, write_slices, work, each) for each in drawn[:1]]
    measured = [pool.submit(_then, measure_femur, work, each) for each in drawn]
    written.append(pool.submit(lambda: write_segmentation(work, _there(drawn))))
    written += [pool.submit(_then, write_slices, work, each) for each in drawn[1:]]
    pictured = [pool.submit(_then, picture_femur, work, each) for each in measured]
    for each in written:
        each.result()
    femurs = _there(pictured)
    if len(femurs) < len(_there(drawn)):
        write_segmentation(work, femurs)
    return femurs, [lost for p in pictured if isinstance(lost := p.result(), MissingFemur)]


def _or_missing(
    make: Callable[[Work, Any], T], work: Work, which: Hip | Drawn | Measured
) -> T | MissingFemur:
    """What is made of a femur, or why it could not be made."""
    try:
        return make(work, which)
    except DegenerateShape as error:
        return MissingFemur(which.side, True, str(error))


def _there(made: Sequence[Future[Any]]) -> list[Any]:
    """What could be made."""
    return [each for m in made if not isinstance(each := m.result(), MissingFemur)]


def _then(make: Callable[[Work, Any], T], work: Work, before: Future[Any]) -> T | MissingFemur:
    """The same, of what another thread makes; if that could not be made, why."""
    found = before.result()
    return found if isinstance(found, MissingFemur) else _or_missing(make, work, found)
