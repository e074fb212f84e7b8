"""Which running values a run may still be asked for, by where it stands."""

from collections.abc import Mapping

from operators.cep.nfa import Nfa
from operators.cep.positions import Frames
from operators.cep.ways import looks


def needed(nfa: Nfa, asks: Mapping[int, frozenset[int]]) -> dict[Frames, frozenset[int]]:
    """For each position the accumulators that a condition there, or further on, reads.

    Args:
        nfa: the state machine.
        asks: for each predicate that looks at the run, the accumulators that it reads.
    """
    found: dict[Frames, frozenset[int]] = {}
    before: dict[Frames, list[Frames]] = {}
    pending = []
    for position in nfa.places():
        own = looks(position.ways)
        asked = (numbers for bit, numbers in asks.items() if own & bit)
        found[position.frames] = frozenset().union(*asked)
        pending.append(position.frames)
        for way in position.ways:
            if way.target:
                before.setdefault(way.target, []).append(position.frames)
    while pending:
        frames = pending.pop()
        for earlier in before.get(frames, ()):
            if not found[frames] <= found[earlier]:
                found[earlier] |= found[frames]
                pending.append(earlier)
    return found


def repeated(nfa: Nfa) -> set[Frames]:
    """Positions to which a run can come back, and those between two such."""
    onward = {
        position.frames: {way.target for way in position.ways if way.target}
        for position in nfa.places()
    }
    backward: dict[Frames, set[Frames]] = {frames: set() for frames in onward}
    for frames, targets in onward.items():
        for target in targets:
            backward[target].add(frames)
    return _without_ends(_without_ends(set(onward), onward, backward), backward, onward)


def _without_ends(
    frames: set[Frames],
    onward: Mapping[Frames, set[Frames]],
    backward: Mapping[Frames, set[Frames]],
) -> set[Frames]:
    """Those from which some way leads on for ever."""
    left = {one: len(onward[one] & frames) for one in frames}
    ends = [one for one, ways in left.items() if not ways]
    while ends:
        end = ends.pop()
        del left[end]
        for earlier in backward[end]:
            if earlier in left:
                left[earlier] -= 1
                if not left[earlier]:
                    ends.append(earlier)
    return set(left)
