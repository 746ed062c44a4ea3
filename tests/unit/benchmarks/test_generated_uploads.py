from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import generated_accounts, generated_doors, generated_uploads
from benchmarks.generated_zips import Archive, File
from sonoflow.archives import directory
from sonoflow.planning.checks import Check


@pytest.mark.slow
def test_generated_uploads_end_staged_or_refused_and_nothing_is_left_unsaid(tmp_path: Path) -> None:
    out = tmp_path / "drawn.json"

    counts = [part for kind in ("archives", "tables", "rows") for part in (f"--{kind}", "60")]
    generated_uploads.main([*counts, "--seed", "7", "--processes", "0", "--out", str(out)])

    result = json.loads(out.read_text())
    assert result["failures"] == []
    for kind in generated_uploads.KINDS:
        counted = result[kind]
        assert counted["drawn"] == 60 == counted["staged"] + counted["refused"]
        assert counted["staged"] > 5
        assert sum(counted["refused_for"].values()) == counted["refused"]


def test_the_same_is_drawn_again_whatever_was_drawn_before() -> None:
    first = [generated_uploads.tried(3, (kind, 4)) for kind in generated_uploads.KINDS]

    again = [generated_uploads.tried(3, (kind, 4)) for kind in generated_uploads.KINDS[::-1]]

    assert first == again[::-1]
    assert generated_uploads.drawn(3, ("archive", 5)) != generated_uploads.drawn(3, ("archive", 4))


def test_what_breaks_is_shrunk_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(made: Any) -> dict[str, Any]:
        if any(b"benign" in file.name for file in made.parts):
            raise ZeroDivisionError("of benign files")
        return {"became": "staged"}

    monkeypatch.setitem(generated_doors.DOORS, "archive", breaks)

    number = next(
        n
        for n in range(50)
        if b"benign" in b"".join(f.name for f in generated_uploads.drawn(0, ("archive", n)).parts)
    )
    outcome = generated_uploads.tried(0, ("archive", number))

    assert outcome["failure"].splitlines()[-1] == "ZeroDivisionError: of benign files"
    assert len(outcome["shrunk"]) == 1
    assert outcome["again"] == f"--seed 0 --only archive:{number}"


def aside(*names: str) -> tuple[dict[str, str], ...]:
    return tuple({"source": n, "reason": "no-class", "detail": "nothing tells it"} for n in names)


@pytest.mark.parametrize(
    ("told", "right"),
    [(("a.png", "b.png"), True), (("a.png",), False), (("a.png", "b.png", "b.png"), False)],
)
def test_a_file_is_to_be_told_once(told: tuple[str, ...], right: bool, tmp_path: Path) -> None:
    made = Archive((File(b"a.png", b"1"), File(b"b.png", b"2"), File(b".DS_Store", b"")), None)
    whole = made.data

    class Held:
        size = len(whole)

        def read_at(self, offset: int, length: int) -> bytes:
            return whole[offset : offset + length]

    found = Check(None, None, quarantine=aside(*told))
    index = directory.read(Held())

    if right:
        generated_accounts.check_archive(made.parts, index, found)
    else:
        with pytest.raises(generated_accounts.Unaccounted):
            generated_accounts.check_archive(made.parts, index, found)


@pytest.mark.parametrize(
    ("used", "right"),
    [([2, 4, 6], True), ([2, 4], False), ([2, 4, 4, 6], False), ([4, 6], False)],
)
def test_a_line_is_to_be_told_once(used: list[int], right: bool) -> None:
    data = b'id,a\n1,2\n\n"3\n",4\n5,6\n# by hand\n'

    if right:
        generated_accounts.check_rows(data, used, [], 1)
    else:
        with pytest.raises(generated_accounts.Unaccounted):
            generated_accounts.check_rows(data, used, [], 1)
