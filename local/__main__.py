"""`python -m local`: the command `sonoflow`, see `local.cli`."""

import sys

from local.cli import main

sys.exit(main(prog="python -m local"))
