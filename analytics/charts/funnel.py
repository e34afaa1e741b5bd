"""From those who could have been asked to the answers that count: a bar per step on one scale, losses as sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from analytics import figures

from .chart import Chart, Loss, Piece, Table, TableRow
from .drawing import Drawing, Mark, Rect, Text

BAR_HEIGHT, PICTURE_ROW = 12, 52  # pixels


@dataclass(frozen=True)
class Step:
    """`rate` is said beside the number, `loss` below: why those who came so far are fewer than the step before."""

    name: str
    n: int
    rate: str = ""
    loss: Loss | None = None
    href: str = ""


def funnel(steps: Sequence[Step], *, language: str, title: str, heads: tuple[str, str, str]) -> Chart:
    """`heads` of the table: step, number, loss. ValueError where the first step has nobody."""
    if not steps or not steps[0].n:
        raise ValueError("nothing to draw: nobody was eligible")
    pieces, marks, rows, before = [], [], [], steps[0].n
    for place, step in enumerate(steps):
        bars = _bars(step.n / steps[0].n, before / steps[0].n)
        count, lost = figures.count(step.n, language), before - step.n
        loss = figures.points(-lost, language=language) if place else figures.NO_DATA
        pieces.append(Piece(step.name, step.rate, count, "", Drawing(BAR_HEIGHT, bars), step.href, loss=step.loss))
        marks += _in_picture(step, count, place, bars)
        rows.append(TableRow((step.name, count, loss), step.href))
        before = step.n
    drawing = Drawing(PICTURE_ROW * len(steps), tuple(marks))
    said = "; ".join(f"{piece.name}: {piece.value}" for piece in pieces)
    return Chart(drawing, f"{title}. {said}.", Table(title, heads, tuple(rows)), tuple(pieces))


def _bars(share: float, before: float) -> tuple[Mark, ...]:
    rest = (Rect(share, 5, before - share, 2, "rest"),) if before > share else ()
    return (*rest, Rect(0, 0, share, BAR_HEIGHT, "bar"))


def _in_picture(step: Step, count: str, place: int, bars: Sequence[Mark]) -> list[Mark]:
    top = place * PICTURE_ROW
    moved = [Rect(bar.x, bar.y + top + 24, bar.width, bar.height, bar.paint) for bar in bars if isinstance(bar, Rect)]
    said = f"{count} {step.rate}".strip()
    return [Text(0, top + 17, step.name, ink="strong"), Text(1, top + 17, said, "end"), *moved]
