from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from rich.console import Console

from local.laptop import drop
from local.laptop.client import Laptop


def test_what_a_run_assumed_is_said_with_what_settles_it() -> None:
    said = [
        {"code": "a", "detail": "1 is positive", "settle": '{"positive": "0"}'},
        {"code": "b", "detail": "a column is empty", "settle": ""},
    ]

    assert list(drop._assumed({"split": {"assumptions": said}})) == [
        'assumed: 1 is positive; if not, into the mapping: {"positive": "0"}',
        "assumed: a column is empty",
    ]
    assert list(drop._assumed({})) == []


def test_a_stack_that_judges_no_external_set_is_told_so_before_anything_is_uploaded(
    tmp_path: Path,
) -> None:
    """It may be an older one, or another template."""
    (tmp_path / "other.zip").write_bytes(b"a zip")
    outputs = dict.fromkeys(drop._OUTPUTS, "x")
    laptop = cast(Laptop, SimpleNamespace(outputs=outputs, endpoint_url="http://127.0.0.1:1"))
    console = Console(file=io.StringIO())

    with pytest.raises(drop.DropFailed, match="no output ValidateExternalStateMachineArn"):
        drop.drop_files(laptop, [tmp_path / "other.zip"], "external/", wait=False, console=console)
