from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.core.sweeping.swept import Service


@pytest.fixture
def service(aws: None) -> Iterator[Service]:
    found = Service()
    with found.listening():
        yield found
