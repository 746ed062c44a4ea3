from __future__ import annotations

import pytest

from sonoflow import keys
from sonoflow.errors import PayloadInvalid
from sonoflow.feedback import naming


def test_a_verdict_is_named_after_the_image_that_it_judges() -> None:
    assert naming.path_of("feedback/ward3/scan.png.json") == "ward3/scan.png"
    assert naming.reply("feedback/ward3/scan.png.json") == "feedback/ward3/scan.png.json"
    assert naming.reply("feedback/ward3/scan.png") != "feedback/ward3/scan.png.json"
    assert keys.dataset_name(naming.dataset("busi")) == "busi"
    for key in ("feedback/", "feedback/.json", "inbox/scan.png.json"):
        with pytest.raises(PayloadInvalid, match="no verdict"):
            naming.path_of(key)
