"""The tasks that there are, by their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources.abc import Traversable

from sonoflow import settings
from sonoflow.errors import PayloadInvalid
from sonoflow.releases.classification import Classification
from sonoflow.releases.segmentation import Segmentation
from sonoflow.releases.table import Table
from sonoflow.releases.task import Task

# What a data set of either kind is trained for.
OF_IMAGES: tuple[type[Task], ...] = (Classification, Segmentation)
OF_TABLES: tuple[type[Task], ...] = (Table,)
_TASKS = {task.name: task for task in (*OF_IMAGES, *OF_TABLES)}


def get(name: str) -> type[Task]:
    """Raises PayloadInvalid for a task that does not exist."""
    try:
        return _TASKS[name]
    except KeyError as error:
        raise PayloadInvalid(f"no such task: {name!r}; there are {sorted(_TASKS)}") from error


def check(
    several: Iterable[type[Task]],
    environment: Mapping[str, str] | None = None,
    code: Traversable | None = None,
) -> None:
    """That each could be released under the settings and with the model code, as `Task.check`.
    Raises ConfigurationError."""
    settings.read(settings.Releasing, environment)
    settings.read(settings.Hosting, environment)
    for task in several:
        task.check(environment, code)
