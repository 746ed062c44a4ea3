"""Ray itself is not installed here; its two decorators are stood in for by recorders."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import serve


def test_ray_serves_the_same_application(monkeypatch: pytest.MonkeyPatch) -> None:
    ingress: list[Any] = []

    def record(app: Any) -> Any:
        ingress.append(app)
        return lambda model: model

    ray = ModuleType("ray")
    bound = SimpleNamespace(bind=lambda: "bound")
    ray.serve = SimpleNamespace(ingress=record, deployment=lambda model: bound)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.delitem(sys.modules, "ray_app", raising=False)

    module = importlib.import_module("ray_app")

    assert ingress == [serve.app]
    assert module.deployment == "bound"
    monkeypatch.delitem(sys.modules, "ray_app")
