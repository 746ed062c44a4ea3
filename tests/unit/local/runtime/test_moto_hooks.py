"""The canary: moto's code under each hook is the code that the hook was written for.

After an upgrade of moto a failure here names the hooks to look at again. When they are right, write
the file anew with what `python -m tests.unit.local.runtime.test_moto_hooks` prints.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from moto.sagemaker import responses

from local.runtime import patch
from local.runtime.reaper import Reaper
from local.runtime.runtime import Runtime
from local.server import installers

GOLDEN = Path(__file__).with_name("moto_hooks.golden.json")


def fingerprints(state: Path) -> dict[str, str]:
    """Every hook that the server installs, with what moto has in its place."""
    reaper = Reaper()
    runtime = Runtime(port=1, state=state, root=state, reaper=reaper)
    for install in installers():
        install(runtime)
    reaper.close()
    return {name: fingerprint(original) for name, original in sorted(patch.hooks().items())}


def fingerprint(original: Any) -> str:
    code = original.fget if isinstance(original, property) else original
    if not callable(code) or not hasattr(code, "__code__"):
        return repr(original) if isinstance(original, bool) else type(original).__name__
    return hashlib.sha256(inspect.getsource(code).encode()).hexdigest()[:16]


def test_moto_is_what_the_hooks_were_written_for(root: Path) -> None:
    # In a process of its own: the hooks would stay in this one.
    command = [sys.executable, "-m", "tests.unit.local.runtime.test_moto_hooks"]
    printed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    assert json.loads(printed) == json.loads(GOLDEN.read_text())


@pytest.mark.parametrize(
    "action",
    [
        "delete_model_package",
        "delete_model_package_group",
        "stop_training_job",
        "update_endpoint",
        "delete_model_package",
        "delete_model_package_group",
        "stop_hyper_parameter_tuning_job",
        "list_training_jobs_for_hyper_parameter_tuning_job",
    ],
)
def test_moto_still_lacks_the_actions_that_are_added(action: str) -> None:
    assert f"def {action}(" not in inspect.getsource(responses)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        once = fingerprints(Path(directory))
        if fingerprints(Path(directory)) != once:
            sys.exit("a second installation wraps the first")
        print(json.dumps(once, indent=2))
