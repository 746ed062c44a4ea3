from __future__ import annotations

from collections.abc import Callable

import pytest

from local.sagemaker.tuning.search import (
    Candidate,
    RandomSearch,
    Rung,
    Search,
    SuccessiveHalving,
    rungs,
)
from local.sagemaker.tuning.space import Parameter, Space

SPACE = Space((Parameter("rate", low=0.0, high=1.0),))


def rate(candidate: Candidate) -> float:
    return float(candidate.drawn["rate"])


def run(search: Search, score: Callable[[Candidate], float | None]) -> list[Candidate]:
    """Runs a search to its end, one candidate after the other."""
    tried = []
    while (candidate := search.next()) is not None:
        tried.append(candidate)
        search.report(candidate, score(candidate))
    return tried


def test_a_seed_decides_what_is_drawn() -> None:
    tried = [run(RandomSearch(SPACE, 4, seed), rate) for seed in (1, 1, 2, None)]

    assert tried[0] == tried[1]
    assert len({rate(candidate) for several in tried for candidate in several}) == 12
    assert all(candidate.epochs is None for candidate in tried[0])


def test_the_best_third_of_each_rung_goes_on() -> None:
    search = SuccessiveHalving(SPACE, [Rung(9, 1), Rung(3, 3), Rung(1, 9)], seed=3)

    tried = run(search, rate)

    rates = sorted(map(rate, tried[:9]), reverse=True)
    assert [candidate.epochs for candidate in tried] == [1] * 9 + [3] * 3 + [9]
    assert list(map(rate, tried[9:])) == [*rates[:3], rates[0]]


def test_a_rung_begins_when_the_one_before_is_over() -> None:
    search = SuccessiveHalving(SPACE, [Rung(3, 1), Rung(1, 3)], seed=3)
    first = [search.next() for _ in range(3)]

    assert search.next() is None
    for candidate, score in zip(first, (0.1, 0.9, 0.5), strict=True):
        assert candidate is not None
        assert search.next() is None
        search.report(candidate, score)

    assert first[1] is not None
    assert search.next() == Candidate(first[1].drawn, 3)


def test_equal_scores_are_told_apart_by_the_draw_not_by_who_ended_first() -> None:
    search = SuccessiveHalving(SPACE, [Rung(3, 1), Rung(1, 3)], seed=3)
    first = [candidate for _ in range(3) if (candidate := search.next())]

    for candidate in reversed(first):
        search.report(candidate, 0.5)

    assert search.next() == Candidate(first[0].drawn, 3)


def test_a_failure_never_goes_on() -> None:
    search = SuccessiveHalving(SPACE, [Rung(3, 1), Rung(1, 3)], seed=3)
    worst = min(rate(one) for one in run(SuccessiveHalving(SPACE, [Rung(3, 1)], 3), rate))

    tried = run(search, lambda one: None if rate(one) > worst else rate(one))

    assert rate(tried[3]) == worst


def test_failures_alone_end_the_search() -> None:
    search = SuccessiveHalving(SPACE, [Rung(3, 1), Rung(1, 3)], seed=3)

    assert len(run(search, lambda _: None)) == 3


@pytest.mark.parametrize(
    ("jobs", "least", "most", "expected"),
    [
        (13, 1, 9, [(9, 1), (3, 3), (1, 9)]),
        (12, 1, 9, [(8, 3), (2, 9)]),
        (4, 1, 60, [(3, 20), (1, 60)]),
        (3, 1, 60, [(2, 60)]),
        (1, 1, 60, [(1, 60)]),
        (12, 5, 12, [(12, 12)]),
        (40, 1, 1, [(40, 1)]),
    ],
)
def test_rungs_fit_the_jobs_and_the_epochs(
    jobs: int, least: int, most: int, expected: list[tuple[int, int]]
) -> None:
    found = rungs(jobs, least, most)

    assert [(rung.candidates, rung.epochs) for rung in found] == expected
    assert sum(rung.candidates for rung in found) <= jobs
