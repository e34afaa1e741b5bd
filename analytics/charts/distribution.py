"""How many gave which score: one bar for each, from zero, under which the three groups are drawn as lines."""

from collections.abc import Mapping

from django.utils import translation
from django.utils.translation import gettext as _

from analytics import figures

from .chart import Chart, Table, TableRow
from .drawing import Drawing, Line, Link, Mark, Rect, Text

HEIGHT = 210
TOP, BOTTOM, LABELS_AT, GROUPS_AT = 26, 176, 196, 206  # pixels from above
FILLED = 0.82  # of a bar's slot


def distribution(
    counts: Mapping[int, int], groups: Mapping[int, str], *, language: str, title: str, hrefs: Mapping[int, str]
) -> Chart:
    """`counts` of each score in the order of the scale, `groups` its group, `hrefs` the ways to the answers.

    Counts without an interval: they are of these answers, and claim nothing beyond them. ValueError without answers.
    """
    whole = sum(counts.values())
    if not whole:
        raise ValueError("nothing to draw: no answers")
    slot, most = 1 / len(counts), max(counts.values())
    marks: list[Mark] = []
    for place, (score, n) in enumerate(counts.items()):
        marks += _bar(place, score, n, n / most, slot, groups[score], hrefs.get(score, ""), language)
    marks.append(Line(0, BOTTOM, 1, BOTTOM, "zero"))
    marks += _group_lines([groups[score] for score in counts], slot)
    with translation.override(language):
        rows = tuple(_row(score, n, whole, hrefs.get(score, ""), language) for score, n in counts.items())
        table = Table(title, (_("Score"), _("Answers"), _("Share")), rows)
    said = ", ".join(f"{score}: {figures.count(n, language)}" for score, n in counts.items())
    return Chart(Drawing(HEIGHT, tuple(marks)), f"{title}. {said}.", table)


def _bar(place: int, score: int, n: int, share: float, slot: float, group: str, href: str, language: str) -> list[Mark]:
    middle, height = (place + 0.5) * slot, share * (BOTTOM - TOP)
    bar = Rect(middle - FILLED * slot / 2, BOTTOM - height, FILLED * slot, height, group)
    count = Text(middle, BOTTOM - height - 5, figures.count(n, language), "middle")
    name = Text(middle, LABELS_AT, str(score), "middle", "strong")
    if not (href and n):
        return [bar, count, name]
    hit = Rect(place * slot, 0, slot, HEIGHT, "hit")
    return [Link(href, f"{score}: {figures.count(n, language)}", (hit, bar, count, name))]


def _group_lines(groups: list[str], slot: float) -> list[Mark]:
    gap = (1 - FILLED) / 2 * slot
    spans = {group: (groups.index(group), groups.index(group) + groups.count(group)) for group in groups}
    return [
        Rect(first * slot + gap, GROUPS_AT, (end - first) * slot - 2 * gap, 3, group)
        for group, (first, end) in spans.items()
    ]


def _row(score: int, n: int, whole: int, href: str, language: str) -> TableRow:
    share = figures.percent(100 * n / whole, 1, language=language)
    return TableRow((str(score), figures.count(n, language), share), href if n else "")
