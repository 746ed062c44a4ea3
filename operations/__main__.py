"""What whoever runs a deployed stack does with it, by name:

python -m operations redrive --dry-run
python -m operations sweep
python -m operations destroy --stack sonoflow
python -m operations identify scan.dcm scan.dcm.seg.dcm --out identified/
python -m operations smoke
"""

from __future__ import annotations

import importlib
import sys

COMMANDS = {
    "destroy": "operations.destroy.__main__",
    "identify": "operations.identify",
    "redrive": "operations.redrive",
    "smoke": "operations.smoke.__main__",
    "sweep": "operations.sweep",
}


def main(argv: list[str]) -> int:
    if not argv or argv[0] not in COMMANDS:
        print((__doc__ or "").strip(), file=sys.stderr)
        return 2
    status: int = importlib.import_module(COMMANDS[argv[0]]).main(argv[1:])
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
