"""The method: what it learns, that candidates do not disturb each other, and when it ends."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression

from local.sagemaker.linear_learner import training
from local.sagemaker.linear_learner.candidates import candidates_of
from local.sagemaker.linear_learner.dataset import Dataset
from local.sagemaker.linear_learner.errors import CustomerError
from local.sagemaker.linear_learner.hyperparameters import Hyperparameters, parse
from local.sagemaker.linear_learner.linear_models import falling
from local.sagemaker.linear_learner.model import Model
from local.sagemaker.linear_learner.training import Epoch, Fitted

PLANE = np.array([1.5, -2.0, 0.5, 0.0], np.float32)
NO_EARLY_STOP = 1_000_000  # epochs of patience


def settings(predictor_type: str, **given: str) -> Hyperparameters:
    return parse({"predictor_type": predictor_type, "mini_batch_size": "50", **given})


def rows(count: int, seed: int, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Features far from unit scale, and a linear value with noise."""
    generator = np.random.default_rng(seed)
    vectors = generator.normal([10, -3, 0, 100], [2, 1, 5, 30], (count, 4)).astype(np.float32)
    value = vectors @ PLANE + generator.normal(0, noise, count)
    return vectors, value.astype(np.float32)


def regression(count: int = 400, seed: int = 0) -> Dataset:
    return Dataset(*rows(count, seed))


def binary(count: int = 400, seed: int = 0, noise: float = 3.0) -> Dataset:
    vectors, value = rows(count, seed, noise)
    return Dataset(vectors, (value > 21).astype(np.float32))


def multiclass(count: int = 600, seed: int = 0) -> Dataset:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, count)
    centres = np.array([[0, 0], [4, 0], [0, 4]], np.float32)
    vectors = centres[labels] + generator.normal(0, 1, (count, 2))
    return Dataset(vectors.astype(np.float32), labels.astype(np.float32))


def test_a_regressor_finds_the_least_squares_solution() -> None:
    data = regression()
    given = settings("regressor", epochs="200", wd="0", l1="0", learning_rate="0.05")

    model = training.fit(given, data, data, patience=NO_EARLY_STOP).model

    exact = LinearRegression().fit(data.vectors, data.labels)
    np.testing.assert_allclose(model.weights[0], exact.coef_, atol=0.02)
    scores = model.predict(data.vectors).scores
    np.testing.assert_allclose(scores, exact.predict(data.vectors), atol=0.2)


def test_logistic_regression_is_that_of_scikit_learn() -> None:
    data = binary(1000)
    given = settings(
        "binary_classifier", epochs="300", wd="0.01", l1="0", num_models="1", learning_rate="0.02"
    )
    mean, deviation = data.vectors.mean(axis=0), data.vectors.std(axis=0)

    model = training.fit(given, data, data, patience=NO_EARLY_STOP).model

    scaled = (data.vectors - mean) / deviation
    exact = LogisticRegression(C=1 / (0.01 * data.rows), max_iter=1000).fit(scaled, data.labels)
    expected = exact.predict_proba(scaled)[:, 1]
    np.testing.assert_allclose(model.predict(data.vectors).scores, expected, atol=0.02)


def test_quantiles_hold_their_share_of_the_labels() -> None:
    """The label is greater than the prediction with the probability asked for."""
    data = regression(1000)
    given = settings("regressor", loss="quantile_loss", quantile="0.9", epochs="60")

    model = training.fit(given, data, data, patience=NO_EARLY_STOP).model

    share = (data.labels > model.predict(data.vectors).scores).mean()
    assert share == pytest.approx(0.9, abs=0.03)


def test_a_multiclass_classifier_separates_its_classes() -> None:
    given = settings("multiclass_classifier", num_classes="3")

    model = training.fit(given, multiclass(), multiclass(seed=1)).model

    fresh = multiclass(seed=2)
    answers = model.predict(fresh.vectors)
    assert answers.labels is not None
    assert (answers.labels == fresh.labels).mean() > 0.95
    assert answers.scores.shape == (fresh.rows, 3)
    np.testing.assert_allclose(answers.scores.sum(axis=1), 1)


def test_candidates_train_as_if_they_were_alone() -> None:
    """The losses of each of the 32 after each epoch are those of that candidate by itself."""
    data, given = binary(), {"epochs": "4"}
    together = epochs_of(settings("binary_classifier", **given), data)

    every = candidates_of(settings("binary_classifier", **given))
    assert len(every) == 32
    for number in (0, 9, 31):
        one = every[number]
        alone = settings(
            "binary_classifier", **given, num_models="1",
            learning_rate=repr(one.learning_rate), l1=repr(one.l1), wd=repr(one.wd),
        )  # fmt: skip
        for mine, all_of_them in zip(epochs_of(alone, data), together, strict=True):
            expected = all_of_them.train_losses[number]
            torch.testing.assert_close(mine.train_losses[0], expected, rtol=1e-4, atol=1e-6)


def epochs_of(given: Hyperparameters, data: Dataset) -> list[Epoch]:
    seen: list[Epoch] = []
    training.fit(given, data, data, patience=NO_EARLY_STOP, report=seen.append)
    return seen


def test_the_same_data_give_the_same_model() -> None:
    one, other = (training.fit(settings("binary_classifier"), binary(), binary()) for _ in "12")

    assert one.candidate == other.candidate
    np.testing.assert_array_equal(one.model.weights, other.model.weights)


