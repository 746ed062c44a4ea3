"""Hostile, broken and merely odd archives, each with what must come of it.

Every case holds one good image besides, unless it says otherwise: what is wrong with one file must
not cost another.
"""

from __future__ import annotations

import dataclasses
import io
import struct
import zipfile
import zlib
from collections.abc import Callable

from PIL import Image

from tests.unit import pictures
from tests.unit.core.archives.crafting import Entry, archive, pack

GOOD = Entry("good/ok.png", pictures.png(1))
BAD = pictures.png(2)
MB = 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    build: Callable[[], bytes]
    staged: int = 1
    reasons: tuple[str, ...] = ()  # of what is set aside, sorted
    refused: str | None = None


CASES: list[Case] = []


def case(
    name: str,
    build: Callable[[], bytes],
    *reasons: str,
    staged: int = 1,
    refused: str | None = None,
) -> None:
    CASES.append(Case(name, build, staged, tuple(sorted(reasons)), refused))


def beside(
    name: str, *entries: Entry, reason: str | None = None, staged: int | None = None
) -> None:
    """Entries beside the good image; all set aside for one reason, or all staged."""
    reasons = [reason] * len(entries) if reason else []
    count = staged if staged is not None else 1 if reason else 1 + len(entries)
    case(name, lambda: archive([*entries, GOOD]), *reasons, staged=count)


# ── Paths that lead elsewhere ────────────────────────────────────────────────────────────────────
for path in (
    "../evil.png",
    "a/../../evil.png",
    "a/b/../../../evil.png",
    "a/..",
    "..\\evil.png",
    "a\\..\\..\\evil.png",
    "a/..\\..\\evil.png",
    "../../../../../../etc/cron.d/evil.png",
    "./../evil.png",
    "../.ssh/authorized_keys",
):
    beside(f"climbs out: {path}", Entry(path, BAD), reason="path-climbs-out")
for path in ("/etc/evil.png", "//host/share/evil.png", "\\evil.png", "\\\\host\\share\\evil.png"):
    beside(f"absolute: {path}", Entry(path, BAD), reason="absolute-path")
for path in ("C:/evil.png", "c:\\windows\\evil.png", "C:evil.png", "z:../evil.png"):
    beside(f"drive: {path}", Entry(path, BAD), reason="drive-path")
beside(
    "dots that lead nowhere are names",
    Entry("a/..x/...png", BAD),
    Entry("a/x..png", BAD),
    reason=None,
    staged=2,
)
beside("a path through the same folder", Entry("./a/./x.png", BAD))
beside("doubled slashes", Entry("a//x.png", BAD))
beside("percent signs are no dots", Entry("a/%2e%2e%2fevil.png", BAD))

# ── Names ────────────────────────────────────────────────────────────────────────────────────────
for raw in (b"a/nul\x00.png", b"a/new\nline.png", b"a/esc\x1b[2J.png", b"a/del\x7f.png"):
    beside(f"control character: {raw!r}", Entry(raw, BAD), reason="unreadable-name")
for raw in (b"a/\xff\xfe.png", b"a/\xc0\xae\xc0\xae.png", b"a/\xed\xa0\x80.png"):
    name = f"says UTF-8, is not: {raw!r}"
    beside(name, Entry(raw, BAD, flags=0x800), reason="unreadable-name")
for raw in (b"a/\xff\xfe.png", "a/été.png".encode("cp437"), "a/日本.png".encode("shift-jis")):
    beside(f"code page 437 or unknown: {raw!r}", Entry(raw, BAD))
