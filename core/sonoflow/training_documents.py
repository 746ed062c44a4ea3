"""What a training leaves beside its evaluation: kept by judging, published with the report."""

from __future__ import annotations

# For those who want to know how the figures came about, and what the model is: name, content type.
DOCUMENTS = {
    "report.html": "text/html; charset=utf-8",
    "model_card.md": "text/markdown; charset=utf-8",
    "history.json": "application/json",
    "diagnostics.json": "application/json",
}
