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
_READ = ("global", "deploy")  # sections of the SAM CLI's file
_LONGEST, _LONGEST_TUNING = 30, 23  # a tuning job's name is half as long, and begins with it


def main(arguments: argparse.Namespace) -> int:
    """0, or 1 and a line for each thing that is wrong."""
    settings = _settings(arguments.configuration)
    answers = settings["deploy"].get("parameter_overrides")
    given = CfnParameterOverridesType().convert(
        tuple(arguments.overrides) or answers or (), None, None
    )
    names = {
        f"{arguments.configuration}, {name}": settings[name].get("stack_name") for name in _READ
    }
    if arguments.stack is not None:
        names = {"STACK": arguments.stack}
    longest = _LONGEST_TUNING if given.get("Tune") == "true" else _LONGEST
    wrong = [*_unknown(arguments.template, given), *_misnamed(names, longest)]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


def _settings(configuration: Path) -> dict[str, dict[str, Any]]:
    """The options of each section; the guide's answers may not be there yet."""
    text = configuration.read_text("utf-8") if configuration.exists() else ""
    environment = tomllib.loads(text).get("default", {})
    return {name: environment.get(name, {}).get("parameters", {}) for name in _READ}


def _unknown(template: Path, given: dict[str, str]) -> Iterator[str]:
    if given:
        known = yaml_parse(template.read_text("utf-8"))["Parameters"]
        for name in sorted(set(given) - set(known)):
            yield f"There is no parameter {name}. All are under Parameters in {template}"


def _misnamed(names: dict[str, str | None], longest: int) -> Iterator[str]:
    """For each name that the SAM CLI would give the stack."""
    for where, name in names.items():
        if name is not None and not (_STACK_NAME.fullmatch(name) and len(name) <= longest):
            yield (
                f"The stack's name is {name!r} in {where}: must be lower-case letters, "
                f"digits and hyphens, {longest} at most{' with Tune' * (longest < _LONGEST)}"
            )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", help="instead of the file's name")
    parser.add_argument("template", type=Path)
    parser.add_argument("configuration", type=Path)
    parser.add_argument("overrides", nargs="*")
    return parser


if __name__ == "__main__":
    sys.exit(main(_parser().parse_args()))
