"""The canary: moto's code under each hook is the code that the hook was written for.

After an upgrade of moto a failure here names the hooks to look at again. When they are right, write
the file anew: `python -m tests.unit.local.test_moto_hooks`.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from moto.sagemaker import responses

from local import hosting, patch, stepfunctions, training
from local.reaper import Reaper
from local.runtime import Runtime

GOLDEN = Path(__file__).with_name("moto_hooks.golden.json")


def fingerprints(state: Path) -> dict[str, str]:
    reaper = Reaper()
    runtime = Runtime(port=1, state=state, root=state, reaper=reaper)
    for module in (stepfunctions, training, hosting):
        module.install(runtime)
    reaper.close()
    return {name: fingerprint(original) for name, original in sorted(patch.hooks().items())}


def fingerprint(original: Any) -> str:
    code = original.fget if isinstance(original, property) else original
    if not callable(code) or not hasattr(code, "__code__"):
        return repr(original) if isinstance(original, bool) else type(original).__name__
    return hashlib.sha256(inspect.getsource(code).encode()).hexdigest()[:16]


def test_moto_is_what_the_hooks_were_written_for(tmp_path: Path) -> None:
    assert fingerprints(tmp_path) == json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("action", ["stop_training_job", "update_endpoint"])
def test_moto_still_lacks_the_actions_that_are_added(action: str) -> None:
    assert f"def {action}(" not in inspect.getsource(responses)


def test_a_second_installation_does_not_wrap_the_first(tmp_path: Path) -> None:
    first = fingerprints(tmp_path)

    assert fingerprints(tmp_path) == first


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        GOLDEN.write_text(json.dumps(fingerprints(Path(directory)), indent=2) + "\n")
    sys.exit(0)