beside("UTF-8 that does not say so", Entry("klasse-ä/größe.png".encode(), BAD, flags=0))
beside("UTF-8 that says so", Entry("مرض/صورة.png", BAD))
beside("emoji", Entry("🩻/🩻.png", BAD), reason="no-class")
beside("right-to-left override", Entry("a/\u202egnp.exe.png", BAD))
beside("a name of 1,024 bytes", Entry("a/" + "x" * 1018 + ".png", BAD))
beside("a name too long", Entry("a/" + "x" * 1019 + ".png", BAD), reason="name-too-long")
beside("a name of 65,535 bytes", Entry("a/" + "x" * 65533, BAD), reason="name-too-long")
beside("a thousand folders", Entry("a/" * 500 + "x.png", BAD))
beside("an empty name", Entry("", BAD), reason="unsupported-extension")
beside("only dots", Entry(".", BAD), reason="unsupported-extension")
beside("a device of Windows", Entry("a/CON.png", BAD))
UNICODE_PATH = struct.pack("<2HBL", 0x7075, 5 + 8, 1, zlib.crc32(b"a/x.png")) + "a/ä.png".encode()
beside("Unicode path field", Entry(b"a/x.png", BAD, extra=UNICODE_PATH, local_extra=UNICODE_PATH))
beside(
    "Unicode path field in the directory alone",
    Entry(b"a/x.png", BAD, extra=UNICODE_PATH),
    reason="header-mismatch",
)
CLIMBING = struct.pack("<2HBL", 0x7075, 5 + 8, 1, zlib.crc32(b"a/x.png")) + b"../e.png"
beside("Unicode path that climbs", Entry(b"a/x.png", BAD, extra=CLIMBING), reason="path-climbs-out")
STALE = struct.pack("<2HBL", 0x7075, 5 + 8, 1, 12345) + b"../e.png"
beside("Unicode path of another name is ignored", Entry(b"a/x.png", BAD, extra=STALE))

# ── What is no plain file ────────────────────────────────────────────────────────────────────────
LINK = Entry("a/link.png", b"/etc/passwd", mode=0o120777)
beside("symbolic link", LINK, reason="symbolic-link")
beside("link to a folder above", dataclasses.replace(LINK, content=b".."), reason="symbolic-link")
for kind, mode in (("character device", 0o020666), ("block device", 0o060666), ("pipe", 0o010644)):
    beside(kind, Entry("a/x.png", BAD, mode=mode), reason="special-file")
beside("socket", Entry("a/x.png", BAD, mode=0o140755), reason="special-file")
beside("folder with content", Entry("a/x.png/", BAD, mode=0), reason="special-file")
beside("folder by its mode", Entry("a/x.png", BAD, mode=0o040755), reason="special-file")
beside("folders", Entry("a/"), Entry("a/b/", mode=0o040755), staged=1)
beside("files of the system", Entry("__MACOSX/a/._x.png", BAD), Entry("a/.x.png", BAD), staged=1)
for suffix in (".zip", ".tar.gz", ".7z", ".RAR", ".jar"):
    nested = Entry(f"a/x{suffix}", archive([GOOD]))
    beside(f"nested archive {suffix}", nested, reason="nested-archive")
beside("archive named image", Entry("a/x.png", archive([GOOD])), reason="not-an-image")

# ── Encryption and compression ───────────────────────────────────────────────────────────────────
beside("encrypted member", Entry("a/x.png", BAD, flags=1), reason="encrypted")
beside("strongly encrypted", Entry("a/x.png", BAD, flags=0x41), reason="encrypted")
beside("masked header", Entry("a/x.png", BAD, flags=0x2000), reason="encrypted")
beside("encrypted in secret", Entry("a/x.png", BAD, local_flags=1), reason="encrypted")
case(
    "everything encrypted",
    lambda: archive([dataclasses.replace(GOOD, flags=1)]),
    refused="encrypted",
)
for method in (1, 6, 9, 93, 97, 99, 65535):
    member = Entry("a/x.png", BAD, method=method)
    beside(f"compression method {method}", member, reason="unsupported-compression")
for method in (14, 95):
    member = Entry("a/x.png", BAD, method=method)
    beside(f"no data of method {method}", member, reason="corrupt")
beside("stored", Entry("a/x.png", BAD, method=0))
beside("bzip2", Entry("a/x.png", BAD, method=12))
beside("another method inside", Entry("a/x.png", BAD, local_method=0), reason="header-mismatch")

# ── Duplicates ───────────────────────────────────────────────────────────────────────────────────
TWIN = Entry("a/x.png", BAD)
case("one name twice", lambda: archive([TWIN, TWIN, GOOD]), "duplicate-name", staged=2)
case(
    "one name a hundred times",
    lambda: archive([TWIN] * 100 + [GOOD]),
    *["duplicate-name"] * 99,
    staged=2,
)
for other in ("a\\x.png", "./a/x.png", "a//x.png"):
    case(
        f"another way to write a name: {other}",
        lambda other=other: archive([TWIN, Entry(other, BAD), GOOD]),  # type: ignore[misc]
        "duplicate-name",
        staged=2,
    )
case(
    "accents composed and not",
    lambda: archive([Entry("a/é.png", BAD), Entry("a/e\u0301.png", BAD), GOOD]),
    "duplicate-name",
    staged=2,
)

