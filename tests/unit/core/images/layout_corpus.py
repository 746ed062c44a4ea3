"""Sets as people lay them out, small: what they are made of, and what must become of them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from tests.unit import pictures, ultrasound
from tests.unit.core.dicom import samples
from tests.unit.core.images.test_workbooks import MAIN, book

Files = dict[str, bytes]
SIZE = (96, 72)


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    build: Callable[[], Files]
    classes: Mapping[str, int] = dataclasses.field(default_factory=dict)  # images
    masked: int = 0  # images with a mask
    aside: Mapping[str, int] = dataclasses.field(default_factory=dict)
    assumed: frozenset[str] = frozenset()
    groups: int = 0
    splits: frozenset[str] = frozenset()
    refused: str | None = None  # what the refusal says
    mapping: Mapping[str, Any] = dataclasses.field(default_factory=dict)


CASES: list[Case] = []


def case(name: str, build: Callable[[], Files], **expected: Any) -> None:
    for key in ("assumed", "splits"):
        expected[key] = frozenset(expected.get(key, ()))
    CASES.append(Case(name, build, **expected))


@functools.cache
def scan(seed: int) -> bytes:
    return pictures.encode(Image.fromarray(ultrasound.scan(seed, *SIZE)))


@functools.cache
def mask(seed: int, **kind: Any) -> bytes:
    """An ellipse; of 0 and 1 with `low`."""
    drawn = Image.new("L", SIZE)
    left, top = 10 + seed % 30, 8 + seed % 20
    ImageDraw.Draw(drawn).ellipse((left, top, left + 30, top + 24), fill=1 if kind else 255)
    return pictures.encode(drawn)


def boxes(folder: str) -> Files:
    images = {f"{folder}JPEGImages/2007_{i}.png": scan(i) for i in range(1, 7)}
    return images | {f"{folder}Annotations/2007_{i}.xml": b"<annotation/>" for i in range(1, 7)}


@functools.cache
def wide_mask(seed: int) -> bytes:
    values = np.asarray(Image.open(pictures.io.BytesIO(mask(seed)))).astype(np.int32)
    return pictures.encode(Image.fromarray(values), "TIFF")


EMPTY = pictures.encode(Image.new("L", SIZE))


@functools.cache
def overlay(seed: int) -> bytes:
    coloured = Image.fromarray(ultrasound.scan(seed, *SIZE)).convert("RGB")
    left, top = 10 + seed % 30, 8 + seed % 20
    ImageDraw.Draw(coloured).ellipse((left, top, left + 30, top + 24), outline=(255, 40, 0))
    return pictures.encode(coloured)


def both(
    picture: str, drawn: str, labels: Mapping[str, str] | None = None, count: int = 3
) -> Files:
    """Pictures and masks by templates of {l} (label), {n} (number in the class), {i} (in all)."""
    files: Files = {}
    number = 0
    for label in labels or {"benign": "benign", "malignant": "malignant"}:
        for n in range(1, count + 1):
            number += 1
            told = {"l": label, "n": n, "i": number}
            files[picture.format(**told)] = scan(number)
            if drawn:
                files[drawn.format(**told)] = EMPTY if label == "normal" else mask(number)
    return files


TWO = {"benign": 3, "malignant": 3}
MASKS_TELL = {"lesion": 3, "normal": 3}
TOLD_BY_MASK = {"benign": "x", "normal": "x"}

# ── Masks by other names, beside the pictures ────────────────────────────────────────────────────
for affix in ("_segmentation", "-GT", " label", "_annot", "_Tumor", "_roi", ".mask", "GT", "_m1x"):
    unknown = affix == "_m1x"
    case(
        f"masks that end in {affix!r}",
        functools.partial(both, "d/{l}/scan ({n}).png", f"d/{{l}}/scan ({{n}}){affix}.png"),
        classes=TWO, masked=6, assumed={"masks-by-look"} if unknown else (),
    )  # fmt: skip
for prefix in ("mask_", "gt-", "Seg "):
    case(
        f"masks that begin with {prefix!r}",
        functools.partial(both, "{l}/{n:03d}.png", f"{{l}}/{prefix}{{n:03d}}.png"),
        classes=TWO, masked=6,
    )  # fmt: skip
case(
    "a picture and its mask in a folder of their own",
    functools.partial(both, "{l}/{n}/image.png", "{l}/{n}/mask.png"),
    classes=TWO, masked=6, groups=6, assumed={"groups-from-folders", "masks-by-part-of-name"},
)  # fmt: skip
for copy in ("_mask (1)", "_mask(2)", "_mask - Copy", "_mask - Kopie (2)", "_mask_1 (1)"):
    case(
        f"a second copy of a mask: {copy!r}",
        lambda copy=copy: both("{l}/{l} ({n}).png", "{l}/{l} ({n})_mask.png")
        | {f"benign/benign (1){copy}.png": mask(1)},
        classes=TWO, masked=6,
    )  # fmt: skip
case(
    "predictions beside pictures and masks",
    lambda: both("{l}/{l}_{n}.png", "{l}/{l}_{n}_mask.png")
    | both("{l}/{l}_{n}.png", "{l}/{l}_{n}_pred.png")
    | {"benign/benign_1_heat.png": overlay(1), "benign/benign_2_heatmap.png": scan(77)},
    classes=TWO, masked=6, aside={"results-of-others": 8}, assumed={"results-left-out"},
)  # fmt: skip
case(
    "one mask among pictures that are called alike",
    lambda: both("{l}/{i:02d}.png", "{l}/{i:02d}_mask.png") | {"benign/77.png": mask(3)},
    classes=TWO, masked=6, aside={"mask-without-image": 1},
)  # fmt: skip

# ── Folders of pictures and of masks ─────────────────────────────────────────────────────────────
for one, other in (("original", "GT"), ("Bilder", "Masken"), ("图像", "掩膜"), ("raw", "bw")):
    case(
        f"{one} with {other}, no class anywhere",
        functools.partial(both, f"UDIAT/{one}/{{i:06d}}.png", f"UDIAT/{other}/{{i:06d}}.png",
                          TOLD_BY_MASK),
        classes=MASKS_TELL, masked=6,
        assumed={"folders-by-content", "classes-from-masks"},
    )  # fmt: skip
case(
    "original and GT within classes",
    functools.partial(both, "U/{l}/original/{n}.png", "U/{l}/GT/{n}.png"),
    classes=TWO, masked=6, assumed={"folders-by-content"},
)  # fmt: skip
case(
    "a folder of masks beside each class",
    functools.partial(both, "{l}/{n}.png", "{l}_masks/{n}.png"),
    classes=TWO, masked=6,
)  # fmt: skip
case(
    "folders of any name within classes, one of them without lesions",
    functools.partial(both, "U/{l}/pic/{n}.png", "U/{l}/area/{n}.png",
                      {"benign": "", "malignant": "", "normal": ""}),
    classes={**TWO, "normal": 3}, masked=9, assumed={"folders-by-content"},
)  # fmt: skip
case(
    "a folder of masks beside each class, in words of several",
    functools.partial(both, "{l}s/img ({n}).png", "{l}s masks/img ({n}).png",
                      {"benign": "", "malignant": "", "normal": ""}),
    classes={"benigns": 3, "malignants": 3, "normals": 3}, masked=9,
)  # fmt: skip
case(
    "folders of classes with words that nobody knows",
    functools.partial(both, "kappa{l}/{n}.png", "kappa{l} seg/{n}.png", {"A": "", "B": ""}),
    classes={"kappaa": 3, "kappab": 3}, masked=6, assumed={"classes-from-folders"},
)  # fmt: skip
case(
    "nnU-Net, classes in names",
    lambda: {
        **both("D/imagesTr/{l}-{n:03d}_0000.png", "D/labelsTr/{l}-{n:03d}.png"),
        "D/dataset.json": b"{}",
    },
    classes=TWO, masked=6, aside={"unsupported-extension": 1}, assumed={"classes-from-names"},
)  # fmt: skip
case(
    "nnU-Net, no classes, a test part without labels",
    lambda: {
        **both("imagesTr/B_{i:03d}_0000.png", "labelsTr/B_{i:03d}.png", TOLD_BY_MASK),
        "imagesTs/B_901_0000.png": scan(90),
    },
    classes=MASKS_TELL, masked=6, aside={"no-class": 1}, assumed={"classes-from-masks"},
)  # fmt: skip
case(
    "nnU-Net with two channels",
    lambda: both("imagesTr/{l}-{n:03d}_0000.png", "labelsTr/{l}-{n:03d}.png")
    | {f"imagesTr/{c}-{n:03d}_0001.png": scan(40 + n) for c in TWO for n in (1, 2, 3)},
    classes=TWO, masked=6, aside={"further-channel": 6},
    assumed={"classes-from-names", "further-channels"},
)  # fmt: skip
case(
    "numbers of images that look like channels, as their masks have them too",
    functools.partial(both, "imagesTr/{l}_{n:04d}.png", "labelsTr/{l}_{n:04d}.png"),
    classes=TWO, masked=6, assumed={"classes-from-names"},
)  # fmt: skip
case(
    "VOC",
    lambda: {
        **both("V/JPEGImages/2007_{i:06d}.png", "V/SegmentationClass/2007_{i:06d}.png",
               TOLD_BY_MASK),
        "V/Annotations/2007_000001.xml": b"<annotation/>",
    },
    classes=MASKS_TELL, masked=6, aside={"unsupported-extension": 1},
    assumed={"classes-from-masks"},
)  # fmt: skip
case(
    "images and masks, codes of patients in names",
    functools.partial(both, "images/KOWA_{i:03d}.png", "masks/KOWA_{i:03d}.png", TOLD_BY_MASK),
    classes=MASKS_TELL, masked=6, assumed={"classes-from-masks"},
)  # fmt: skip
case(
    "several codes of patients, flat",
    lambda: both("KOWA_{i:03d}.png", "KOWA_{i:03d}_mask.png", {"benign": "x"})
    | both("MALI_{i:03d}.png", "MALI_{i:03d}_mask.png", {"normal": "x"}),
    classes=MASKS_TELL, masked=6, assumed={"classes-from-masks", "names-are-no-classes"},
)  # fmt: skip


def many_codes() -> Files:
    files: Files = {}
    for number, code in enumerate(("ALQI", "BEMA", "CODO", "DIRU", "ELSA", "FENO", "GAIA", "HUMO")):
        for n in (1, 2):
            files[f"images/{code}_{n:03d}.png"] = scan(10 * number + n)
            files[f"masks/{code}_{n:03d}.png"] = mask(10 * number + n) if number < 4 else EMPTY
    return files


case(
    "many codes of patients",
    many_codes, classes={"lesion": 8, "normal": 8}, masked=16, groups=8,
    assumed={"classes-from-masks", "groups-from-names"},
)  # fmt: skip
case(
    "known words anywhere in names",
    functools.partial(both, "set/{n:02d}_{l}.png", "set/{n:02d}_{l}_mask.png"),
    classes=TWO, masked=6, assumed={"classes-from-names"},
)  # fmt: skip


# ── Tables ───────────────────────────────────────────────────────────────────────────────────────
def bus_bra(rows: str = "\n", table: str = "bus_data.csv", delimiter: str = ",") -> Files:
    files = both("B/Images/bus_{i:04d}-l.png", "B/Masks/mask_{i:04d}-l.png")
    lines = ["ID,Case,Histology,Pathology,BIRADS"]
    for i in range(1, 7):
        label = "benign" if i <= 3 else "malignant"
        lines.append(f"bus_{i:04d}-l,{(i + 1) // 2},x,{label},{i}")
    return {**files, f"B/{table}": rows.join(lines).replace(",", delimiter).encode()}


BUS = {"classes-from-table", "groups-from-table"}
case("BUS-BRA", bus_bra, classes=TWO, masked=6, groups=3, assumed=BUS)
case("BUS-BRA with semicolons", functools.partial(bus_bra, "\r\n", "info.csv", ";"),
     classes=TWO, masked=6, groups=3, assumed=BUS)  # fmt: skip
case(
    "BUS-BRA with folds",
    lambda: {**bus_bra(), "B/5-fold-cv.csv": b"ID,kFold\nbus_0001-l,1\nbus_0002-l,2\nbus_0003-l,1"},
    classes=TWO, masked=6, groups=3, assumed=BUS,
)  # fmt: skip
case(
    "BUS-BRA, settled by the mapping",
    bus_bra, classes={"b": 3, "m": 3}, masked=6,
    mapping={
        "classes": {"file": "bus_data.csv", "image": "ID", "class": "Pathology"},
        "labels": {"benign": "B", "malignant": "M"}, "groups": "none",
    },
)  # fmt: skip
case(
    "BUS-BRA, a mapping that names no column",
    bus_bra, refused="has no column 'Type'; columns: ID, Case",
    mapping={"classes": {"file": "bus_data.csv", "image": "ID", "class": "Type"}},
)  # fmt: skip
case(
    "a table that gives splits",
    lambda: {
        **both("{l}/{i}.png", "{l}/{i}_mask.png"),
        "split.csv": b"image,split\n1.png,train\n2.png,val\n3.png,test\n4,train\n5,val\n6,test\n",
    },
    classes=TWO, masked=6, splits={"train", "validation", "test"}, assumed={"splits-from-table"},
)  # fmt: skip
case(
    "a table that contradicts the folders",
    lambda: {
        **both("{l}/{i}.png", "{l}/{i}_mask.png"),
        "t.csv": b"image,class\n1,benign\n2,benign\n3,malignant\n4,malignant\n5,malignant\n",
    },
    classes=TWO, masked=6, assumed={"table-differs"},
)  # fmt: skip


def voc(**lists: bytes) -> Files:
    files = both("V/JPEGImages/{i:06d}.png", "V/SegmentationClass/{i:06d}.png", TOLD_BY_MASK)
    return files | {f"V/ImageSets/Segmentation/{name}.txt": text for name, text in lists.items()}


VOC = {"classes-from-masks", "splits-from-lists"}
case(
    "VOC, boxes alone",
    lambda: boxes(""),
    refused="no-images: 6 × unsupported-extension: Pascal VOC .*_mask.png",
)  # fmt: skip
case(
    "VOC, boxes of some images alone",
    lambda: boxes("") | {f"JPEGImages/{i}.png": scan(i) for i in (10, 11)},
    refused="no-images: 8 × no-class: .*6 files .* annotations: Pascal VOC .*_mask.png",
)  # fmt: skip
case(
    "VOC, boxes alone, in a folder",
    lambda: boxes("V/"),
    classes={"v": 6}, aside={"unsupported-extension": 6}, assumed={"masks-not-read"},
)  # fmt: skip
case(
    "classes in folders, outlines as JSON",
    lambda: both("{l}/{i}.png", "") | {f"{'benign' if i < 4 else 'malignant'}/{i}.json": b"{}"
                                       for i in range(1, 7)},
    classes=TWO, aside={"unsupported-extension": 6}, assumed={"masks-not-read"},
)  # fmt: skip
case(
    "masks of 32 bits in a folder of any name",
    lambda: both("{l}/pic/{i}.png", "")
    | {f"{'benign' if i < 4 else 'malignant'}/area/{i}.tif": wide_mask(i) for i in range(1, 7)},
    classes=TWO, masked=6, assumed={"folders-by-content"},
)  # fmt: skip
case(
    "a table in which classes and patients are missing",
    lambda: {
        **both("B/Images/bus_{i:04d}-l.png", "B/Masks/mask_{i:04d}-l.png"),
        "B/t.csv": b"ID,Case,Pathology\n"
        + b"".join(
            b"bus_%04d-l,%s,%s\n" % (i, b"NA" if i > 2 else b"7", c)
            for i, c in enumerate([b"benign", b"benign", b"NA", b"malignant", b"malignant", b""], 1)
        ),
    },
    classes={"benign": 2, "malignant": 2}, masked=4, groups=1,
    assumed={*BUS, "groups-incomplete"}, aside={"no-class": 2, "mask-without-image": 2},
)  # fmt: skip
case(
    "VOC with its lists of splits",
    lambda: voc(train=b"000001\n000002\n000004\n", val=b"000003\n000005\n000006\n"),
    classes=MASKS_TELL, masked=6, splits={"train", "validation"}, assumed=VOC,
)  # fmt: skip
case(
    "VOC, one image in two of its lists",
    lambda: voc(train=b"000001\n000002\n", val=b"000002\n"),
    refused="split-leak: .*splits",
)
case(
    "VOC, splits of our own",
    lambda: voc(train=b"000001\n000002\n", val=b"000002\n"),
    classes=MASKS_TELL, masked=6, assumed={"classes-from-masks"},
    aside={"unsupported-extension": 2}, mapping={"splits": "own"},
)  # fmt: skip
case(
    "classes in lists",
    lambda: both("original/{i:03d}.png", "GT/{i:03d}.png")
    | {"Benign.txt": b"001\r\n002\r\n003\r\n", "malignant.txt": b"004.png\n005.png\n006.png"},
    classes=TWO, masked=6, assumed={"classes-from-lists", "folders-by-content"},
)  # fmt: skip


def breast(table: str, content: bytes) -> Files:
    files = both("BrEaST/case{i:03d}.png", "BrEaST/case{i:03d}_tumor.png")
    return {**files, "BrEaST/case001_other1.png": mask(9), table: content}


def breast_rows() -> list[list[str]]:
    header = ["CaseID", "Mask_tumor_filename", "Image_filename", "Classification"]
    labels = ["benign"] * 3 + ["malignant"] * 3
    rows = [
        [f"{i}", f"case{i:03d}_tumor.png", f"case{i:03d}.png", labels[i - 1]] for i in range(1, 7)
    ]
    return [header, *rows]


def workbook(rows: list[list[str]]) -> bytes:
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{v}</t></is></c>' for v in row) + "</row>"
        for row in rows
    )
    return book(f'<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>')


OTHER = {"unknown-drawing": 1}
case(
    "BrEaST with its spreadsheet",
    lambda: breast("BrEaST/clinical.xlsx", workbook(breast_rows())),
    classes=TWO, masked=6, aside=OTHER, groups=6,
    assumed={"classes-from-table", "groups-from-table"},
)  # fmt: skip
case(
    "BrEaST with a spreadsheet that cannot be read",
    lambda: breast("clinical.xlsx", b"\xd0\xcf\x11\xe0"),
    classes={"lesion": 6}, masked=6, aside={**OTHER, "unreadable-table": 1},
    assumed={"classes-from-masks"},
)  # fmt: skip
case(
    "BrEaST with a table in another page",
    lambda: breast("t.csv", "\n".join(";".join(row) for row in breast_rows()).encode("utf-16")),
    classes=TWO, masked=6, aside=OTHER, groups=6,
    assumed={"classes-from-table", "groups-from-table"},
)  # fmt: skip

# ── Class folders ────────────────────────────────────────────────────────────────────────────────
for names in (("HER2+", "HER2-"), ("<2cm", ">2cm"), ("良性 1", "恶性 1"), ("M+", "M")):
    case(
        f"classes {names[0]} and {names[1]}",
        functools.partial(both, "{l}/{i}.png", "{l}/{i}_mask.png", dict.fromkeys(names, "")),
        classes={"*": 3, "**": 3}, masked=6, assumed={"classes-from-folders"}
        if "良性 1" not in names else (),
    )  # fmt: skip
case(
    "classes in another script",
    functools.partial(both, "{l}/{i}.png", "{l}/{i}_mask.png", {"良性": "", "正常": ""}),
    classes={"*": 3, "**": 3}, masked=6, assumed={"classes-by-digest"},
)  # fmt: skip
case(
    "classes in another script, named by the mapping",
    functools.partial(both, "{l}/{i}.png", "{l}/{i}_mask.png", {"良性": "", "正常": ""}),
    classes={"benign": 3, "normal": 3}, masked=6,
    mapping={"labels": {"良性": "benign", "正常": "normal"}},
)  # fmt: skip
case(
    "classes that signs tell apart, named by the mapping",
    functools.partial(both, "{l}/{i}.png", "{l}/{i}_mask.png", {"ER+": "", "ER-": ""}),
    classes={"positive": 3, "er-minus": 3}, masked=6, assumed={"classes-from-folders"},
    mapping={"labels": {"ER+": "positive"}},
)  # fmt: skip
case(
    "patients within classes",
    functools.partial(both, "{l}/patient_{n}/a.png", "{l}/patient_{n}/a_mask.png"),
    classes=TWO, masked=6, groups=6, assumed={"groups-from-folders"},
)  # fmt: skip
case(
    "a folder for each of many patients",
    lambda: {f"{a}{b}ller/{n}.png": scan(n) for a in "abcde" for b in "vwxyz" for n in (1,)},
    refused="too-many-classes: 25 folders",
)
case(
    "patients without classes, masks tell",
    functools.partial(both, "P{i:02d}/scan.png", "P{i:02d}/scan_seg.png", TOLD_BY_MASK),
    classes=MASKS_TELL, masked=6, groups=6, assumed={"classes-from-masks", "groups-from-folders"},
)  # fmt: skip

# ── Results of others ────────────────────────────────────────────────────────────────────────────
BUSI = functools.partial(both, "B/{l}/{l} ({n}).png", "B/{l}/{l} ({n})_mask.png")


def drawn_over(folder: str) -> Files:
    return {
        f"B/{folder}/" + name: overlay(i)
        for i, name in enumerate(
            [f"{label} ({n}).png" for label in ("benign", "malignant") for n in (1, 2, 3)], start=1
        )
    }


for folder in ("overlays", "Output_v2", "zzz"):
    case(
        f"BUSI with {folder}",
        lambda folder=folder: BUSI() | drawn_over(folder),
        classes=TWO, masked=6, aside={"results-of-others": 6}, assumed={"results-left-out"},
    )  # fmt: skip
MADE: dict[str, Callable[[int], bytes]] = {
    "heat maps": lambda i: heat_map(i),
    "crops": lambda i: pictures.encode(
        Image.open(pictures.io.BytesIO(scan(i))).crop((20, 16, 76, 60))
    ),
    "scaled crops": lambda i: pictures.encode(
        Image.open(pictures.io.BytesIO(scan(i))).crop((20, 16, 76, 60)).resize((224, 176))
    ),
    "pictures side by side": lambda i: beside_each_other(i),
}


def heat_map(seed: int) -> bytes:
    """Of something else than the picture."""
    warm = ultrasound.scan(seed + 40, *SIZE)
    return pictures.encode(Image.fromarray(np.dstack([warm, 255 - warm, warm // 4])))


def beside_each_other(seed: int) -> bytes:
    whole = Image.new("L", (2 * SIZE[0], SIZE[1]))
    whole.paste(Image.open(pictures.io.BytesIO(scan(seed))))
    whole.paste(Image.open(pictures.io.BytesIO(scan(seed + 60))), (SIZE[0], 0))
    return pictures.encode(whole)


for what, make in MADE.items():
    for where, masks in (
        ("B/zzz/{l} ({n}).png", True),
        ("B/zzz/{l} ({n})_v2.png", True),
        ("B/{l}/{l} ({n})_v2.png", True),
        ("B/benigns/{l} ({n}).png", False),
    ):
        case(
            f"{what} as {where}",
            lambda make=make, where=where, masks=masks: both(
                "B/{l}/{l} ({n}).png", "B/{l}/{l} ({n})_mask.png" if masks else ""
            )
            | {
                where.format(l=label, n=n): make(n + 3 * at)
                for at, label in enumerate(TWO)
                for n in (1, 2, 3)
            },
            classes=TWO, masked=6 if masks else 0, aside={"results-of-others": 6},
            assumed={"made-of-others"},
        )  # fmt: skip
case(
    "grey maps of an unknown folder that are called as pictures of the classes are",
    lambda: BUSI() | {f"B/zzz/{c} ({n}).png": scan(50 + n) for c in TWO for n in (1, 2, 3)},
    classes=TWO, masked=6, aside={"results-of-others": 6}, assumed={"made-of-others"},
)  # fmt: skip
case(
    "other pictures with the same numbers stay a class",
    lambda: both("{l}/{i}.png", "") | {f"other/{i}.png": scan(50 + i) for i in range(1, 7)},
    classes={**TWO, "other": 6}, assumed={"classes-from-folders"},
)  # fmt: skip
case(
    "heat maps that show nothing of the pictures",
    lambda: BUSI()
    | {f"B/gradcam/{c} ({n}).png": scan(50 + n) for c in TWO for n in (1, 2, 3)},
    classes=TWO, masked=6, aside={"results-of-others": 6}, assumed={"results-left-out"},
)  # fmt: skip
case(
    "predicted masks in folders like those of the true ones",
    lambda: both("images/{l}/{n}.png", "masks/{l}/{n}.png")
    | both("images/{l}/{n}.png", "predictions/masks/{l}/{n}.png"),
    classes=TWO, masked=6, aside={"results-of-others": 6},
)  # fmt: skip
case(
    "a set that lies in a folder for output",
    functools.partial(both, "output/{l}/{n}.png", "output/{l}/{n}_seg.png"),
    classes=TWO, masked=6,
)  # fmt: skip
case(
    "results in folders of the same classes",
    lambda: both("{l}/{i}.png", "{l}/{i}_mask.png")
    | {f"vis/{'benign' if i < 4 else 'malignant'}/{i}.png": overlay(i) for i in range(1, 7)},
    classes=TWO, masked=6, aside={"results-of-others": 6}, assumed={"results-left-out"},
)  # fmt: skip
case(
    "overlays, left out by the mapping",
    lambda: BUSI() | drawn_over("extra"),
    classes=TWO, masked=6, aside={"ignored": 6}, mapping={"ignore": ["extra"]},
)  # fmt: skip


# ── Groups ───────────────────────────────────────────────────────────────────────────────────────
def grouped(mark: str, encoding: str, head: str = "file,group", name: str = "groups.csv") -> Files:
    lines = [head]
    lines += [
        f"{label}/{label} ({n}).png,p{label}{n // 3}"
        for label in ("benign", "malignant")
        for n in (1, 2, 3)
    ]
    return {**BUSI(), f"B/{name}": "\r\n".join(lines).replace(",", mark).encode(encoding)}


for mark, encoding in ((";", "cp1252"), ("\t", "utf-16"), ("|", "utf-8-sig"), (",", "utf-8")):
    case(
        f"groups.csv with {mark!r} in {encoding}",
        functools.partial(grouped, mark, encoding),
        classes=TWO, masked=6, groups=4,
    )  # fmt: skip
case(
    "patients in a table of another name",
    functools.partial(grouped, ";", "utf-8", "filename,patient", "patients.csv"),
    classes=TWO, masked=6, groups=4, assumed={"groups-from-table"},
)  # fmt: skip
case(
    "groups.csv of another set",
    lambda: {**BUSI(), "groups.csv": b"file,group\nx.png,1\ny.png,2\n"},
    refused="groups-unreadable: .*none of its 3 lines",
)
case(
    "groups.csv of some images",
    lambda: {**BUSI(), "groups.csv": b"file,group\nbenign (1).png,1\nbenign (2).png,1\n"},
    classes=TWO, masked=6, groups=1, assumed={"groups-incomplete"},
)  # fmt: skip


# ── DICOM ────────────────────────────────────────────────────────────────────────────────────────
@functools.cache
def dicom(seed: int, patient: int = 0) -> bytes:
    tags = {"PatientID": f"P{patient}"} if patient else {}
    return samples.file(ultrasound.scan(seed, *SIZE)[np.newaxis], **tags)


def examinations(name: str, drawn: str = "", readme: str = "README") -> Files:
    """Three patients of each class, and a file that is none."""
    files: Files = {readme: b"Breast ultrasound."}
    for label in TWO:
        for n in range(1, 4):
            number = n + 3 * (label == "malignant")
            files[name.format(l=label, n=n)] = dicom(number, number)
            if drawn:
                files[drawn.format(l=label, n=n)] = mask(number)
    return files


README = {"unsupported-extension": 1}
case(
    "DICOM in class folders, masks beside",
    functools.partial(examinations, "d/{l}/{n}.dcm", "d/{l}/{n}_mask.png"),
    classes=TWO, masked=6, aside=README,
)  # fmt: skip
case(
    "DICOM in class folders, masks in folders of theirs",
    functools.partial(examinations, "images/{l}/{n}.dcm", "masks/{l}/{n}.png"),
    classes=TWO, masked=6, aside=README,
)  # fmt: skip
case(
    "DICOM as scanners export it: UIDs for names",
    functools.partial(
        examinations, "{l}/1.2.840.113619.2.{n}", "{l}/1.2.840.113619.2.{n}_mask.png"
    ),
    classes=TWO, masked=6, aside=README,
)  # fmt: skip
case(
    "DICOM without extension in folders of patients, and its table of contents",
    lambda: {**examinations("{l}/PAT{n:03d}/IM_0001"), "DICOMDIR": samples.file(samples.ramp())},
    classes=TWO, aside=README | {"not-ultrasound": 1}, groups=6,
    assumed={"groups-from-folders"},
)  # fmt: skip
case(
    "files without extension that are no pictures",
    lambda: {**BUSI(), "benign/README": b"x", "LICENSE": b"x" * 300, "raw/1.2.3": b"x"},
    classes=TWO, masked=6, aside={"unsupported-extension": 3},
)  # fmt: skip
case(
    "one among files of DICOM that is none",
    lambda: {**examinations("{l}/IM{n}"), "benign/NOTES": b"x" * 200},
    classes=TWO, aside=README | {"not-an-image": 1},
)  # fmt: skip
case(
    "DICOM whose masks are DICOM too",
    functools.partial(examinations, "{l}/{n}.dcm", "{l}/{n}_mask.dcm"),
    classes=TWO, aside=README | {"dicom-mask": 6}, assumed={"masks-not-read"},
)  # fmt: skip
case(
    "DICOM, with patients and classes in a table",
    lambda: {
        **{f"im/{n}.dcm": dicom(n, n) for n in range(1, 7)},
        "t.csv": "".join(
            ["file,patient,class\n", *(f"{n}.dcm,p{n % 3},{'ab'[n % 2]}\n" for n in range(1, 7))]
        ).encode(),
    },
    classes={"a": 3, "b": 3}, groups=3, assumed={"classes-from-table", "groups-from-table"},
)  # fmt: skip
case(
    "DICOM beside PNG",
    lambda: {**BUSI(), "benign/a.dcm": dicom(50), "benign/a_mask.png": mask(50)},
    classes={"benign": 4, "malignant": 3}, masked=7,
)  # fmt: skip
case(
    "files called DICOM that are none",
    lambda: {**BUSI(), "benign/a.dcm": b"x", "benign/a_mask.png": mask(50)},
    classes=TWO, masked=6, aside={"not-an-image": 1, "mask-without-image": 1},
)  # fmt: skip

# ── Pictures that are none that are read ─────────────────────────────────────────────────────────
for suffix, word in ((".ima", "DICOM"), (".nii.gz", "NIfTI"), (".webp", "WebP")):
    case(
        f"pictures as {suffix}",
        lambda suffix=suffix: {
            **{f"benign/{n}{suffix}": b"x" for n in range(4)},
            **{f"benign/{n}_mask.png": mask(n) for n in range(4)},
            **{f"benign/{n}_mask_1.png": mask(n) for n in range(4)},
        },
        refused=rf"no-images: 4 × unsupported-extension: .*{word}",
    )
case("nothing but masks", lambda: {f"benign/{n}_mask.png": mask(n) for n in range(4)},
     refused="no-images: 4 × mask-without-image")  # fmt: skip


def soft(seed: int) -> bytes:
    drawn = Image.open(pictures.io.BytesIO(mask(seed)))
    return pictures.encode(drawn.resize((192, 144), Image.Resampling.BILINEAR), "JPEG", quality=80)


def scaled() -> Files:
    files: Files = {}
    for seed, stem in enumerate(("cyst/c1", "cyst/c2", "normal/n1", "normal/n2")):
        files |= {f"{stem}.png": scan(seed), f"{stem}_q.jpg": soft(seed)}
    return files


case(
    "masks as JPEG, scaled, with a word of their own",
    scaled,
    classes={"cyst": 2, "normal": 2}, masked=4, assumed={"masks-by-look"},
)  # fmt: skip


def colours(seed: int) -> bytes:
    values = np.asarray(Image.open(pictures.io.BytesIO(mask(seed)))) > 0
    rgb = np.zeros((*values.shape, 3), np.uint8)
    rgb[values] = (0, 255, 0)
    return pictures.encode(Image.fromarray(rgb))


case(
    "masks in colour, in a folder of any name",
    lambda: {
        **{f"set/pics/{n:03d}.png": scan(n) for n in range(4)},
        **{f"set/areas/{n:03d}.png": colours(n) if n < 2 else EMPTY for n in range(4)},
    },
    classes={"lesion": 2, "normal": 2}, masked=4,
    assumed={"classes-from-masks", "folders-by-content", "mask-colours"},
)  # fmt: skip
