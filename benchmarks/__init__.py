"""Side-by-side measurements of the product against the alternatives, as ratios."""

import sys
from pathlib import Path

# The product's own package is used from the source tree; nothing has to be installed for it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "core"))
