"""A laptop runtime per template and parameters, shared by all tests that use it.

def test_something(laptop_for):
    laptop = laptop_for(PROBE, {"Greeting": "goodbye"})
    laptop.client("s3").put_object(Bucket=laptop.outputs["UploadsBucketName"], …)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from local.client import Laptop

ROOT = Path(__file__).resolve().parents[2]
PROBE = Path(__file__).with_name("stacks") / "probe" / "template.yaml"
_NO_PARAMETERS: Mapping[str, str] = {}
Found = TypeVar("Found")


class LaptopFor(Protocol):
    def __call__(self, template: Path, parameters: Mapping[str, str] = ...) -> Laptop: ...


@pytest.fixture(scope="session")
def laptop_for(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaptopFor]:
    """Returns the running laptop with that template deployed, starting it on first use."""
    running: dict[tuple[Path, frozenset[tuple[str, str]]], Laptop] = {}
    cache = tmp_path_factory.getbasetemp() / "laptop-build"

    def get(template: Path, parameters: Mapping[str, str] = _NO_PARAMETERS) -> Laptop:
        key = (template, frozenset(parameters.items()))
        if key not in running:
            state = tmp_path_factory.mktemp("laptop")
            cache.mkdir(exist_ok=True)
            (state / "build").symlink_to(cache)
            running[key] = Laptop.start(ROOT, state, template=template, parameters=parameters)
        return running[key]

    yield get
    for laptop in running.values():
        laptop.stop()


@pytest.fixture(scope="session")
def probe(laptop_for: LaptopFor) -> Laptop:
    """The probe stack: one of everything that the runtime's own modules serve."""
    return laptop_for(PROBE)


@pytest.fixture
def eventually() -> Callable[..., object]:
    """Calls a function until it returns something true, and returns that."""

    def wait(look: Callable[[], Found], *, within: float = 20.0) -> Found:
        deadline = time.monotonic() + within
        while True:
            found = look()
            if found or time.monotonic() > deadline:
                assert found, f"nothing came within {within} seconds"
                return found
            time.sleep(0.05)

    return wait
