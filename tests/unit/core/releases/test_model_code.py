from __future__ import annotations

import json
from pathlib import Path

from sonoflow.releases.model_code import folder, hyperparameters


def test_a_script_takes_what_is_common_to_both_and_its_own(tmp_path: Path) -> None:
    document = {
        "common": {"seed": {"type": "integer"}, "epochs": {"type": "integer", "default": 1}},
        "classifier": {"architecture": {"type": "text"}},
        "segmenter": {"epochs": {"type": "integer", "default": 2}},
    }
    (tmp_path / "hyperparameters.json").write_text(json.dumps(document))

    assert hyperparameters("classifier", tmp_path) == {
        "seed": {"type": "integer"},
        "epochs": {"type": "integer", "default": 1},
        "architecture": {"type": "text"},
    }
    assert hyperparameters("segmenter", tmp_path) == {
        "seed": {"type": "integer"},
        "epochs": {"type": "integer", "default": 2},
    }


def test_the_folder_is_the_one_that_a_function_carries(model_code: None, root: Path) -> None:
    own = root / "model_code"
    for name in ("train_classifier.py", "hyperparameters.json"):
        assert (folder() / name).read_text("utf-8") == (own / name).read_text("utf-8")
