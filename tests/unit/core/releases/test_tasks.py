from __future__ import annotations

import pytest

from sonoflow.errors import PayloadInvalid
from sonoflow.releases import tasks


def test_an_unknown_task_is_an_error() -> None:
    with pytest.raises(PayloadInvalid, match=r"'detection'.*classification.*segmentation.*table"):
        tasks.get("detection")