# ── Numbers that lie ─────────────────────────────────────────────────────────────────────────────
beside("wrong CRC", Entry("a/x.png", BAD, crc=1, descriptor=True), reason="crc-mismatch")
beside("header and directory disagree", Entry("a/x.png", BAD, crc=1), reason="size-mismatch")
for size in (0, 10, len(BAD) - 1, len(BAD) + 1, 5 * MB):
    lying = Entry("a/x.png", BAD, size=size, descriptor=True)
    beside(f"says it is {size - len(BAD):+} bytes", lying, reason="size-mismatch")
    stored = dataclasses.replace(lying, method=0)
    beside(f"stored, says it is {size - len(BAD):+} bytes", stored, reason="size-mismatch")
beside("bzip2 longer than it says", Entry("a/x.png", BAD, 12, size=9, descriptor=True),
       reason="size-mismatch")  # fmt: skip
beside("header says another size", Entry("a/x.png", BAD, local_size=7), reason="size-mismatch")
beside("fewer bytes than it takes", Entry("a/x.png", BAD, packed=40, descriptor=True),
       reason="corrupt")  # fmt: skip
beside("beyond the archive", Entry("a/x.png", BAD, packed=9 * MB), reason="size-mismatch")
beside("offset beyond the archive", Entry("a/x.png", BAD, offset=2**31), reason="size-mismatch")
beside("size of 4 GB", Entry("a/x.png", BAD, size=2**32 - 2), reason="ratio-bomb")
beside(
    "ZIP64 sizes of 16 EB",
    Entry("a/x.png", BAD, size=2**64 - 1, packed=2**64 - 1, zip64=True),
    reason="size-mismatch",
)
beside("ZIP64 field cut off", Entry("a/x.png", BAD, size=2**32 - 1, extra=b"\x01\x00\x18\x00\x01"),
       reason="ratio-bomb")  # fmt: skip
beside("ZIP64 field", Entry("a/x.png", BAD, zip64=True))
beside("garbled extra field", Entry("a/x.png", BAD, extra=b"\xff\xff\xff\xff\x00"))
beside("no such file", Entry("a/x.png", BAD, local_signature=b"PK\x00\x00"), reason="corrupt")
beside("another name inside", Entry("a/x.png", BAD, local_name=b"a/y.png"),
       reason="header-mismatch")  # fmt: skip
beside("a long local extra field", Entry("a/x.png", BAD, local_extra=bytes(60000)))
beside("descriptors", Entry("a/x.png", BAD, descriptor=True))
beside("comments of members", Entry("a/x.png", BAD, comment=b"c" * 65535))
beside("garbage instead of deflate", Entry("a/x.png", BAD, data=b"\xff" * 500), reason="corrupt")
beside("deflate cut off", Entry("a/x.png", BAD, data=pack(BAD, 8)[:-40]), reason="corrupt")
beside("bytes behind deflate", Entry("a/x.png", BAD, data=pack(BAD, 8) + b"more"),
       reason="size-mismatch")  # fmt: skip
beside("garbage instead of bzip2", Entry("a/x.png", BAD, 12, data=b"BZh9" + bytes(99)),
       reason="corrupt")  # fmt: skip
beside("an empty file", Entry("a/x.png", b""), reason="empty")


# ── Bombs ────────────────────────────────────────────────────────────────────────────────────────
def overlapped(count: int) -> bytes:
    """Fifield's non-recursive bomb in small: many names for one kernel of data."""
    kernel = Entry("a/kernel.png", BAD)
    names = [dataclasses.replace(kernel, name=f"a/{n:06}.png", offset=0) for n in range(count)]
    body = kernel.local() + GOOD.local()
    listed = kernel.listed(0) + b"".join(n.listed(0) for n in names)
    listed += GOOD.listed(len(kernel.local()))
    entries = min(count + 2, 0xFFFF)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, entries, entries, len(listed), len(body), 0)
    return body + listed + end


def quoted() -> bytes:
    """A member whose data hold the next member's header as a stored block of deflate."""
    inner = Entry("a/inner.png", BAD)
    quote = inner.local()
    data = struct.pack("<BHH", 0, len(quote), len(quote) ^ 0xFFFF) + quote + pack(b"", 8)
    outer = Entry("a/outer.png", quote, data=data)
    at = len(outer.local()) - len(data) + 5
    return _listed([outer, GOOD], [(inner, at)])


