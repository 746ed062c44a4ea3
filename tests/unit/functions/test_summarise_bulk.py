from __future__ import annotations

from typing import Any

import pytest

from functions.summarise_bulk.app import handler
from sonoflow.errors import PayloadInvalid
from tests.unit import bulk, pictures, stack
from tests.unit.fake_endpoints import FakeEndpoints


def test_a_run_is_summed_up(context: Any, endpoints: FakeEndpoints) -> None:
    event = stack.event("summarise_bulk.run")
    data = bulk.archive([("a.png", pictures.png(1)), ("b.txt", b"words")])
    upload = bulk.put(data, event["upload"]["key"])
    run = bulk.Run.of(upload, context)
    [batch] = run.batches()
    run.answer(batch)
    event["upload"] = {**upload.facts(), "sequencer": upload.sequencer}

    answer = handler(event, context)

    key = "bulk/ward 3/week (48).zip.json"
    assert answer["key"] == key
    assert answer["counts"] == stack.read_json(stack.RESULTS, key)["counts"]
    assert (answer["counts"]["predicted"], answer["counts"]["rejected"]) == (1, 1)


def test_of_what_is_gone_there_is_no_summary(context: Any, aws: None) -> None:
    assert handler(stack.event("summarise_bulk.run"), context) == {"counts": None, "key": None}


def test_an_upload_without_a_size_is_an_error(context: Any, aws: None) -> None:
    with pytest.raises(PayloadInvalid, match=r"upload\.size"):
        handler(stack.event("summarise_bulk.bad_upload"), context)
