"""Parameters of a deployment, held against the template: the SAM CLI ignores unknown names.

Run by the Python of the SAM CLI's own environment, whose parser it asks:

    .venv-sam/bin/python local/laptop/overrides.py template.yaml ClassifierEpochs=90
    .venv-sam/bin/python local/laptop/overrides.py template.yaml file://parameters.yaml
"""

from __future__ import annotations

import sys
from pathlib import Path

from samcli.cli.types import CfnParameterOverridesType
from samcli.yamlhelper import yaml_parse


def main(template: str, *overrides: str) -> int:
    """0, or 1 and a line for each name that the template does not have."""
    known = yaml_parse(Path(template).read_text("utf-8"))["Parameters"]
    given = CfnParameterOverridesType().convert(overrides, None, None)
    unknown = sorted(set(given) - set(known))
    for name in unknown:
        print(f"There is no parameter {name}. All are under Parameters in {template}")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
