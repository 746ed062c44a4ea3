"""Jobs that train or search: the laptop's would take minutes, so SageMaker's answers are given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from operations.destroy import kinds
from operations.destroy.clearing import clear
from operations.names import Names

JOBS = {
    **{f"wards-table-61e104857123-{number:08x}": "InProgress" for number in range(120)},
    "wards-classifier-cd0007f2cf09-0123abcd": "Stopping",
    "wards-0123abcd-001-89abcdef": "InProgress",
    "wards-table-61e104857123-ffffffff": "Completed",
    "wards-eu-table-61e104857123-0123abcd": "InProgress",
    "other-wards-table-61e104857123-0123abcd": "InProgress",
}
SEARCHES = {"wards-0123abcd": "InProgress", "wards-eu-0123abcd": "InProgress"}


class FakeAccount:
    """SageMaker's jobs by name, with their status; nothing else is there."""

    def __init__(self) -> None:
        self.jobs, self.searches = dict(JOBS), dict(SEARCHES)

    def client(self, service: str) -> Any:
        return self

    def each(self, service: str, operation: str, member: str, **request: Any) -> Iterator[Any]:
        found, key = {
            "list_training_jobs": (self.jobs, "TrainingJobName"),
            "list_hyper_parameter_tuning_jobs": (self.searches, "HyperParameterTuningJobName"),
        }[operation]
        for name, status in list(found.items()):
            if status == request["StatusEquals"] and request["NameContains"] in name:
                yield {key: name}

    def stop_training_job(self, TrainingJobName: str) -> None:
        steps = {"InProgress": "Stopping", "Stopping": "Stopped"}
        self.jobs[TrainingJobName] = steps[self.jobs[TrainingJobName]]

    def stop_hyper_parameter_tuning_job(self, HyperParameterTuningJobName: str) -> None:
        self.searches[HyperParameterTuningJobName] = "Stopped"


def test_jobs_are_stopped_to_the_last_and_a_neighbours_go_on() -> None:
    account: Any = FakeAccount()
    jobs = [kind for kind in kinds.of(account, Names("wards")) if "jobs" in kind.called]

    for kind in jobs:
        clear(kind, lambda line: None, poll=0)

    assert {n for n, status in account.jobs.items() if status in ("InProgress", "Stopping")} == {
        "wards-eu-table-61e104857123-0123abcd",
        "other-wards-table-61e104857123-0123abcd",
    }
    assert account.jobs["wards-table-61e104857123-ffffffff"] == "Completed"
    assert account.searches == {"wards-0123abcd": "Stopped", "wards-eu-0123abcd": "InProgress"}
