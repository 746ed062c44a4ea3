"""Whether a file is valid DICOM, by a tool that shares no code with what wrote it: dciodvfy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOOL = Path(sys.prefix) / "bin" / "dciodvfy"


def complaints(data: bytes, folder: Path) -> list[str]:
    """Its errors, and its warnings but for those that are meant: patient and study are empty, a
    side is unknown, and what has no code of the standard's has one of ours."""
    file = folder / "judged.dcm"
    file.write_bytes(data)
    told = subprocess.run([TOOL, file], capture_output=True, text=True, timeout=60, check=False)
    lines = (told.stdout + told.stderr).splitlines()
    meant = ("to build DICOMDIR", "<99SONOFLOW>", "attribute <Laterality>")
    found = [line for line in lines if line.startswith(("Error", "Warning"))]
    assert len(lines) > len(found), "it names the kind of object that it judged"
    return [line for line in found if line.startswith("Error") or not any(m in line for m in meant)]
