"""Which femurs a scan holds: propose, verify, decide, look again.

The coarse network proposes every place that it marks at all. Each place is verified: drawn by the
fine network, held against the shape model, and looked at for a socket. The best set that can belong
to one body is kept. If one side is missing, its place across the midline is verified as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from femurkit.anatomy import Side
from femurkit.errors import NoFemurFound
from femurkit.locate.candidates import Candidate, propose
from femurkit.locate.coarse import CoarseAnswer, coarse_answer
from femurkit.locate.decide import APART_MM, MAX_HEIGHT_MM, choose
from femurkit.locate.edges import edges_of_coarse
from femurkit.locate.hip import Hip, Located, MissingFemur
from femurkit.locate.mirror import holds_other_hip, mirrored_candidate
from femurkit.locate.verify import Rejected, Verified, box_around, verify
from femurkit.segment.weights import Network, shipped
from femurkit.threads import threads
from femurkit.volume import Volume

TURNS_DEG = (0.0, 12.0, -12.0)
"""Turns of the scan, one after the other until a femur is found: networks lose tilted hips."""
AT_ONCE = 2
"""Candidates verified before it is asked whether others are needed: whatever the number of threads,
so that the answer does not depend on it."""
NOT_IN_SCAN = "the scan does not show the place where it should be"
NOT_MARKED = "nothing at its place looks like a femur"


def find_hips(volume: Volume, *, network: Network | None = None, device: str = "auto") -> list[Hip]:
    """Left and right proximal femur, as far as they are in the scan; see locate()."""
    return list(locate(volume, network=network, device=device).hips)


def locate(volume: Volume, *, network: Network | None = None, device: str = "auto") -> Located:
    """Left and right proximal femur, as far as they are in the scan, and what is missing.

    network: the one that will segment, which the boxes must suit; the default recipe's if not
    given. Raises NoFemurFound if neither femur is there.
    """
    fine = shipped("fine", device)
    rejected: list[Rejected] = []
    candidates: list[Candidate] = []
    for turn_deg in TURNS_DEG:
        answer = coarse_answer(volume, shipped("coarse", device), turn_deg=turn_deg)
        new = propose(answer, seen=candidates)
        candidates += new
        found, not_femurs = _verify_all(new, volume, fine)
        rejected += not_femurs
        chosen = choose(found)
        if chosen:
            break
    if len(chosen) == 1:
        again = _look_again(chosen[0], candidates, volume, fine)
        chosen = choose([*chosen, *(one for one in again if isinstance(one, Verified))])
        rejected += [one for one in again if isinstance(one, Rejected)]
    if not chosen:
        raise NoFemurFound(_nothing(rejected))
    hips = tuple(_hip(one, volume, answer, network or fine, fine) for one in chosen)
    missing = tuple(
        _missing(side, chosen[0], volume, rejected)
        for side in Side
        if side not in {one.side for one in chosen}
    )
    return Located(hips, missing)


def _verify_all(
    candidates: Sequence[Candidate], volume: Volume, fine: Network
) -> tuple[list[Verified], list[Rejected]]:
    """Verify candidates, two at a time, until no other can change the answer."""
    found: list[Verified] = []
    rejected: list[Rejected] = []
    waiting = list(candidates)
    with ThreadPoolExecutor(threads()) as pool:
        while waiting:
            now, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
            tasks = [(candidate, _side_of(candidate, found)) for candidate in now]
            looks = pool.map(lambda task: _look_at(task[0], task[1], volume, fine), tasks)
            for one in chain.from_iterable(looks):
                if isinstance(one, Verified):
                    found.append(one)
                else:
                    rejected.append(one)
            waiting = [c for c in waiting if not _settled(c, found)]
    return found, rejected


def _look_at(
    candidate: Candidate, side: Side, volume: Volume, fine: Network
) -> list[Verified | Rejected]:
    """A candidate as a femur of one side; of the other as well where that is not clear."""
    looks = [verify(candidate, side, volume, fine)]
    clear = isinstance(looks[0], Verified) and looks[0].sure
    if not clear and not candidate.one_sided:
        looks.append(verify(candidate, side.other, volume, fine))
    return looks


def _side_of(candidate: Candidate, found: Sequence[Verified]) -> Side:
    """The side that is left if a sure femur lies on one side of it, else what was marked."""
    for one in found:
        if one.sure and _may_be_partner(candidate, one):
            return one.side.other
    return candidate.side


def _settled(candidate: Candidate, found: Sequence[Verified]) -> bool:
    """Whether a candidate need not be verified, since a sure femur leaves no room for it."""
    sure = [one for one in found if one.sure]
    return len({one.side for one in sure}) == 2 or any(
        not _may_be_partner(candidate, one) for one in sure
    )


def _may_be_partner(candidate: Candidate, known: Verified) -> bool:
    """Whether a candidate lies where the other femur of a known one may lie."""
    head = known.landmarks.head
    medial = known.side.sign * (head[0] - candidate.centre[0])
    return bool(
        APART_MM[0] / 2 <= medial <= APART_MM[1]
        and candidate.low[2] - MAX_HEIGHT_MM <= head[2] <= candidate.high[2] + MAX_HEIGHT_MM
    )


def _look_again(
    known: Verified, candidates: Sequence[Candidate], volume: Volume, fine: Network
) -> list[Verified | Rejected]:
    """The other femur: candidates that were marked as the side of the known one, then its place
    across the midline if the scan shows that. Nothing more is looked at once one is found.
    """
    other = known.side.other
    places = [c for c in candidates if c.side is known.side and _may_be_partner(c, known)]
    if holds_other_hip(volume, known.landmarks, known.side):
        places.append(mirrored_candidate(known.landmarks, known.side))
    looks: list[Verified | Rejected] = []
    for place in places:
        looks.append(verify(place, other, volume, fine))
        if isinstance(looks[-1], Verified):
            break
    return looks


def _hip(
    one: Verified, volume: Volume, answer: CoarseAnswer, network: Network, fine: Network
) -> Hip:
    like_fine = (network.kind, network.spacing_mm, network.steps) == (
        fine.kind, fine.spacing_mm, fine.steps,
    )  # fmt: skip
    box = (
        one.probability.grid
        if like_fine
        else box_around(one.low, one.high, volume.grid, one.side, network)
    )
    drawn, implant = (one.probability, one.implant) if network is fine else (None, None)
    edges = edges_of_coarse(answer.femur, volume.grid, one.low, one.high)
    length = float(one.high[2] - one.low[2])
    return Hip(one.side, box, one.candidate.proximal_ml, edges, length, drawn, implant)


def _missing(
    side: Side, known: Verified, volume: Volume, rejected: Sequence[Rejected]
) -> MissingFemur:
    expected = holds_other_hip(volume, known.landmarks, known.side)
    if not expected:
        return MissingFemur(side, False, NOT_IN_SCAN)
    reason = next((r.reason for r in reversed(rejected) if r.side is side), NOT_MARKED)
    return MissingFemur(side, True, reason)


def _nothing(rejected: Sequence[Rejected]) -> str:
    """Why no femur was found, in sentences."""
    text = (
        "No proximal femur was found in this scan; at least one hip is needed, from the femoral "
        "head to below the lesser trochanter."
    )
    if rejected:
        text += f" The place most like one was rejected: {rejected[0].reason}."
    return text
