"""In which code page an archive's names are written that do not say so and are no UTF-8.

One archive is written on one machine: the page is decided for all of its names together, by what
they would say in each. Every page tells different bytes apart, so a wrong one shows names wrongly
and joins none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from sonoflow.assumptions import Assumption

FALLBACK = "cp437"  # what the format says of names that are not UTF-8
# Pages by how often they are met; the first of equals counts.
_DOUBLE = ("gb18030", "cp932", "cp949", "big5")
_LATIN = (FALLBACK, "cp850", "cp852", "cp1252", "cp1250", "cp857", "cp1254")
_SCRIPTS = {
    **{"cp866": "CYRILLIC", "cp1251": "CYRILLIC", "koi8_r": "CYRILLIC"},
    **{"cp737": "GREEK", "cp1253": "GREEK", "cp874": "THAI"},
    **{"cp720": "ARABIC", "cp1256": "ARABIC"},
}
PAGES = (*_DOUBLE, *_LATIN, *_SCRIPTS)
# Lead bytes of the signs that each page's authors thought common.
_COMMON = {
    "gb18030": (0xB0, 0xD7),
    "cp932": (0x82, 0x97),
    "cp949": (0xB0, 0xC8),
    "big5": (0xA4, 0xC6),
}
# What folders of images are called; in the wrong page, none of these comes out.
_WORDS = (
    *(
        "良性",
        "恶性",
        "惡性",
        "悪性",
        "正常",
        "病变",
        "病變",
        "肿瘤",
        "腫瘤",
        "腫瘍",
        "乳腺",
        "囊肿",
    ),
    *("图像", "图片", "圖像", "画像", "掩膜", "标注", "양성", "악성", "정상", "종양"),
    *("섬유선종", "доброкачественные", "злокачественные", "норма", "опухоль", "рак", "киста"),
    *("bösartig", "läsion", "bénin", "lésion", "lesión", "nódulo", "łagodn", "złośliw"),
)
_HANGUL_LEAST = 6
_NEARLY = 0.12  # of a score: less is no difference
_NAMES_LIMIT = 2000  # that are tried in every page


def choose(names: Iterable[bytes]) -> str:
    """The page for names of which none is UTF-8 throughout; FALLBACK if nothing makes sense."""
    some = list(dict.fromkeys(names))[:_NAMES_LIMIT]
    scores = {page: _score(some, page) for page in PAGES}
    best = max(PAGES, key=lambda page: scores[page])
    return best if scores[best] > 0 else FALLBACK


def makes_sense(names: Iterable[bytes], page: str) -> bool:
    return _score(list(dict.fromkeys(names))[:_NAMES_LIMIT], page) > 0


def is_double(page: str) -> bool:
    return page in _DOUBLE


def may_say(raw: bytes, name: str) -> bool:
    """Whether the bytes are that name in one of the pages."""
    return any(raw.decode(page, "replace") == name for page in PAGES)


def rivals(names: Iterable[bytes], page: str) -> list[str]:
    """Pages in which the same names make as much sense, and read otherwise: of few names, or single
    signs, several do."""
    some = list(dict.fromkeys(names))[:_NAMES_LIMIT]
    least = _score(some, page) - _NEARLY
    told = {raw.decode(page, "replace") for raw in some}
    return [
        other
        for other in PAGES
        if other != page and (score := _score(some, other)) > 0 and score >= least
        if {raw.decode(other, "replace") for raw in some} != told
    ]


def assumption(page: str, count: int, others: Sequence[str] = (), sense: bool = True) -> Assumption:
    """That so many names were read in that page, though they make as much sense in `others`, or
    none in any."""
    also = f" ({', '.join(others[:4])} would do as well)" if others else ""
    also = also if sense else ", and make words in none"
    detail = (
        f"{count} names in the archive say in no way how they are written; they were read in code "
        f"page {page}{also}. If they look wrong, zip again with names in UTF-8 (7-Zip: -mcu=on)"
    )
    return Assumption("names-in-code-page", detail, "")


def _score(names: Sequence[bytes], page: str) -> float:
    """How much sense names make: 0 for none, above 1 where a known word comes out."""
    good = told = 0.0
    known = False
    signs: set[str] = set()
    for raw in names:
        try:
            text = raw.decode(page)
        except UnicodeDecodeError:
            return 0.0
        if any(unicodedata.category(sign) in ("Cc", "Cn", "Co", "Cs") for sign in text):
            return 0.0
        known = known or any(word in text.lower() for word in _WORDS)
        foreign = [sign for sign in text if not sign.isascii()]
        signs.update(foreign)
        told += len(foreign)
        good += len(foreign) * (_common(raw, page) if page in _COMMON else _spelled(text, page))
    share = good / told if told else 0.0
    # Hangul lies where half of the Chinese signs do: many signs that all lie there are Hangul.
    korean = page == "cp949" and len(signs) >= _HANGUL_LEAST and share > 0.89
    return (1.0 if known else 0.0) + share + (0.05 if korean else 0.0)


def _common(raw: bytes, page: str) -> float:
    """The share of common signs. Half-width kana are what other pages look like in Japanese."""
    first, last = _COMMON[page]
    at = common = others = 0
    while at < len(raw):
        if raw[at] < 0x80:
            at += 1
        elif page == "cp932" and 0xA1 <= raw[at] <= 0xDF:
            at, others = at + 1, others + 1
        else:
            sign = raw[at : at + 2].decode(page, "replace")
            is_common = first <= raw[at] <= last and sign[:1].isalpha() and not _torn(raw, at)
            common, others = common + is_common, others + (not is_common)
            at += 2
    share = common / max(1, common + others)
    return 0.9 * share if share > 0.6 else 0.0


def _torn(raw: bytes, at: int) -> bool:
    """Whether a sign of two bytes stands alone in Latin words and took one of them:
    `b敗artig` for `bösartig`."""
    near = raw[max(0, at - 1) : at] + raw[at + 2 : at + 3]
    alone = all(byte < 0x80 for byte in near)
    return alone and raw[at + 1 : at + 2].isalpha() and any(chr(byte).isalnum() for byte in near)


def _spelled(text: str, page: str) -> float:
    """The share of foreign signs that stand in words as letters do."""
    good = foreign = 0
    for word in re.findall(r"[^\W\d_]+|[^\x00-\x7f]", text):
        strange = [sign for sign in word if not sign.isascii()]
        foreign += len(strange)
        if not strange or not all(sign.isalpha() for sign in word):
            continue
        scripts = {unicodedata.name(sign, "?").split()[0] for sign in word}
        mixed_case = word not in (word.lower(), word.upper(), word.title())
        if len(scripts) > 1 or mixed_case:
            continue
        if page in _SCRIPTS:
            good += len(strange) if scripts == {_SCRIPTS[page]} and len(word) > 1 else 0
        elif scripts == {"LATIN"} and len(strange) <= max(1, len(word) // 2) and len(word) > 1:
            good += len(strange)
    share = good / foreign if foreign else 0.0
    return 0.8 * share if share > 0.6 else 0.0
