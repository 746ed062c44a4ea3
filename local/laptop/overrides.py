"""What a deployment is asked for, held against what can be: the SAM CLI ignores unknown parameters,
and a template cannot judge the name of its stack.

Run by the Python of the SAM CLI's own environment, whose parser it asks:

    .venv-sam/bin/python local/laptop/overrides.py template.yaml samconfig.toml ClassifierEpochs=90
    .venv-sam/bin/python local/laptop/overrides.py template.yaml samconfig.toml file://parameters.yaml
    .venv-sam/bin/python local/laptop/overrides.py --stack trial template.yaml samconfig.toml
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from samcli.cli.types import CfnParameterOverridesType
from samcli.yamlhelper import yaml_parse

# As core/sonoflow/settings.py has it, which refuses every data set of a stack named otherwise.
_STACK_NAME = re.compile("[a-z][a-z0-9-]{0,29}")


def main(arguments: argparse.Namespace) -> int:
    """0, or 1 and a line for each thing that is wrong."""
    wrong = [
        *_unknown(arguments.template, tuple(arguments.overrides)),
        *_misnamed(arguments.configuration, arguments.stack),
    ]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


def _unknown(template: Path, overrides: tuple[str, ...]) -> Iterator[str]:
    if overrides:
        known = yaml_parse(template.read_text("utf-8"))["Parameters"]
        given = CfnParameterOverridesType().convert(overrides, None, None)
        for name in sorted(set(given) - set(known)):
            yield f"There is no parameter {name}. All are under Parameters in {template}"


def _misnamed(configuration: Path, stack: str | None) -> Iterator[str]:
    """For each name that the SAM CLI would give the stack: the one on its command line, or else by
    this file, where the guide's answers may not be yet."""
    names = {"STACK": stack} if stack is not None else _named(configuration)
    for where, name in names.items():
        if name is not None and not _STACK_NAME.fullmatch(name):
            yield (
                f"The stack's name is {name!r} in {where}: must be lower-case letters, "
                "digits and hyphens, 30 at most"
            )


def _named(configuration: Path) -> dict[str, Any]:
    if not configuration.exists():
        return {}
    environment = tomllib.loads(configuration.read_text("utf-8")).get("default", {})
    return {
        f"{configuration}, {command}": environment.get(command, {})
        .get("parameters", {})
        .get("stack_name")
        for command in ("global", "deploy")
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", help="instead of the file's name")
    parser.add_argument("template", type=Path)
    parser.add_argument("configuration", type=Path)
    parser.add_argument("overrides", nargs="*")
    return parser


if __name__ == "__main__":
    sys.exit(main(_parser().parse_args()))
