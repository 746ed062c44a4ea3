"""Archives of images as people, programs and mishaps make them, drawn at random from a seed.

Each is made of files that can be left out one by one, so that what goes wrong can be shrunk.
"""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Callable

from benchmarks import generated_mappings
from benchmarks import generated_pictures as pictures
from benchmarks.generated_zips import (
    BZIP2,
    DEFLATED,
    DEVICE,
    LIES,
    LINK,
    LZMA,
    STORED,
    UNREAD,
    XZ,
    Archive,
    File,
    pack,
)

# Class folders by how their names are written.
_CLASSES: dict[str, list[tuple[str, ...]]] = {
    "utf-8": [
        ("benign", "malignant"),
        ("benign", "malignant", "normal"),
        ("Benign", "MALIGNANT"),
        ("benigno", "maligno", "normal"),
        ("良性", "恶性"),
        ("bösartig", "gutartig"),
        ("доброкачественная", "злокачественная"),
        ("class0", "class1"),
        ("0", "1"),
        ("ER+", "ER-"),
        ("ER+", "ER-", "normal"),
        ("cyst", "fibroadenoma", "carcinoma"),
        ("a", "A"),
        ("patient01", "patient02", "patient03"),
        ("malignant",),
        ("🩺", "💊"),
        ("gut🙂", "gut🙃"),
    ],
    "gbk": [("良性", "恶性"), ("良性", "恶性", "正常")],
    "shift-jis": [("良性", "悪性"), ("表", "裏")],
    "cp1251": [("доброкачественная", "злокачественная"), ("норма", "рак")],
    "cp866": [("доброкачественная", "злокачественная")],
    "latin-1": [("bénin", "malin"), ("bösartig", "gutartig")],
    "euc-kr": [("양성", "악성")],
    "big5": [("良性", "惡性")],
}
_MASKS = ("_mask",) * 4 + ("_seg", "_GT", "-mask", " mask", "_mask_1", "_tumor", "_lesion")


def make(draw: random.Random) -> Archive:
    """One archive, the same for the same state of `draw`."""
    files = _LAYOUTS[draw.randrange(len(_LAYOUTS))](draw)
    for extra in draw.sample(_EXTRAS, draw.choice((0, 0, 1, 1, 2, 4))):
        files += extra(draw, files)
    files = [_told_otherwise(draw, file) for file in files]
    if draw.random() < 0.3:
        draw.shuffle(files)
    archive = Archive(tuple(files), generated_mappings.of_images(draw))
    if draw.random() < 0.9:
        return archive
    how = draw.randrange(5)
    if how == 0:
        return dataclasses.replace(archive, before=draw.randbytes(300))
    if how == 1:
        return dataclasses.replace(archive, after=draw.randbytes(50))
    if how == 2:
        return dataclasses.replace(archive, cut=draw.randrange(1, 400))
    if how == 3:
        return dataclasses.replace(archive, parts=())
    noise = draw.choice((b"", b"PK\5\6" * 9, draw.randbytes(500), bytes(300)))
    return dataclasses.replace(archive, parts=(), before=noise, cut=22)


def _told_otherwise(draw: random.Random, file: File) -> File:
    """One file in twenty lies, is encrypted, a link, or packed in another way."""
    if draw.random() < 0.95 or file.system:
        return file
    how = draw.randrange(6)
    if how < 3:
        return dataclasses.replace(file, lie=draw.choice(LIES))
    if how == 3:
        return dataclasses.replace(file, flags=file.flags | 1)
    if how == 4:
        return dataclasses.replace(file, attributes=draw.choice((LINK, DEVICE)))
    return dataclasses.replace(file, method=draw.choice((STORED, BZIP2, LZMA, XZ, *UNREAD)))


def _named(draw: random.Random, page: str) -> Callable[[str, bytes], File]:
    method = draw.choice((STORED, DEFLATED, DEFLATED))
    flags = 0x800 if page == "utf-8" and draw.random() < 0.7 else 0
    mark = "\\" if draw.random() < 0.05 else "/"

    def file(name: str, content: bytes) -> File:
        raw = name.replace("/", mark).encode(page, "replace")
        return File(raw, content, method, flags)

    return file


def _root(draw: random.Random) -> str:
    return draw.choice(("", "", "BUSI/", "Dataset_BUSI_with_GT/", "a/b c/", "./", "train/"))


