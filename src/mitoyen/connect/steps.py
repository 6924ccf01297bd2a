"""How long each reading's interval is, from the times alone. Pure numpy.

A reading's interval reaches back to the reading before it (or forward to the next, for stamps at the start), unless
the distance is a gap: then it has the step that prevails there. A longer distance that comes back at least
`CONFIRMED` times is a new step (meters do change from 30 to 60 minutes), a shorter one always is.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

CONFIRMED = 4
# Distances within a fifth of the step are the step itself: months of 28 to 31 days, days of 23 to 25 hours, jitter.
LOWER, UPPER = 0.8, 1.25

Ints = NDArray[np.int64]


@dataclass(slots=True)
class StepFinder:
    """Streams one series, in the direction of its stamps, and gives the lengths (microseconds) of each part.

    `prevailing` is the step that holds at the end of what was given so far.
    """

    prevailing: int = 0
    _steps: dict[int, int] = field(default_factory=dict)

    def lengths(self, distances: Ints, *, last: bool) -> Ints:
        """Lengths for as many leading `distances` (all > 0) as can be decided; all of them when `last`.

        Give what was left undecided again in front of the next part.
        """
        if not len(distances):
            return distances
        if not self.prevailing:
            self.prevailing = _first_step(distances)
        if int(distances.min()) >= LOWER * self.prevailing and int(distances.max()) <= UPPER * self.prevailing:
            self._count(self.prevailing, len(distances))
            self.prevailing = int(distances[-1])
            return distances.copy()
        return self._by_runs(distances, last=last)

    def _by_runs(self, distances: Ints, *, last: bool) -> Ints:
        breaks = np.flatnonzero((distances[1:] < LOWER * distances[:-1]) | (distances[1:] > UPPER * distances[:-1])) + 1
        starts = np.concatenate([[0], breaks])
        ends = np.concatenate([breaks, [len(distances)]])
        lengths = distances.copy()
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            step, count = int(distances[start]), end - start
            open_ended = end == len(distances) and not last
            if LOWER * self.prevailing <= step <= UPPER * self.prevailing or count >= CONFIRMED:
                self.prevailing = int(distances[end - 1])
            elif open_ended:
                return lengths[:start]
            elif step > self.prevailing:
                lengths[start:end] = self.prevailing
            self._count(self.prevailing, count)
        return lengths

    def _count(self, step: int, count: int) -> None:
        self._steps[step] = self._steps.get(step, 0) + count

    @property
    def usual(self) -> int:
        """The step of most readings, 0 when there is none."""
        return max(self._steps, key=lambda step: self._steps[step], default=0)


def _first_step(distances: Ints) -> int:
    """The step that a series starts with: the first that is confirmed by a repeat, else the middle one."""
    head = distances[:1000]
    same = (head[1:] >= LOWER * head[:-1]) & (head[1:] <= UPPER * head[:-1])
    run = (
        np.convolve(same.astype(np.int64), np.ones(CONFIRMED - 1, dtype=np.int64), "valid") if len(same) >= 3 else same
    )
    at = np.flatnonzero(run >= min(CONFIRMED - 1, len(same) or 1))
    return int(head[at[0]]) if len(at) else int(np.median(head))
