from __future__ import annotations

import pytest

from sonoflow.errors import PayloadInvalid
from sonoflow.external.places import Validation
from sonoflow.keys import Dataset

DATASET = {"name": "other", "version": "0a1b2c3d4e5f"}


def test_other_models_lie_elsewhere() -> None:
    one, two = (Validation(Dataset(**DATASET), models) for models in ("00c0ffee", "00000000"))

    assert one.answers(3) == "external/other/0a1b2c3d4e5f/00c0ffee/answers/00003.json"
    assert one.figures == "validations/other/0a1b2c3d4e5f/00c0ffee.json"
    assert one.run == "other-0a1b2c3d4e5f-00c0ffee"
    assert len({one.index, two.index, one.left_out, one.batches, one.mask("0"), one.notes}) == 6


@pytest.mark.parametrize("digest", ["", "../datas", "00C0FFEE", 7, None, "00c0ffee/"])
def test_a_digest_becomes_part_of_keys_and_is_nothing_else(digest: object) -> None:
    with pytest.raises(PayloadInvalid, match="models_digest"):
        Validation.parse({"dataset": DATASET, "models_digest": digest})
