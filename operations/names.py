"""What belongs to a stack, told by its name: what runs leave behind is in no template."""

from __future__ import annotations

import dataclasses
import re

from sonoflow.releases import tasks

MODELS = tuple(task.model for task in (*tasks.OF_IMAGES, *tasks.OF_TABLES))
MACHINES = ("train-images", "train-table", "validate-external", "release-model")
BUCKETS = ("UploadsBucket", "WorkBucket", "ResultsBucket")


@dataclasses.dataclass(frozen=True)
class Names:
    """Names of one stack's things, and of no other stack's whose name begins with this one's."""

    stack: str

    @property
    def endpoints(self) -> tuple[str, ...]:
        """And model package groups, which are called the same."""
        return tuple(f"{self.stack}-{model}" for model in MODELS)

    @property
    def machines(self) -> tuple[str, ...]:
        return tuple(f"{self.stack}-{machine}" for machine in MACHINES)

    @property
    def log_groups(self) -> tuple[str, ...]:
        """Those that SageMaker made and those that a late state machine may have made again."""
        return (
            *(f"/aws/sagemaker/Endpoints/{endpoint}" for endpoint in self.endpoints),
            *(f"/aws/vendedlogs/states/{machine}" for machine in self.machines),
        )

    def is_release(self, name: str) -> bool:
        """Of a model, an endpoint configuration or a training job."""
        return self._is(name, rf"({'|'.join(MODELS)})-[0-9a-f]{{12}}-[0-9a-f]{{8}}")

    def is_tuning_job(self, name: str) -> bool:
        return self._is(name, r"[0-9a-f]{8}")

    def is_training_job(self, name: str) -> bool:
        """Of a release, or a search's candidate."""
        return self.is_release(name) or self._is(name, r"[0-9a-f]{8}-\d{3,}-[0-9a-f]{8}")

    def is_function_log(self, group: str) -> bool:
        prefix = "/aws/lambda/"
        return group.startswith(prefix) and self._is(
            group.removeprefix(prefix), r"[A-Za-z]+Function-[A-Za-z0-9]+"
        )

    def _is(self, name: str, rest: str) -> bool:
        return re.fullmatch(f"{re.escape(self.stack)}-{rest}", name) is not None
