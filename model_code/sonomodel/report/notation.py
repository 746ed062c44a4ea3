"""The few pieces of HTML that a model's report is made of. Whatever comes from outside is text."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

# Of a metric's name, what is not written in small letters.
_TERMS = ("AUC", "Dice", "ECE", "EMA", "F1", "FPR", "HD95", "IoU", "TPR", "STAN")
_SPELLED = {term.lower(): term for term in _TERMS}


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def escaped(value: object) -> Html:
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


def joined(parts: Iterable[object], between: str = "") -> Html:
    return Html(between.join(escaped(part) for part in parts))


def spoken(name: str) -> str:
    """`macro_f1` → `macro F1`."""
    return " ".join(_SPELLED.get(word, word) for word in name.replace("_", " ").split(" "))


def figure(value: object) -> str:
    """Three decimals, or a dash where it is undefined."""
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def interval(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.3f} – {ends[1]:.3f}"


def percent(share: float, decimals: int = 0) -> str:
    return f"{100 * share:.{decimals}f} %"


def counted(number: int, one: str, many: str | None = None) -> str:
    """1, "image" → `1 image`; 2 → `2 images`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def code(text: object) -> Html:
    return Html(f"<code>{escaped(text)}</code>")


def paragraph(text: object, kind: str = "") -> Html:
    return Html(f'<p class="{kind}">{escaped(text)}</p>' if kind else f"<p>{escaped(text)}</p>")


def table(
    heads: Sequence[object],
    rows: Iterable[Sequence[object]],
    *,
    caption: str = "",
    kind: str = "",
) -> Html:
    """The first cell of a row names it. `kind` `text`: cells are prose, not figures."""
    above = f"<caption>{escaped(caption)}</caption>" if caption else ""
    top = joined(Html(f'<th scope="col">{escaped(head)}</th>') for head in heads)
    body = joined(
        Html(
            f'<tr><th scope="row">{escaped(row[0])}</th>'
            f"{joined(Html(f'<td>{escaped(cell)}</td>') for cell in row[1:])}</tr>"
        )
        for row in rows
    )
    thead = f"<thead><tr>{top}</tr></thead>" if heads else ""
    opening = f'<div class="wide"><table class="{kind}">'
    return Html(f"{opening}{above}{thead}<tbody>{body}</tbody></table></div>")


def drawing(plot: Html, caption: object) -> Html:
    return Html(f"<figure>{plot}<figcaption>{escaped(caption)}</figcaption></figure>")


def two(*parts: object) -> Html:
    """Side by side where there is room."""
    columns = joined(Html(f"<div>{escaped(part)}</div>") for part in parts if part)
    return Html(f'<div class="two">{columns}</div>')


def section(name: str, title: str, *parts: object) -> Html:
    heading = f'<h2 id="{escaped(name)}">{escaped(title)}</h2>'
    return Html(f"<section>{heading}{joined(parts)}</section>")
