"""Which candidates a tuning job tries: all at random, or many a little and the better ones more.

Candidates depend on the seed alone; which of them get more epochs, on their scores too.
"""

from __future__ import annotations

import collections
import dataclasses
import random
from typing import Protocol

from local.sagemaker.tuning.space import Space

REDUCTION = 3  # of the candidates of a rung, one in so many goes on, with as many times the epochs


@dataclasses.dataclass(frozen=True)
class Candidate:
    """Hyperparameters to try: those that were drawn, and the epochs where the search gives them."""

    drawn: dict[str, str]
    epochs: int | None = None


class Search(Protocol):
    def next(self) -> Candidate | None:
        """A candidate to start now. None: there is none, until another one is reported, if any
        still runs."""
        ...

    def report(self, candidate: Candidate, score: float | None) -> None:
        """How a candidate that `next` gave did; more is better, None is a failure."""
        ...


class RandomSearch:
    """So many draws, whatever becomes of them."""

    def __init__(self, space: Space, jobs: int, seed: int | None) -> None:
        rng = random.Random(seed)  # noqa: S311 - no secret
        self._waiting = collections.deque(Candidate(space.draw(rng)) for _ in range(jobs))

    def next(self) -> Candidate | None:
        return self._waiting.popleft() if self._waiting else None

    def report(self, candidate: Candidate, score: float | None) -> None:
        pass


@dataclasses.dataclass(frozen=True)
class Rung:
    """One round of successive halving."""

    candidates: int
    epochs: int


class SuccessiveHalving:
    """Every candidate of a rung is trained for few epochs, the best third for three times as many.

    This stands for AWS's Hyperband, from which it differs in three ways. AWS starts every
    candidate with all epochs and stops it when it falls behind, by the values that its log gives
    after each epoch; here a candidate that goes on starts anew with more epochs, so that its
    learning rate falls over all of them, and a candidate that does not has been a whole training.
    AWS runs several such races with different first rungs, and decides while candidates run; here
    there is one race, which waits for all candidates of a rung. And what starts anew counts as a
    training job here.
    """

    def __init__(self, space: Space, rungs: list[Rung], seed: int | None) -> None:
        rng = random.Random(seed)  # noqa: S311 - no secret
        self._rungs = collections.deque(rungs)
        self._scores: list[tuple[float, int, Candidate]] = []
        first = self._rungs.popleft()
        draws = [space.draw(rng) for _ in range(first.candidates)]
        self._begin([Candidate(drawn, first.epochs) for drawn in draws])

    def next(self) -> Candidate | None:
        return self._waiting.popleft() if self._waiting else None

    def report(self, candidate: Candidate, score: float | None) -> None:
        self._unreported -= 1
        if score is not None:
            self._scores.append((-score, self._order.index(candidate), candidate))
        if self._unreported == 0 and self._rungs:
            rung = self._rungs.popleft()
            best = sorted(self._scores, key=lambda scored: scored[:2])[: rung.candidates]
            self._begin([Candidate(one.drawn, rung.epochs) for _, _, one in best])

    def _begin(self, candidates: list[Candidate]) -> None:
        self._scores.clear()
        self._order = candidates  # of equal scores the candidate that was drawn first wins
        self._waiting = collections.deque(candidates)
        self._unreported = len(candidates)


def rungs(jobs: int, least: int, most: int) -> list[Rung]:
    """The rungs that make the most of `jobs` training jobs, of `least` to `most` epochs each.

    The last rung's candidates are trained for `most`.
    """
    epochs = [most]
    while epochs[0] // REDUCTION >= max(1, least):
        epochs.insert(0, epochs[0] // REDUCTION)
    for first in range(jobs, 0, -1):
        sizes = [first // REDUCTION**rung for rung in range(len(epochs))]
        sizes = [size for size in sizes if size]
        if sum(sizes) <= jobs:
            return [Rung(*rung) for rung in zip(sizes, epochs[-len(sizes) :], strict=True)]
    raise ValueError(f"{jobs} training jobs")
