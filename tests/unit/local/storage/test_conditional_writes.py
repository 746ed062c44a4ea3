from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from local.storage import conditional_writes


@pytest.mark.parametrize(("keys", "together"), [(("a", "a"), 1), (("a", "b"), 2)])
def test_writes_of_one_key_are_kept_apart(keys: tuple[str, str], together: int) -> None:
    """moto may judge the second one's condition before the first one has written."""
    inside: list[int] = []
    most: list[int] = []

    def write(_: object) -> None:
        inside.append(1)
        time.sleep(0.1)
        most.append(len(inside))
        time.sleep(0.1)
        inside.pop()

    alone = conditional_writes._apart(write)
    requests = [
        SimpleNamespace(bucket_name="x", headers={}, parse_key_name=lambda key=key: key)
        for key in keys
    ]
    threads = [threading.Thread(target=alone, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(most) == together
