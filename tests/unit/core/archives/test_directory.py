from __future__ import annotations

import io
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonoflow.archives import directory, members, verdicts
from sonoflow.aws.ranged import HeldFile
from sonoflow.errors import DatasetRefused
from tests.unit.core.archives.crafting import Entry, archive


class Counting(HeldFile):
    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.reads: list[int] = []

    def read_at(self, offset: int, length: int) -> bytes:
        self.reads.append(length)
        return super().read_at(offset, length)


NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\:"), min_size=1
).filter(lambda name: name[0] != "." and len(name.encode()) < 200)
FILES = st.dictionaries(NAMES, st.binary(max_size=2000), min_size=1, max_size=8)
# zipfile takes the last signature for the directory's end, even if it stands in the comment.
COMMENTS = st.binary(max_size=300).filter(lambda comment: b"PK\x05\x06" not in comment)
METHODS = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])


class Unseekable(io.RawIOBase):
    """Makes zipfile write descriptors."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self.data += piece
        return len(piece)


@settings(max_examples=200, deadline=None)
@given(FILES, METHODS, COMMENTS, st.booleans(), st.booleans(), st.binary(max_size=99))
def test_it_reads_what_zipfile_writes(
    files: dict[str, bytes],
    method: int,
    comment: bytes,
    streamed: bool,
    zip64: bool,
    prefix: bytes,
) -> None:
    """Names, sizes, checksums and contents, with descriptors, ZIP64 fields and comments."""
    target = Unseekable()
    buffer = io.BytesIO()
    with zipfile.ZipFile(target if streamed else buffer, "w", method) as written:  # type: ignore[arg-type]
        for name, content in files.items():
            with written.open(name, "w", force_zip64=zip64) as member:
                member.write(content)
        written.comment = comment
    data = prefix + (bytes(target.data) if streamed else buffer.getvalue())
    source = HeldFile(io.BytesIO(data))

    index = directory.read(source)

    with zipfile.ZipFile(io.BytesIO(data)) as expected:
        assert [(m.name, m.crc, m.size, m.packed, m.offset) for m in index.members] == [
            (i.filename, i.CRC, i.file_size, i.compress_size, i.header_offset)
            for i in expected.infolist()
        ]
        for member in index.members:
            location = members.locate(member, index.end)
            held = members.BatchReader(source, [location], Now())  # type: ignore[arg-type]
            assert held.read(member.name, location) == expected.read(member.name)
    assert verdicts._overlapping(index) == set()


class Now:
    """A pool that does its work at once."""

    def submit(self, call: object, *given: object) -> Now:
        self._result = call(*given)  # type: ignore[operator]
        return self

    def result(self) -> object:
        return self._result


def test_a_directory_of_busis_size_takes_one_read() -> None:
    entries = [Entry(f"Dataset_BUSI_with_GT/benign/benign ({n}).png", bytes(300), 0)
               for n in range(1578)]  # fmt: skip
    source = Counting(archive(entries))

    index = directory.read(source)

    assert len(index.members) == 1578
    assert source.reads == [directory.TAIL_BYTES]


def test_a_longer_directory_is_read_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "TAIL_BYTES", 200)
    monkeypatch.setattr(directory, "CHUNK_BYTES", 1000)
    source = Counting(archive([Entry(f"a/{n}.png", b"x") for n in range(100)], comment=b"c" * 90))

    index = directory.read(source)

    assert [member.name for member in index.members] == [f"a/{n}.png" for n in range(100)]
    assert max(source.reads) <= 1000
    assert len(source.reads) <= 9


def test_names_are_read_as_their_flags_and_fields_say() -> None:
    raw = "é.png".encode("cp437")
    field = b"\x75\x70\x0b\x00\x01" + zlib.crc32(raw).to_bytes(4, "little") + "ß.png".encode()
    names = [Entry("é.png"), Entry(raw), Entry("é.png".encode(), flags=0), Entry(raw, extra=field)]

    index = directory.read(HeldFile(io.BytesIO(archive(names))))

    assert [member.name for member in index.members] == ["é.png", "é.png", "é.png", "ß.png"]


def test_too_many_members_are_refused_by_count_before_they_are_read() -> None:
    source = Counting(archive([Entry("x")], zip64=True, count=directory.MEMBERS_LIMIT + 1))

    with pytest.raises(DatasetRefused, match="too-many-members"):
        directory.read(source)
    assert len(source.reads) == 1
