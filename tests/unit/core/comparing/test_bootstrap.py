from __future__ import annotations

import numpy as np
import pytest

from sonoflow.comparing import bootstrap
from sonoflow.comparing.answers import Classified, Segmented


def masks(dice: list[float]) -> Segmented:
    """Lesions alone, none of them missed."""
    nothing = np.full(len(dice), np.nan)
    return Segmented(np.array(dice), np.zeros(len(dice)), nothing)


def each(count: int) -> list[str]:
    return [f"group {number}" for number in range(count)]


def test_models_that_answer_the_same_are_equal_to_the_last_digit() -> None:
    dice = np.random.default_rng(0).uniform(size=40).tolist()

    found = bootstrap.compare(masks(dice), masks(dice), each(40))

    one = found.differences["lesion_dice"]
    assert (one.difference, one.interval, one.worse) == (0.0, (0.0, 0.0), False)
    assert found.too_few == {"normal_false_mask_rate": 0}


def test_a_difference_that_every_image_shares_is_beyond_chance_however_images_vary() -> None:
    """What is hard for one is hard for the other: unpaired intervals of these would overlap."""
    dice = np.random.default_rng(0).uniform(0.2, 0.9, size=40)

    found = bootstrap.compare(masks(dice.tolist()), masks((dice - 0.02).tolist()), each(40))

    one = found.differences["lesion_dice"]
    assert one.difference == pytest.approx(-0.02)
    assert one.interval == pytest.approx((-0.02, -0.02))
    assert one.worse
    better = bootstrap.compare(masks((dice - 0.02).tolist()), masks(dice.tolist()), each(40))
    assert not better.differences["lesion_dice"].worse


def test_the_bounds_are_those_of_the_known_distribution() -> None:
    """Given differences of 1 and -1, half of each: means of 100 of them have a deviation of 0.1.
    Two figures are told, so that the bounds lie at 2.5 and 97.5 per cent."""
    before = masks([0.0, 1.0] * 50)
    after = masks([1.0, 0.0] * 50)

    one = bootstrap.compare(before, after, each(100)).differences["lesion_dice"]

    assert one.difference == 0
    assert one.interval == pytest.approx((-0.196, 0.196), abs=0.02)
    assert not one.worse


def test_a_single_figure_has_bounds_of_one_side_each() -> None:
    scored = np.array([0, 1] * 50)
    found = bootstrap.compare(
        answers(scored, scored), answers(scored, np.roll(scored, 1)), each(100)
    )

    assert found.differences["accuracy"].worse  # all wrong
    assert found.differences["accuracy"].interval == (-1.0, -1.0)


def answers(true: np.ndarray, predicted: np.ndarray) -> Classified:  # type: ignore[type-arg]
    return Classified(true, predicted, np.eye(2)[predicted], ("a", "b"))


def test_images_of_one_group_count_as_one() -> None:
    """Thirty images of two patients tell of two: nothing that chance could not."""
    before, after = masks([0.9] * 30), masks([0.2] * 30)

    assert bootstrap.compare(before, after, each(30)).differences["lesion_dice"].worse
    few = bootstrap.compare(before, after, ["one", "other"] * 15)
    assert few.differences == {}
    assert few.too_few["lesion_dice"] == 2


def test_groups_widen_the_bounds() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, size=20).repeat(5)
    before = masks(np.full(100, 0.5).tolist())
    after = masks((0.5 + noise).tolist())

    alone = bootstrap.compare(before, after, each(100)).differences["lesion_dice"].interval
    grouped = bootstrap.compare(before, after, np.repeat(each(20), 5).tolist())
    wide = grouped.differences["lesion_dice"].interval

    assert wide[1] - wide[0] > 1.5 * (alone[1] - alone[0])


def test_of_a_rate_of_failures_more_is_worse() -> None:
    dice = np.full(30, 0.5)
    before = Segmented(dice, np.zeros(30), np.full(30, np.nan))
    after = Segmented(dice, np.ones(30), np.full(30, np.nan))

    assert bootstrap.compare(before, after, each(30)).differences["lesion_missed_rate"].worse
    assert not bootstrap.compare(after, before, each(30)).differences["lesion_missed_rate"].worse


@pytest.mark.slow
def test_a_model_as_good_is_called_worse_in_one_release_of_twenty_at_most() -> None:
    """Two models that err independently on a tenth of the images."""
    generator, wrong = np.random.default_rng(5), 0
    true = np.arange(120) % 3
    for trial in range(20):
        said = [np.where(generator.random(120) < 0.1, (true + 1) % 3, true) for _ in range(2)]
        models = [
            Classified(true, one, np.eye(3)[one], ("benign", "malignant", "normal")) for one in said
        ]
        found = bootstrap.compare(*models, each(120), seed=trial)
        wrong += any(one.worse for one in found.differences.values())

    assert wrong <= 2


def test_on_one_image_of_a_class_nothing_is_worse() -> None:
    """Without that image in a draw there is no AUC, and with it always the same difference."""
    true = np.array([1] + [0] * 40)
    first, then = np.full((41, 2), 0.5), np.full((41, 2), 0.5)
    first[0], then[1:21] = (0.1, 0.9), (0.1, 0.9)
    known = [Classified(true, true, one, ("benign", "malignant")) for one in (first, then)]

    found = bootstrap.compare(*known, each(41))

    few = {"macro_f1", "macro_auc", "malignant_sensitivity", "malignant_auc"}
    assert found.too_few == dict.fromkeys(few, 1)
    assert set(found.differences) == {"accuracy"}