def _listed(entries: list[Entry], hidden: list[tuple[Entry, int]]) -> bytes:
    body, listed = b"", b"".join(entry.listed(at) for entry, at in hidden)
    for entry in entries:
        listed += entry.listed(len(body))
        body += entry.local()
    count = len(entries) + len(hidden)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(listed), len(body), 0)
    return body + listed + end


case("one kernel under 1,000 names", lambda: overlapped(1000), *["overlapping"] * 1001)
case("one kernel under 50,000 names", lambda: overlapped(50_000), *["overlapping"] * 50_001)
case("a header quoted in another file", quoted, "overlapping", "overlapping")
beside("a megabyte of nothing", Entry("a/x.png", bytes(MB)), reason="not-an-image")
beside("ten megabytes of nothing", Entry("a/x.png", bytes(10 * MB)), reason="ratio-bomb")
beside("a bomb in bzip2", Entry("a/x.png", bytes(30 * MB), 12), reason="ratio-bomb")
beside("a bomb that says it is small", Entry("a/x.png", bytes(30 * MB), size=500, descriptor=True),
       reason="size-mismatch")  # fmt: skip
beside("a bomb in bzip2 that says so", Entry("a/x.png", bytes(30 * MB), 12, size=500,
       descriptor=True), reason="size-mismatch")  # fmt: skip
beside("larger than any image", Entry("a/x.png", b"", size=65 * MB, packed=9 * MB, method=8,
       data=bytes(9 * MB)), reason="too-large")  # fmt: skip


def empties(count: int, told: int | None = None) -> bytes:
    """An archive of empty members: all directory."""
    listed = b"".join(Entry(f"{n:07}").listed(0) for n in range(1000)) * (count // 1000)
    body = Entry("0000000").local()
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(listed),
                         len(body))  # fmt: skip
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(body) + len(listed), 1)
    size = len(listed)
    if told is not None:
        record = locator = b""
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF if told is None else told,
                      0xFFFF if told is None else told, size, len(body), 0)  # fmt: skip
    return body + listed + record + locator + end


case("a million empty members", lambda: empties(1_000_000), refused="too-many-members")
case("two million empty members", lambda: empties(2_000_000), refused="too-many-members")
case("as many, said to be few", lambda: empties(1_000_000, 7), refused="too-many-members")
case("as many, beyond the size", lambda: empties(1_400_000, 7), refused="directory-too-large")
case("100,000 empty members", lambda: empties(100_000), refused="no-images")


