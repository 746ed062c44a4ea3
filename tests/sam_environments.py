"""The functions' environments as `sam local invoke` makes them, by the SAM CLI's own code.

The CLI pins what it shares with us, so it has a virtual environment of its own, whose Python runs
this file as a program:

    .venv-sam/bin/python tests/sam_environments.py template.yaml
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

Environments = dict[str, dict[str, str]]
ROOT = Path(__file__).resolve().parents[1]


def environments(template: Path) -> Environments:
    """What each function of a template, by logical id, finds in its environment."""
    resolved = subprocess.run(
        [str(ROOT / ".venv-sam/bin/python"), "-I", __file__, str(template)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "SAM_CLI_TELEMETRY": "0"},
    )
    assert resolved.returncode == 0, resolved.stderr
    found: Environments = json.loads(resolved.stdout)
    return found


def main(template: str) -> None:
    from samcli.lib.providers.sam_function_provider import SamFunctionProvider
    from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
    from samcli.local.lambdafn.env_vars import EnvironmentVariables

    stacks, _ = SamLocalStackProvider.get_stacks(template)
    found = {}
    for function in SamFunctionProvider(stacks).get_all():
        environment = EnvironmentVariables(
            function_name=function.name,
            function_memory=function.memory,
            function_timeout=function.timeout,
            function_handler=function.handler,
            variables=(function.environment or {}).get("Variables"),
        )
        found[function.name] = environment.resolve()
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