def _class_folders(draw: random.Random) -> list[File]:
    """<class>/<name>.png with masks beside."""
    page = draw.choice(("utf-8",) * 9 + tuple(_CLASSES))
    classes = draw.choice(_CLASSES[page])
    file, root, mask = _named(draw, page), _root(draw), draw.choice(_MASKS)
    made, style = pictures.Maker(draw), draw.choice(("{c} ({n})", "{n}", "img_{n:04}", "{c}{n}-l"))
    files = []
    for label in classes:
        for n in range(1, draw.choice((2, 6, 7, 8, 8)) + 1):
            stem = f"{root}{label}/{style.format(c=label, n=n)}"
            scan, drawn = made.pair()
            files.append(file(f"{stem}{made.suffix}", scan))
            if draw.random() < made.masked:
                files.append(file(f"{stem}{mask}{made.mask_suffix}", drawn))
            if draw.random() < 0.05:
                files.append(file(f"{stem}{mask}_1{made.mask_suffix}", made.pair()[1]))
    return files


def _folders_apart(draw: random.Random) -> list[File]:
    """Images in one folder, masks of the same or like names in another; classes maybe in names."""
    scans, masks = draw.choice(
        [("images", "masks"), ("imagesTr", "labelsTr"), ("original", "GT"), ("Images", "Masks"),
         ("image", "label"), ("train/images", "train/masks"), ("x", "y")]
    )  # fmt: skip
    file, root, made = _named(draw, "utf-8"), _root(draw), pictures.Maker(draw)
    style = draw.choice(("case{n:03}", "{c}_{n}", "bus_{n:04}-l", "ABCD_{n:03}", "{n}"))
    ends = draw.choice((("", ""), ("_0000", ""), ("", "_mask"), ("", "_segmentation")))
    files = []
    for n in range(1, draw.choice((2, 14, 16, 18)) + 1):
        stem = style.format(n=n, c=("benign", "malignant")[n % 2])
        scan, drawn = made.pair(lesion=draw.random() < 0.7)
        files.append(file(f"{root}{scans}/{stem}{ends[0]}{made.suffix}", scan))
        if draw.random() < 0.95:
            files.append(file(f"{root}{masks}/{stem}{ends[1]}{made.mask_suffix}", drawn))
    return files


def _given_splits(draw: random.Random) -> list[File]:
    """<split>/<class>/…, or <class>/<split>/…"""
    file, made = _named(draw, "utf-8"), pictures.Maker(draw)
    splits = draw.choice((("train", "val", "test"), ("training", "testing"), ("fold1", "fold2")))
    order = draw.choice(("{s}/{c}/{n}", "{c}/{s}/{n}"))
    files = []
    for split in splits:
        for label in ("benign", "malignant"):
            for n in range(draw.choice((1, 4, 6))):
                stem = order.format(s=split, c=label, n=f"{label}{split}{n}")
                scan, drawn = made.pair()
                files += [file(f"{stem}{made.suffix}", scan)]
                files += [file(f"{stem}_mask{made.mask_suffix}", drawn)]
    return files


def _with_a_table(draw: random.Random) -> list[File]:
    """Images in one folder, their classes, patients and splits in a table."""
    file, root, made = _named(draw, "utf-8"), _root(draw), pictures.Maker(draw)
    delimiter = draw.choice((",", ";", "\t"))
    heads: tuple[str, ...] = draw.choice((
        ("ID", "Pathology"), ("image", "label", "patient"), ("a", "b", "c"),
        ("file", "class", "split"), ("Image_filename", "Classification", "case"),
    ))  # fmt: skip
    rows, files = [heads], []
    for n in range(draw.choice((4, 14, 18))):
        name = f"case{n:03}"
        scan, drawn = made.pair()
        files.append(file(f"{root}images/{name}{made.suffix}", scan))
        files.append(file(f"{root}images/{name}_tumor{made.mask_suffix}", drawn))
        listed = name + draw.choice(("", made.suffix))
        label = draw.choice(("benign", "malignant", ("benign", "malignant")[n % 2]))
        third = f"p{n // 2}" if heads[-1] != "split" else ("train", "val", "test")[n % 3]
        rows.append((listed, label, third)[: len(heads)])
        if draw.random() < 0.03:
            rows.append((listed, "normal", "p9")[: len(heads)])
    text = "".join(delimiter.join(row) + "\n" for row in rows)
    files.append(file(f"{root}{draw.choice(('data', 'groups', 'bus_data'))}.csv", text.encode()))
    return files


def _anywhere(draw: random.Random) -> list[File]:
    """Paths of random words."""
    words = ("benign", "malignant", "normal", "mask", "image", "1", "p2", "x y", "é", "pred", "GT")
    file, made = _named(draw, "utf-8"), pictures.Maker(draw)
    files = []
    for _ in range(draw.randrange(14)):
        parts = [draw.choice(words) for _ in range(draw.randrange(1, 5))]
        end = draw.choice((made.suffix, made.mask_suffix, ".txt", "", ".PNG", ".dcm", ".nii.gz"))
        files.append(file("/".join(parts) + end, draw.choice(made.pair())))
    return files


_LAYOUTS = (
    *(_class_folders,) * 4,
    *(_folders_apart,) * 2,
    _given_splits,
    _with_a_table,
    _anywhere,
)


