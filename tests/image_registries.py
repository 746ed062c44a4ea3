"""The accounts that AWS keeps its images in, by region, as the SageMaker SDK lists them.

The SDK is 1 GB and pins what it shares with us, so it has a virtual environment of its own, and
what it says is kept in a file. After a change of requirements-sdk.txt:

    make .venv-sdk/.ready
    .venv-sdk/bin/python tests/image_registries.py

It writes contracts/image_registries.golden.json.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).with_name("contracts") / "image_registries.golden.json"


def main() -> None:
    from sagemaker import image_uris

    # Deep-learning containers share an account per region, whatever the framework:
    # https://github.com/aws/deep-learning-containers/blob/main/docs/reference/region_availability.md
    found = {
        "DeepLearningRegistry": image_uris.config_for_framework("pytorch")["training"],
        "LinearLearnerRegistry": image_uris.config_for_framework("linear-learner"),
    }
    registries = {name: _latest(config)["registries"] for name, config in found.items()}
    document = {"sagemaker": version("sagemaker"), **registries}
    GOLDEN.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")


def _latest(config: dict[str, Any]) -> dict[str, Any]:
    versions: dict[str, dict[str, Any]] = config["versions"]
    return versions[max(versions, key=lambda text: [int(part) for part in text.split(".")])]


if __name__ == "__main__":
    main()
