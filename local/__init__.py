"""The laptop runtime: AWS's contracts, kept by real processes on this machine.

`local` imports the product (template.yaml, statemachine/, functions/, core/, model_code/); the
product never imports `local`.
"""

import sys
from pathlib import Path

# The product's own package is used from the source tree; nothing has to be installed for it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "core"))
