from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit import tables
from tests.unit.deliveries import taking_turns
from tests.unit.fake_endpoints import FakeEndpoints
from tests.unit.inbox_answers import Starter


@pytest.fixture
def start(endpoints: FakeEndpoints) -> Iterator[Starter]:
    with tables.served(endpoints), taking_turns() as begin:
        yield begin
