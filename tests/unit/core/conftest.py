from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sonoflow.releases.release import Release, from_state
from tests.unit import stack


@pytest.fixture
def release(settings_env: pytest.MonkeyPatch, model_code: None) -> Callable[..., Release]:
    """Composes a release of a task, under the settings at the time of the call."""

    def compose(task: str = "classification", **changes: Any) -> Release:
        name = "table" if task == "table" else "classification"
        payload = stack.event(f"plan_release.{name}")
        payload["task"] = task
        for path, value in changes.items():
            *folders, last = path.split("__")
            target = payload
            for folder in folders:
                target = target[folder]
            target[last] = value
        return from_state(payload)

    return compose
