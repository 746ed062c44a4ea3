"""What the words in names of files and folders mean, in lower case.

A word alone is a hint. What is in the files is asked wherever a hint decides something.
"""

from __future__ import annotations

import functools
import re

from sonoflow.keys import TEST, TRAIN, VALIDATION

SPLITS = {
    "train": TRAIN,
    "training": TRAIN,
    "val": VALIDATION,
    "valid": VALIDATION,
    "validation": VALIDATION,
    "test": TEST,
    "testing": TEST,
}
_NNUNET = {"tr": TRAIN, "ts": TEST}
_IMAGES = "images?|imgs?|jpegimages"
_MASKS = (
    "masks?|labels?|annotations?|segmentations?|ground[_ -]?truths?|gts?"
    "|segmentation(?:class|object)"
)
_ROLE = re.compile(
    rf"(?:(?P<split>{'|'.join(SPLITS)})[_ -])?(?:(?P<image>{_IMAGES})|(?P<mask>{_MASKS}))"
)
_NNUNET_ROLE = re.compile(r"(?:(?P<image>images)|(?P<mask>labels))(?P<split>tr|ts)")


def set_of(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(re.split(r"\s+", text.strip()))


# A picture's role, where other folders hold its masks; elsewhere it may be a class.
PICTURES = set_of(
    """original originals orig raw scan scans picture pictures photo photos frame frames us bus
    ultrasound bmode b-mode data input inputs source"""
)
MASKS = set_of(
    """mask masks seg segs segmentation segmented gt groundtruth truth label labels annotation
    annotations annot lesion lesions tumor tumour tumors tumours nodule mass roi contour manual"""
)
# What others made of the pictures: neither picture nor truth.
RESULTS = set_of(
    """overlay overlays pred preds prediction predictions predicted output outputs result results
    vis visual visualization visualizations visualisation heatmap heatmaps gradcam cam blend
    blended probability prob probs saliency comparison attention attentions xai heat activation
    activations scorecam layercam eigencam lime shap explanation explanations attribution
    attributions"""
)
CLASSES = set_of(
    """normal benign malignant healthy cancer cancerous carcinoma tumor tumour lesion cyst cystic
    solid fibroadenoma abnormal positive negative pos neg malign benigno maligno benigna maligna
    benin bénin malin normale normaux gutartig bösartig boesartig gesund normalny łagodny złośliwy
    良性 恶性 惡性 悪性 正常 양성 악성 정상 norma доброкачественные злокачественные норма"""
)
# A folder of such a word and a number is a class; of another, a patient or a case.
NUMBERED_CLASSES = set_of(
    "birads rads acr grade class type category cat label stage level score cluster"
)
PATIENTS = set_of(
    """patient patients pat case cases subject subj sub study exam visit series person woman p id
    fall paciente caso sujet cas"""
)
# What a copy of a file is called by browsers and file managers.
_COPY = re.compile(r"(?: ?\(\d+\)| - (?:copy|kopie|copie|copia)(?: \(\d+\))?|_copy\d*)$", re.I)


@functools.lru_cache(maxsize=4096)
def role(folder: str) -> tuple[str | None, bool] | None:
    """The split, and whether it holds masks, of a folder named by its role; None for others."""
    word = folder.lower()
    if match := _NNUNET_ROLE.fullmatch(word):
        return _NNUNET[match["split"]], match["mask"] is not None
    if match := _ROLE.fullmatch(word):
        return SPLITS.get(match["split"] or ""), match["mask"] is not None
    return None


def without_copy(stem: str) -> str:
    """`x_mask (1)` → `x_mask`."""
    return _COPY.sub("", stem) or stem


def tokens(text: str) -> list[str]:
    """`_other1` → other; numbers are left out."""
    return [token for token in re.split(r"[\W\d_]+", text.lower()) if token]


def has(text: str, words: frozenset[str]) -> bool:
    return not words.isdisjoint(tokens(text))


def is_class(name: str) -> bool:
    """Whether one of its words is known to name a class."""
    several = {token.removesuffix("s") for token in tokens(name)}
    return (
        has(name, CLASSES)
        or not CLASSES.isdisjoint(several)
        or not NUMBERED_CLASSES.isdisjoint([*tokens(name), re.sub(r"[\W\d_]+", "", name.lower())])
    )
