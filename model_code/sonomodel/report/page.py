"""A model's report as one page of HTML: no scripts, no other files, nothing from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from sonomodel.report import curves as training
from sonomodel.report.html import (
    Html,
    code,
    counted,
    escaped,
    figure,
    interval,
    joined,
    paragraph,
    section,
    spoken,
    table,
)
from sonomodel.report.record import MEANINGS, ModelRecord
from sonomodel.report.results import results
from sonomodel.report.style import STYLE
from sonomodel.report.worst_cases import WorstCase

CARD_FILE = "model_card.md"
_KINDS = {
    "mistake": "The most confident mistakes on the test split.",
    "lesion": "The lesions of the test split with the lowest Dice.",
    "false mask": "The normal images of the test split with the largest false masks.",
}
NOTICE = "Research use only. Not a medical device. Do not use it to diagnose or to treat anyone."


def page(record: ModelRecord) -> str:
    card = record.card
    sections = [
        _figures(record),
        *results(record),
        training.curves(record),
        training.diagnostics(record),
        training.balance(record),
        _worst(record),
        training.how(record),
    ]
    name = f"{card.name} · Sonoflow model report"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(name)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"{_header(record)}{_facts(record)}{_navigation()}{_cautions(record)}"
        f"{joined(sections, chr(10))}\n"
        f'<footer class="soft">{escaped(NOTICE)}</footer>\n</body>\n</html>\n'
    )


def _header(record: ModelRecord) -> Html:
    card = record.card
    said = (
        f"version {code(card.version)} · {escaped(card.architecture)} · trained on the data set "
        f"{code(card.dataset_version)} · {counted(record.evaluation['images'], 'test image')}"
    )
    return Html(
        f'<header><p class="soft">Sonoflow model report</p><h1>{escaped(card.name)}</h1>'
        f'<p class="soft">{said}</p></header>'
    )


def _facts(record: ModelRecord) -> Html:
    tiles = []
    for name in record.headlines:
        ends = interval(record.intervals.get(name))
        below = f"<small>{escaped(ends)}</small>" if ends else ""
        value = figure(record.metrics[name])
        tiles.append(Html(f"<div><b>{value}</b>{escaped(spoken(name))}{below}</div>"))
    return Html(f'<div class="facts">{joined(tiles)}</div>')


def _navigation() -> Html:
    places = {
        "figures": "Figures",
        "results": "Results",
        "training": "Training",
        "diagnostics": "Diagnostics",
        "balance": "Balance",
        "worst": "Worst cases",
        "how": "How it was trained",
    }
    links = joined(Html(f'<a href="#{key}">{title}</a>') for key, title in places.items())
    return Html(f'<nav aria-label="Sections">{links}<a href="{CARD_FILE}">Model card</a></nav>')


def _cautions(record: ModelRecord) -> Html:
    said = record.cautions()
    items = joined(Html(f"<li>{escaped(one)}</li>") for one in said)
    return Html(f'<ul class="notes" aria-label="Worth knowing">{items}</ul>') if said else Html("")


def _figures(record: ModelRecord) -> Html:
    rows = [
        (_named(name), figure(value), interval(record.intervals.get(name)))
        for name, value in record.metrics.items()
        if name in MEANINGS
    ]
    return section(
        "figures",
        "Figures",
        paragraph(
            "Of the test split, which neither training nor the choice of epoch, temperature or "
            "threshold has seen."
        ),
        table(("metric", "value", "95 % interval"), rows, kind="metrics"),
        paragraph(record.intervals_said, "soft"),
    )


def _named(metric: str) -> Html:
    return Html(f"{escaped(spoken(metric))}<small>{escaped(MEANINGS[metric])}</small>")


def _worst(record: ModelRecord) -> Html:
    cases = record.cases
    if not cases:
        none = (
            "No test image is given a wrong class."
            if record.classifies
            else "Every mask of the test split is right to the pixel."
        )
        return section("worst", "Worst cases", paragraph(none))
    shown_kinds = {case.kind for case in cases}
    said = " ".join(text for kind, text in _KINDS.items() if kind in shown_kinds)
    if not record.classifies:
        said += " On the left the true outline, on the right the predicted one."
    kind = "pictures single" if record.classifies else "pictures"
    shown = Html(f'<div class="{kind}">{joined(map(_case, cases))}</div>')
    return section("worst", "Worst cases", paragraph(said), shown)


def _case(case: WorstCase) -> Html:
    images = joined(
        _image(png, f"Ultrasound image {case.id}, class {case.label}: {_outlined(shown)}")
        for shown, png in case.pictures.items()
    )
    said = f"{escaped(case.label)}: {escaped(case.text)}<br>{code(case.id)}"
    return Html(f'<figure><div class="pair">{images}</div><figcaption>{said}</figcaption></figure>')


def _outlined(shown: str) -> str:
    return "as given" if shown == "image" else f"{shown} outline"


def _image(png: bytes, text: str) -> Html:
    width, height = _size(png)
    data = base64.b64encode(png).decode()
    size = f'width="{width}" height="{height}"'
    return Html(f'<img src="data:image/png;base64,{data}" {size} alt="{escaped(text)}">')


def _size(png: bytes) -> Sequence[int]:
    """From the header chunk, which every PNG begins with."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