def test_the_first_candidate_is_what_was_asked_for() -> None:
    given = {"learning_rate": "0.5", "l1": "0.2", "wd": "0"}
    every = candidates_of(settings("regressor", **given))

    assert (every[0].learning_rate, every[0].l1, every[0].wd) == (0.5, 0.2, 0.0)
    assert {one.wd for one in every} == {0.0}  # zero switches it off for all
    assert {one.learning_rate for one in every} == {0.125, 0.25, 0.5, 1.0}
    assert len(candidates_of(settings("regressor", num_models="50"))) == 50
    assert (
        candidates_of(settings("regressor", num_models="5"))
        == candidates_of(settings("regressor"))[:5]
    )


def test_l1_gives_the_lasso() -> None:
    """The weights of scikit-learn's Lasso, whose objective is half of ours, zeros included."""
    data = regression()
    given = {"learning_rate": "0.02", "wd": "0", "l1": "0.3", "num_models": "1", "epochs": "150"}

    sparse = settings("regressor", **given)
    model = training.fit(sparse, data, data, patience=NO_EARLY_STOP).model

    scaled = (data.vectors - data.vectors.mean(axis=0)) / data.vectors.std(axis=0)
    deviation = data.labels.std()
    exact = Lasso(alpha=0.15).fit(scaled, (data.labels - data.labels.mean()) / deviation)
    found = model.weights[0] * data.vectors.std(axis=0) / deviation
    np.testing.assert_allclose(found, exact.coef_, atol=0.02)
    assert found[3] == 0 == exact.coef_[3]  # the feature that says nothing


def test_weight_decay_shrinks_the_weights_and_not_the_bias() -> None:
    """Given one positive in ten, then a model that says the same of all rows says one in ten."""
    vectors, value = rows(400, 0, noise=3)
    data = Dataset(vectors, (value > np.quantile(value, 0.9)).astype(np.float32))
    given = {"num_models": "1", "learning_rate": "0.05", "l1": "0", "epochs": "100"}

    def fitted(decay: str) -> Model:
        asked = settings("binary_classifier", wd=decay, **given)
        return training.fit(asked, data, data, patience=NO_EARLY_STOP).model

    free, bound = fitted("0"), fitted("10")

    assert np.abs(bound.weights).sum() < 0.1 * np.abs(free.weights).sum()
    assert bound.predict(data.vectors).scores.mean() == pytest.approx(0.1, abs=0.01)


def test_the_learning_rate_falls_to_its_minimum() -> None:
    """Every 100 steps by a hundredth; one that begins below the minimum stays where it is."""
    initial = torch.tensor([0.02, 1e-6], dtype=torch.float64)

    torch.testing.assert_close(falling(initial, 99), initial)
    assert falling(initial, 100).tolist() == pytest.approx([0.0198, 1e-6])
    assert falling(initial, 250).tolist() == pytest.approx([0.02 * 0.99**2, 1e-6])
    assert falling(initial, 10**6).tolist() == pytest.approx([1e-5, 1e-6])


def test_early_stopping_ends_training() -> None:
    data = binary()
    given = {"epochs": "300", "num_models": "1", "learning_rate": "0.5"}

    assert training.fit(settings("binary_classifier", **given), data, data).epochs < 60
    long = settings("binary_classifier", **{**given, "epochs": "80"})
    assert training.fit(long, data, data, patience=81).epochs == 80


def test_training_ends_when_it_is_told_to() -> None:
    answers = itertools.chain([False, True], itertools.repeat(True))

    fitted = training.fit(settings("regressor"), regression(), stopped=lambda: next(answers))

    assert fitted.epochs == 2


def test_without_validation_data_the_training_data_decide() -> None:
    fitted: Fitted = training.fit(settings("binary_classifier"), binary(noise=1))

    labels = fitted.model.predict(binary(seed=1, noise=1).vectors).labels
    assert (labels == binary(seed=1, noise=1).labels).mean() > 0.9


@pytest.mark.parametrize(
    ("given", "data", "complaint"),
    [
        ({"feature_dim": "5"}, binary(), "4 features per record, but 5 are expected"),
        ({"mini_batch_size": "401"}, binary(), r"mini_batch_size \(401\) must not be larger"),
        ({}, Dataset(binary().vectors, binary().labels + 1), "either 0 or 1.*found 2"),
        ({}, Dataset(binary().vectors, binary().labels / 2), "found 0.5"),
        ({}, Dataset(binary().vectors * np.float32("nan"), binary().labels), "NaN or infinity"),
        ({}, Dataset(binary().vectors[:0], binary().labels[:0]), "No data found"),
    ],
)
def test_data_that_do_not_fit_are_refused(
    given: dict[str, str], data: Dataset, complaint: str
) -> None:
    with pytest.raises(CustomerError, match=complaint):
        training.fit(settings("binary_classifier", **given), data)


def test_labels_beyond_the_classes_are_refused() -> None:
    four = Dataset(multiclass().vectors, multiclass().labels + 1)

    with pytest.raises(CustomerError, match=r"from 0 to num_classes - 1 \(2\).*found 3"):
        training.fit(settings("multiclass_classifier", num_classes="3"), four)


def test_models_that_diverge_are_never_chosen() -> None:
    """Given a rate whose squared error is beyond float32, then one that was tried beside it."""
    data = regression()

    def fitted(rate: str) -> Fitted:
        return training.fit(settings("regressor", learning_rate=rate), data, data)

    assert fitted("3e18").candidate.learning_rate < 3e18
    with pytest.raises(CustomerError, match="Lower learning_rate"):
        fitted("1e25")
