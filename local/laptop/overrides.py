"""What a deployment is asked for, held against what can be: the SAM CLI ignores unknown parameters,
and a template cannot judge the name of its stack.

Run by the Python of the SAM CLI's own environment, whose parser it asks:

    .venv-sam/bin/python local/laptop/overrides.py template.yaml samconfig.toml ClassifierEpochs=90
    .venv-sam/bin/python local/laptop/overrides.py template.yaml samconfig.toml file://parameters.yaml
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from samcli.cli.types import CfnParameterOverridesType
from samcli.yamlhelper import yaml_parse

# As core/sonoflow/settings.py has it, which refuses every data set of a stack named otherwise.
_STACK_NAME = re.compile("[a-z][a-z0-9-]{0,29}")


def main(template: str, configuration: str, *overrides: str) -> int:
    """0, or 1 and a line for each thing that is wrong."""
    wrong = [*_unknown(template, overrides), *_misnamed(Path(configuration))]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


def _unknown(template: str, overrides: tuple[str, ...]) -> Iterator[str]:
    if overrides:
        known = yaml_parse(Path(template).read_text("utf-8"))["Parameters"]
        given = CfnParameterOverridesType().convert(overrides, None, None)
        for name in sorted(set(given) - set(known)):
            yield f"There is no parameter {name}. All are under Parameters in {template}"


def _misnamed(configuration: Path) -> Iterator[str]:
    """For each name that the SAM CLI would give the stack by this file; the guide's answers may
    not be there yet."""
    if not configuration.exists():
        return
    environment = tomllib.loads(configuration.read_text("utf-8")).get("default", {})
    for command in ("global", "deploy"):
        name = environment.get(command, {}).get("parameters", {}).get("stack_name")
        if name is not None and not _STACK_NAME.fullmatch(name):
            yield (
                f"The stack's name is {name!r} in {configuration}: must be lower-case letters, "
                "digits and hyphens, 30 at most"
            )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
