"""Every event file belongs to a function, has a good and a bad case, and is used by a test."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EVENTS = sorted((ROOT / "events").iterdir())
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
BAD = "bad_"


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.name)
def test_an_event_is_json_and_named_after_a_function_and_a_case(path: Path) -> None:
    match = re.fullmatch(r"(?P<function>[a-z_]+)\.(?P<case>[a-z_]+)\.json", path.name)

    assert match, path.name
    assert match["function"] in FUNCTIONS
    json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.name)
def test_an_event_is_used_by_a_test_of_its_function(path: Path) -> None:
    function, case, _ = path.name.split(".")
    test = ROOT / f"tests/unit/functions/test_{function}.py"
    source = test.read_text(encoding="utf-8")

    assert f'"{function}.{case}"' in source


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_good_and_bad_events(function: str) -> None:
    cases = defaultdict(list)
    for path in EVENTS:
        name, case, _ = path.name.split(".")
        if name == function:
            cases[case.startswith(BAD)].append(case)

    assert cases[False], "no good event"
    assert cases[True], "no bad event"


def test_events_speak_of_one_account_and_one_stack() -> None:
    """Who reads several of them sees one system."""
    text = "".join(path.read_text(encoding="utf-8") for path in EVENTS)

    accounts = re.findall(r"arn:aws:[a-z0-9-]+:[a-z0-9-]*:(\d+):", text)
    assert set(accounts) == {"123456789012"}
    assert len(set(re.findall(r"sonoflow-uploadsbucket-\w+", text))) == 1
    assert len(set(re.findall(r"sonoflow-workbucket-\w+", text))) == 1
