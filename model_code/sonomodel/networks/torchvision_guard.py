"""The one place that imports torchvision.

torchvision ships a compiled part built against one exact torch. Beside a CPU-only torch, the wheel
on PyPI (a CUDA build) cannot load that part and `import torchvision` ends in
`RuntimeError: operator torchvision::nms does not exist`. Only detection operators and image
decoders live there. This code needs neither: it takes the ResNets and decodes with Pillow. So, when
the import fails for that reason alone, the two operator schemas that torchvision looks up while it
is imported are declared, without an implementation, and the import is tried again.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import torch

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_declared: list[torch.library.Library] = []  # a Library that is collected takes its schemas along


def load_torchvision() -> ModuleType:
    """torchvision, with or without its compiled operators."""
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error) or _declared:
            raise
    _forget_half_imported_modules()
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for schema in SCHEMAS:
        library.define(schema)  # type: ignore[no-untyped-call]
    _declared.append(library)
    return importlib.import_module("torchvision")


def _forget_half_imported_modules() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
