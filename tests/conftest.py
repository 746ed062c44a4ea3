"""What every test stands on: a region, dummy credentials, and no way out of this machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parents[1]

# Before any client is made: boto3 must never find a developer's own credentials or profile.
os.environ.update(
    AWS_DEFAULT_REGION="us-east-1",
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
)
os.environ.pop("AWS_PROFILE", None)
# Powertools reads these when a handler is imported, by whichever test is the first. On AWS the
# template sets them.
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Sonoflow")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "sonoflow")


# Other examples on every developer's run; the same ones in CI, which must not fail by chance.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """A connection to anywhere but this machine is an error, in every test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "local"
        if host not in ("127.0.0.1", "::1", "localhost", "local"):
            raise AssertionError(f"a test tried to connect to {address!r}")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


@pytest.fixture
def model_code(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model code, where a function that carries it finds it."""
    carried = tmp_path / "carried"
    carried.mkdir()
    (carried / "sonoflow_model_code").symlink_to(root / "model_code")
    monkeypatch.syspath_prepend(carried)