def png_claiming(width: int, height: int, depth: int = 8, colour: int = 0) -> bytes:
    """A PNG of a few kB that says it is huge."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
        )

    header = struct.pack(">2L5B", width, height, depth, colour, 0, 0, 0)
    pixels = zlib.compress(bytes(MB))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)
            + chunk(b"IEND", b""))  # fmt: skip


for side in (7_000, 50_000, 2**31 - 1):
    beside(f"PNG bomb of {side}²", Entry("a/x.png", png_claiming(side, side)), reason="too-large")
beside("PNG of no width", Entry("a/x.png", png_claiming(0, 9)), reason="not-an-image")
beside("a line of a million pixels", Entry("a/x.png", png_claiming(10**6, 1)), reason="too-small")
beside(
    "PNG text bomb",
    Entry(
        "a/x.png",
        BAD[:33]
        + b"".join(
            struct.pack(">L", len(body))
            + b"zTXt"
            + body
            + struct.pack(">L", zlib.crc32(b"zTXt" + body))
            for body in [b"k\0\0" + zlib.compress(bytes(80 * MB))]
        )
        + BAD[33:],
    ),
    reason="not-an-image",
)


# ── The archive as a whole ───────────────────────────────────────────────────────────────────────
WHOLE = archive([GOOD])
case("nothing at all", lambda: b"", refused="empty")
case("one byte", lambda: b"P", refused="not-a-zip")
case("text", lambda: b"Dear colleague, " * 99, refused="not-a-zip")
case("an end record alone", lambda: archive([]), refused="empty")
case("half an end record", lambda: WHOLE[:-10], refused="not-a-zip")
case("cut in the directory", lambda: WHOLE[:-40], refused="not-a-zip")
case("cut at the start", lambda: WHOLE[50:], refused="not-a-zip")
case("a 7z archive", lambda: b"7z\xbc\xaf\x27\x1c" + bytes(500), refused="not-a-zip")
case("zeros", lambda: bytes(300_000), refused="not-a-zip")
case("only signatures", lambda: b"PK\x05\x06" * 70_000, refused="not-a-zip")
case("only directory signatures", lambda: b"PK\x01\x02" * 70_000, refused="not-a-zip")
case("second of two disks", lambda: archive([GOOD], disk=1, first_disk=0), refused="multi-part")
case("disk 7", lambda: archive([GOOD], disk=7, first_disk=7), refused="multi-part")
case("directory longer than the file", lambda: archive([GOOD], size=10**6), refused="not-a-zip")
case("directory behind the file", lambda: archive([GOOD], offset=10**6), refused="not-a-zip")
case("directory elsewhere", lambda: archive([GOOD], size=20), refused="not-a-zip")
case("fewer entries told than there are", lambda: archive([GOOD, TWIN], count=1), staged=2)
case("more entries told than there are", lambda: archive([GOOD], count=9))
case("comment", lambda: archive([GOOD], comment=b"hello"))
case("comment of full length", lambda: archive([GOOD], comment=b"x" * 65535))
case("comment longer than it says", lambda: archive([GOOD], comment=b"hello", comment_bytes=2))
case("comment shorter than it says", lambda: archive([GOOD], comment_bytes=9), refused=None)
case("comment with a false end record", lambda: archive([GOOD], comment=b"PK\x05\x06" + bytes(18)),
     )  # fmt: skip
case("comment that is an archive", lambda: archive([GOOD], comment=archive([TWIN])))
case("bytes behind", lambda: archive([GOOD], suffix=bytes(1000)))
case("self-extracting", lambda: archive([GOOD], prefix=b"#!/bin/sh\n" * 50))
case("prefix counted in", lambda: archive([GOOD], prefix=b"#!/bin/sh\n" * 50, shifted=False))
case("two archives in a row", lambda: archive([TWIN]) + archive([GOOD]))
case("ZIP64", lambda: archive([GOOD], zip64=True))
case("ZIP64 with a prefix", lambda: archive([GOOD], zip64=True, prefix=bytes(100)))
case("ZIP64 record missing", lambda: archive([GOOD], zip64=True).replace(b"PK\6\6", b"PK\0\0"),
     refused="not-a-zip")  # fmt: skip
case("ZIP64 with 2⁶³ entries", lambda: archive([GOOD], zip64=True, count=2**63),
     refused="too-many-members")  # fmt: skip
case("directory of 2⁶³ bytes", lambda: archive([GOOD], zip64=True, size=2**63),
     refused="not-a-zip")  # fmt: skip
case("files that are not listed", lambda: archive([dataclasses.replace(TWIN, unlisted=True), GOOD]))
case("damaged second record", lambda: archive([GOOD, TWIN]).replace(b"PK\1\2", b"PK\1\1"),
     refused="not-a-zip")  # fmt: skip
case("nothing but links", lambda: archive([LINK]), refused="no-images")
case("a directory of 148 kB and a thousand images",
     lambda: archive([Entry(f"Dataset_BUSI_with_GT/benign/benign ({n}).png", BAD)
                      for n in range(1500)]), staged=1500)  # fmt: skip


def by_zipfile(**options: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as target:  # type: ignore[call-overload]
        target.writestr("good/ok.png", pictures.png(1))
    return buffer.getvalue()


case("as zipfile writes it", by_zipfile)
case("as zipfile writes LZMA", lambda: by_zipfile(compression=zipfile.ZIP_LZMA))

# ── Images that are none ─────────────────────────────────────────────────────────────────────────
beside("text named image", Entry("a/x.png", b"hello"), reason="not-an-image")
beside("script named image", Entry("a/x.jpg", b"<?php system($_GET[0]);"), reason="not-an-image")
beside("SVG named image", Entry("a/x.png", b"<svg xmlns='x'/>"), reason="not-an-image")
beside("a program", Entry("a/x.exe", b"MZ"), reason="unsupported-extension")
beside("truncated PNG", Entry("a/x.png", BAD[:3000]), reason="truncated")
beside("too small", Entry("a/x.png", pictures.encode(pictures.scan(width=9))), reason="too-small")
beside("blank", Entry("a/x.png", pictures.encode(Image.new("L", (64, 64), 7))), reason="blank")
beside("mask without image", Entry("a/x_mask.png", BAD), reason="mask-without-image")
beside("image without class", Entry("x.png", BAD), reason="no-class")
