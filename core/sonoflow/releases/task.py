"""A task that models are trained for, and everything in which one task differs from another.

`tasks` looks one up by its name. Everybody else asks the task, and compares no names. What judges
and what probes is imported when it is asked for: planning does without, at its cold start too.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from sonoflow import settings
from sonoflow.releases.floors import Floors, Gate

if TYPE_CHECKING:
    from sonoflow.comparing.comparison import Comparison
    from sonoflow.judging.judgements import Judgement
    from sonoflow.judging.probes import Probed
    from sonoflow.releases.release import Release
    from sonoflow.releases.tuning import Tuning


class Task(abc.ABC):
    """A task as one release has it: with its source, and with what the stack's parameters say."""

    name: ClassVar[str]
    model: ClassVar[str]
    request_types: ClassVar[tuple[str, ...]]  # content types that the endpoint takes
    response_types: ClassVar[tuple[str, ...]]  # and those that it gives
    objective: ClassVar[str] = ""  # the metric, greater is better, that tuning searches by

    @classmethod
    @abc.abstractmethod
    def from_state(
        cls,
        payload: Mapping[str, Any],
        environment: Mapping[str, str] | None,
        code: Traversable | None,
    ) -> Self:
        """What a state's input asks for, under settings and with model code as in `check`. Raises
        PayloadInvalid, ConfigurationError."""

    @classmethod
    @abc.abstractmethod
    def check(cls, environment: Mapping[str, str] | None, code: Traversable | None) -> None:
        """That a release could be planned under these settings, those of this process where there
        are none, and with this model code, the carried one where there is none. Raises
        ConfigurationError."""

    @property
    @abc.abstractmethod
    def training_image_uri(self) -> str: ...

    @property
    @abc.abstractmethod
    def serving_image_uri(self) -> str: ...

    @property
    @abc.abstractmethod
    def tuning(self) -> Tuning | None:
        """The search of hyperparameters that is wanted; None: a single training job."""

    @property
    @abc.abstractmethod
    def source(self) -> str:
        """What names that which is trained, or trained on, by its content."""

    @property
    def staged_gigabytes(self) -> int:
        """What a training instance's disk must hold, where the size of the data is known by now."""
        return 0

    @abc.abstractmethod
    def own_hyperparameters(self, classes: int) -> dict[str, Any]:
        """Those that the stack's parameters decide, for so many classes."""

    @abc.abstractmethod
    def training_job(self, release: Release) -> dict[str, Any]:
        """What CreateTrainingJob gets beside what every task gives it."""

    @staticmethod
    @abc.abstractmethod
    def floors(gates: settings.Gates, text: str) -> Floors:
        """What there is to be reached, and what of it is wanted: by the stack's settings, and by
        the text of the parameter for the rest."""

    @abc.abstractmethod
    def gate(self, classes: Sequence[str]) -> Gate:
        """What the training job's evaluation must reach. Raises ConfigurationError."""

    @abc.abstractmethod
    def evaluation(self, release: Release) -> dict[str, str]:
        """Where `judge` finds the figures, and where the evaluation is kept."""

    def model_metrics(self, release: Release) -> dict[str, Any] | None:
        """The body of ModelMetrics, where their object exists when the model is registered."""
        return None

    def probe_request(self, release: Release) -> dict[str, Any]:
        """What `probe` is asked to do."""
        return {
            "task": self.name,
            "endpoint_name": release.endpoint,
            "manifest_uri": release.manifests["test"],
            "classes": list(release.classes),
        }

    def comparison_request(self, release: Release) -> dict[str, Any]:
        """What `compare` is asked to do."""
        return {
            "task": self.name,
            "endpoint_name": release.endpoint,
            "release": release.name,
            "dataset": dataclasses.asdict(release.dataset),
            "classes": list(release.classes),
            "evaluation_uri": release.evaluation_uri,
            "comparison_uri": release.comparison_uri,
            "published_comparison_uri": release.published_comparison_uri,
        }

    @staticmethod
    @abc.abstractmethod
    def compare(
        payload: Mapping[str, Any], seconds_left: Callable[[], float], last: bool
    ) -> Comparison | None:
        """The trained model with the one in service; None: call again, with time to go on. The
        `last` time what is known by then has to do. Raises PayloadInvalid, EndpointChanged."""

    @staticmethod
    @abc.abstractmethod
    def judge(payload: Mapping[str, Any]) -> Judgement:
        """A training job's figures, held against the gate. Raises EvaluationUnreadable,
        PayloadInvalid."""

    @staticmethod
    @abc.abstractmethod
    def probe(payload: Mapping[str, Any]) -> Probed:
        """Asks an endpoint that was just deployed. Raises ProbeFailed."""
