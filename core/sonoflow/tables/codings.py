"""How labels are written: which texts are one label, and which of two says that a disease is there.

Where neither the words nor a known table says so, nothing here does: staging assumes, or asks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from sonoflow.tables.numbers import is_number as is_number

# Each line is one label in several spellings, apart from upper case and spaces.
_SPELLINGS = (
    (
        "malignant",
        "m",
        "malign",
        "malignancy",
        "maligno",
        "maligna",
        "maligne",
        "malin",
        "mal",
        "bösartig",
        "злокачественная",
        "恶性",
    ),
    (
        "benign",
        "b",
        "benigno",
        "benigna",
        "bénin",
        "bénigne",
        "benigne",
        "ben",
        "gutartig",
        "доброкачественная",
        "良性",
    ),
    ("positive", "pos", "+"),
    ("negative", "neg", "-"),
    ("yes", "y", "ja", "oui", "si", "sí", "sim", "да"),
    ("no", "n", "nein", "non", "não", "нет"),
    ("true", "t"),
    ("false", "f"),
    ("cancer", "cancerous", "carcinoma"),
    ("abnormal",),
    ("normal",),
    ("healthy",),
    ("control",),
    ("no cancer", "non-cancer", "not cancer", "no-cancer", "no_cancer", "noncancer"),
    ("not malignant", "non-malignant", "nonmalignant", "not_malignant"),
)
_KEYS = {word: words[0] for words in _SPELLINGS for word in words}
_DISEASE = {"malignant", "positive", "cancer", "abnormal"}
_NO_DISEASE = {"benign", "negative", "normal", "healthy", "control", "no cancer", "not malignant"}
# Answers say what the column's name asks for, which may be either.
_YES, _NO = {"yes", "true", "1"}, {"no", "false", "0", "-1"}
_WELL = (
    "benign",
    "normal",
    "healthy",
    "negative",
    "control",
    "free",
    "survi",
    "alive",
    "bening",
    "bénin",
    "gutart",
    "gesund",
    "harmless",
    "harmlos",
    "remission",
    "recovered",
    "cured",
    "unremarkable",
)
# Beginnings of words of longer labels, `benign tumour` say; a word before them may deny them.
_DISEASED = ("malign", "cancer", "carcinom", "karzinom", "bösartig", "abnormal", "positiv")
_WITHOUT = ("benign", "bénin", "gutartig", "healthy", "normal", "negativ", "control")
_TELLING = _DISEASED + _WITHOUT
_DENIED = {"no", "not", "non", "without", "free", "kein", "keine", "ohne", "nicht", "sans", "sin"}
# Wherever they stand, what a word beside them says of a disease is not certain.
_DOUBTS = {
    *(
        "ruled",
        "rule",
        "out",
        "never",
        "neither",
        "nor",
        "hardly",
        "barely",
        "none",
        "nil",
        "minus",
    ),
    *("lack", "lacks", "lacking", "loss", "false", "instead", "rather", "pre", "anti", "versus"),
    *("vs", "or", "oder", "ou", "against", "gegen", "history", "former", "previous", "wo"),
    *(
        "fehlt",
        "fehlend",
        "kaum",
        "nie",
        "jamais",
        "nunca",
        "nao",
        "não",
        "negated",
        "zero",
        "null",
    ),
}
_DOUBTING = (
    *("exclu", "ausgeschl", "ausschl", "absen", "ausent", "abwes", "unlikel", "unwahrsch"),
    *("improb", "doubt", "question", "fraglich", "uncertain", "unclear", "unklar", "unconfirm"),
    *("unproven", "unsuspic", "undetect", "unprobab", "refut", "reject", "dispro", "discard"),
    *("descart", "deni", "widerleg", "indetermin", "inconclus", "equivoc", "dubio"),
)
_AGAINST = re.compile(r"\?|\bw/o\b")
_NOUGHT = re.compile(r"(?<![\w.])0+(\.0*)?(?![\w.])")  # `0 - malignant`; `0 - benign` agrees
_FUSED = re.compile(r"(no|non|not|un|never|anti)(malign|cancer|carcinom|disease|tumou?r|lesion)")
_NO_ANSWERS = {
    *("unknown", "unclear", "uncertain", "undetermined", "indeterminate", "inconclusive", "other"),
    *("pending", "open", "tbd", "missing", "none", "n.a", "not available", "not known", "x", "-"),
    *("unbekannt", "unklar", "offen", "ausstehend", "inconnu", "desconocido"),
}
_THREE = ({"normal", "benign", "malignant"}, {"no", "benign", "malignant"})  # N, B, M
_CODINGS = (
    {"malignant", "benign"},
    {"positive", "negative"},
    {"yes", "no"},
    {"true", "false"},
    {"0", "1"},
    {"2", "4"},
)

_DECIMAL_COMMA = re.compile(r"^(\d+),(\d+)$")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
POSITIVE, NEGATIVE, UNKNOWN = "positive", "negative", "unknown"


def key(label: str) -> str:
    """The same for each spelling of a label."""
    text = " ".join(visible(label).casefold().split()).strip("'\"`").rstrip(".") or label
    text = _DECIMAL_COMMA.sub(r"\1.\2", text)
    if is_number(text):
        number = float(text)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    return _KEYS.get(text, text)


def visible(text: str) -> str:
    """A text in the one form of those that look alike: full-width, composed, with characters that
    take no place."""
    if text.isascii():
        return text
    shown = (
        one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf"
    )
    return "".join(shown).strip()


def sign(label: str) -> str:
    """What a label says by itself of whether there is a disease."""
    found = key(label)
    if found in _DISEASE:
        return POSITIVE
    return NEGATIVE if found in _NO_DISEASE else _sign_in(found)


def _sign_in(text: str) -> str:
    """What the words of a longer label say, if they agree and nothing denies or doubts them."""
    words = _words(text)
    telling = [n for n, word in enumerate(words) if word.startswith(_TELLING)]
    denials = {n for n, word in enumerate(words) if word in _DENIED}
    said = set()
    for at in telling:
        denied = denials & {at - 1} or (words[at + 1 : at + 2] == ["free"] and {at + 1})
        denials -= denied or set()
        said.add(words[at].startswith(_DISEASED) != bool(denied))
    if len(said) != 1 or denials or _doubts(text):  # `no evidence of cancer`
        return UNKNOWN
    if said == {False}:
        return NEGATIVE
    return UNKNOWN if _NOUGHT.search(text) else POSITIVE


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text)


def _doubts(text: str) -> bool:
    """Whether a text holds anything that denies or doubts, before or after what it denies."""
    words = _words(text)
    found = any(word in _DOUBTS or word.startswith(_DOUBTING) for word in words)
    return found or _AGAINST.search(text) is not None


def is_doubted(label: str) -> bool:
    """Whether words for a disease, or for none, stand in a label that does not say which is meant:
    `malignancy excluded`."""
    text = key(label)
    telling = any(word.startswith(_TELLING) for word in _words(text))
    return telling and sign(label) == UNKNOWN


def is_no_answer(label: str) -> bool:
    """Whether a label seems to say that there is none."""
    return key(label) in _NO_ANSWERS


def is_letter(label: str) -> bool:
    """Whether it is a single letter, which means what it is beside."""
    return len(label.strip()) == 1 and label.strip().isalpha()


def answer(label: str) -> str:
    """The same of an answer, be it a word or a number, to what the column asks."""
    found = key(label)
    if found in _YES:
        return POSITIVE
    return NEGATIVE if found in _NO else UNKNOWN


def is_known(label: str) -> bool:
    """Whether it is a label in one of the codings that are known."""
    return any(key(label) in coding for coding in _CODINGS)


def asks_for_health(column: str) -> bool:
    """Whether yes, in a column of that name, seems to say that there is no disease: `is_benign`,
    `no_cancer`, `malignancy_excluded`."""
    text = " ".join(re.split(r"[\s_.-]+", _HUMP.sub(" ", visible(column)).casefold()))
    text = text.replace("?", "")
    if any(word in text for word in _WELL) or _doubts(text):
        return True
    words = _words(text)
    return not _DENIED.isdisjoint(words[:-1]) or any(map(_FUSED.match, words))


def mixed(labels: Collection[str]) -> list[str]:
    """Of more than two labels, those that are not of the coding that the first of them are of; none
    where all may be classes of their own: grades, or normal, benign and malignant."""
    keys = {label: key(label) for label in labels}
    found = set(keys.values())
    if len(found) < 3 or found in _THREE or all(map(is_number, found)):
        return []
    used = [coding for coding in _CODINGS if coding & found]
    whole = [coding for coding in used if coding <= found]
    if not whole and not (len(used) > 1 and found <= set().union(*_CODINGS)):
        return []
    first = [*whole, *used][0]
    return [label for label, one in keys.items() if one not in first]


def meaning(label: str) -> str:
    """What a word says, by itself or as an answer; numbers are turned round by some."""
    said = sign(label)
    return answer(label) if said == UNKNOWN and not is_number(key(label)) else said
