"""What whoever runs a deployed stack does with it: try it out, send again, remove it.

Through AWS's APIs and the SAM CLI alone, so on AWS and on the laptop alike.
"""

import sys
from pathlib import Path

# The product's own package is used from the source tree; nothing has to be installed for it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "core"))
