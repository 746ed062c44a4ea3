from __future__ import annotations

import io
import zipfile

from sonoflow.archives import directory, verdicts
from sonoflow.aws.ranged import HeldFile
from sonoflow.images import formats, looks
from sonoflow.images.looks import Looks, spread


def of(files: dict[str, bytes], limit: int = 256) -> Looks:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    source = HeldFile(io.BytesIO(held.getvalue()))
    index = directory.read(source)
    usable, _ = verdicts.judge(index, formats.FILE_BYTES_LIMIT)
    return Looks(source, usable, index.end, limit)


def test_contents_are_read_by_path() -> None:
    found = of({"a/x.png": b"one", "a/y.png": b"two"}).read(["a/y.png", "a/x.png"])

    assert found == {"a/y.png": b"two", "a/x.png": b"one"}


def test_no_more_files_than_may_be_are_read() -> None:
    looks = of({f"{n}.png": b"%d" % n for n in range(5)}, limit=3)

    assert list(looks.read(["0.png", "1.png"])) == ["0.png", "1.png"]
    assert list(looks.read(["2.png", "3.png"])) == ["2.png"]
    assert looks.left == 0


def test_a_file_that_would_fill_the_memory_is_not_read() -> None:
    large = b"\0" * (looks.FILE_BYTES_LIMIT + 1)

    assert of({"a.png": large, "b.png": b"b"}).read(["a.png", "b.png"]) == {
        "a.png": None,
        "b.png": b"b",
    }


def test_together_they_stay_within_a_limit() -> None:
    each = b"\0" * looks.FILE_BYTES_LIMIT
    names = [f"{n}.png" for n in range(9)]
    found = of(dict.fromkeys(names, each)).read(names)

    assert [name for name, content in found.items() if content is None] == ["8.png"]


def test_a_damaged_file_is_none() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.png", b"content")
    source = HeldFile(io.BytesIO(held.getvalue().replace(b"content", b"another")))
    index = directory.read(source)
    usable, _ = verdicts.judge(index, formats.FILE_BYTES_LIMIT)

    assert Looks(source, usable, index.end).read(["a.png"]) == {"a.png": None}


def test_a_sample_is_spread_over_the_whole() -> None:
    assert spread(["a", "b", "c"], 5) == ["a", "b", "c"]
    assert spread([str(n) for n in range(100)], 4) == ["0", "25", "50", "75"]