def _again(draw: random.Random, files: list[File]) -> list[File]:
    """A name once more: as it is, in other case, with a second download's number."""
    if not files:
        return []
    one = draw.choice(files)
    ending = one.name.rpartition(b".")
    name = draw.choice((one.name, one.name.upper(), b" (1).".join((ending[0], ending[2])),
                        b"./" + one.name, one.name.replace(b"/", b"//")))  # fmt: skip
    return [dataclasses.replace(one, name=name, content=draw.choice(files).content)]


def _leads_out(draw: random.Random, files: list[File]) -> list[File]:
    scan = pictures.Maker(draw).pair()[0]
    names = (b"../../etc/x.png", b"/abs/x.png", b"C:\\x.png", b"benign/../../x.png", b"a\0b.png",
             b"benign/" + b"x" * 1500 + b".png", b"", b"benign/", b"\xff\xfe\xfa.png", b"a//b.png",
             b"benign/con\x07.png", b"..", b"benign/x.png/")  # fmt: skip
    return [File(name, scan) for name in draw.sample(names, draw.randrange(1, 5))]


def _of_systems(draw: random.Random, files: list[File]) -> list[File]:
    names = (b"__MACOSX/._a.png", b".DS_Store", b"benign/Thumbs.db", b"benign/desktop.ini",
             b"benign/._x.png", b"benign/.hidden/x.png")  # fmt: skip
    left = [File(name, draw.randbytes(60), system=True) for name in draw.sample(names, 3)]
    return [File(b"empty/", b"", STORED, system=True), *left]


def _beside(draw: random.Random, files: list[File]) -> list[File]:
    """Texts, tables and documents that may or may not say something of the images."""
    stems = [f.name.rpartition(b"/")[2].rpartition(b".")[0].decode("latin-1") for f in files]
    listed = "".join(f"{s},{draw.choice(('benign', 'malignant', 'p1', 'p2'))}\n" for s in stems)
    contents = {
        b"README.txt": b"as downloaded",
        b"groups.csv": draw.choice((b"image,group\n", b"image,group\n" + listed.encode(),
                                    listed.replace(",", ";").encode(), b"\xff\xfe" + b"\0\0a")),
        b"data.csv": draw.choice((b"", b"\n\n", b"a,b\n1,2\n", b"ID,label\n" + listed.encode(),
                                  draw.randbytes(200), b'"torn\n' * 5,
                                  "Ü;ß\n1;2".encode("utf-16"))),
        b"train.txt": "\n".join(stems[: len(stems) // 2]).encode(),
        b"benign.txt": "\n".join(stems).encode(),
        b"data.xlsx": draw.choice((_workbook(listed), b"PK\3\4" + draw.randbytes(90))),
        b"dataset.json": draw.choice((b"{", json.dumps({"labels": {"0": "b"}}).encode(), b"[" * 9)),
        b"annotations.json": json.dumps({"images": stems[:3], "categories": [1]}).encode(),
        b"inner.zip": pack((File(b"benign/x.png", b"x"),)),
        b"notes.docx": pack((File(b"word/document.xml", b"<w/>"),)),
        b"video.mp4": draw.randbytes(80),
        b"empty.png": b"",
        b"scan.dcm": bytes(128) + b"DICM" + draw.randbytes(50),
    }  # fmt: skip
    chosen = draw.sample(sorted(contents), draw.randrange(1, 5))
    folder = draw.choice((b"", b"", b"benign/"))
    return [File(folder + name, contents[name]) for name in chosen]


def _cell(text: str) -> str:
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'


def _workbook(listed: str) -> bytes:
    rows = "".join(
        f"<row>{''.join(map(_cell, line.split(',')))}</row>"
        for line in ["image,label", *listed.replace("&", "").replace("<", "").splitlines()]
    )  # fmt: skip
    spaces = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<worksheet xmlns="{spaces}"><sheetData>{rows}</sheetData></worksheet>'
    return pack((File(b"xl/worksheets/sheet1.xml", sheet.encode()),))


def _odd_pictures(draw: random.Random, files: list[File]) -> list[File]:
    made = pictures.Maker(draw)
    names = [f"benign/odd{n}{draw.choice(('', '_mask'))}.png".encode() for n in range(3)]
    return [File(name, made.odd()) for name in names]


def _results(draw: random.Random, files: list[File]) -> list[File]:
    """The same pictures again below a folder of results."""
    folder = draw.choice((b"overlays/", b"preds/", b"augmented/", b"masks/", b"benign/copies/"))
    some = files[: draw.randrange(1, 9)]
    return [
        dataclasses.replace(one, name=folder + one.name.rpartition(b"/")[2])
        for one in some
        if not one.system
    ]


_EXTRAS = (_again, _leads_out, _of_systems, _beside, _beside, _odd_pictures, _results)
