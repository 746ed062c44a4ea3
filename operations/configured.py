"""What a file of the SAM CLI's says of a deployment, for whoever looks for that deployment later.

python -m operations.configured samconfig.toml stack_name
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path


def configured(file: Path, name: str) -> str | None:
    """What `sam deploy` takes for the option: its own section goes before the global one."""
    environment = tomllib.loads(file.read_text("utf-8")).get("default", {})
    for command in ("deploy", "global"):
        value = environment.get(command, {}).get("parameters", {}).get(name)
        if value is not None:
            return str(value)
    return None


if __name__ == "__main__":
    print(configured(Path(sys.argv[1]), sys.argv[2]) or "")
