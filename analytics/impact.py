"""What each theme brings to the score or costs it: the score of all answers minus that of those that do not name it.

Whoever names two themes counts under both; a theme that was merged counts as what it became, a part of a theme for
itself. It tells what goes with being named, not what would happen if nobody had a reason to name it.
"""

from dataclasses import dataclass

from django.utils.translation import get_language

from surveys.models import Client

from . import disclosure, scores
from .counts import EVERYWHERE, counting, counts, groups
from .dimensions import By, Where
from .honesty.figure import worth
from .models import Reading, Theme
from .periods import Period
from .scores import Estimate
from .small_groups import Shown


@dataclass(frozen=True)
class Impact:
    """In points of NPS, or of the share (CSAT, CES). Of an interval only, the estimate's value is not for print."""

    theme: int
    name_de: str
    name_en: str
    side: str
    n: int
    estimate: Estimate | None
    shown: Shown


@dataclass(frozen=True)
class Impacts:
    """Of `n` answers, `comments` had a text with content that has been read.

    `rows`: first what costs most, last what brings most; then those too thin for a place, by name. `hidden`: the names,
    in the reader's language, of themes that so few answers name, or leave unnamed, that nothing is said. Both are None
    where the answers themselves may not be shown.
    """

    n: int | None
    comments: int | None
    rows: tuple[Impact, ...]
    hidden: tuple[str, ...]


def impacts(client: Client, kind: str, period: Period, where: Where = EVERYWHERE) -> Impacts:
    """Of all themes that the answers of a period name. As many queries for one theme as for many."""
    decided = disclosure.of(client, kind, [period], By.THEME, where)[0]
    if decided.whole is Shown.HIDDEN:
        return Impacts(None, None, (), ())
    everyone = counts(client, kind, [period], where=where)[0, ""]
    naming = {value: numbers for (_place, value), numbers in counts(client, kind, [period], By.THEME, where).items()}
    themes = Theme.objects.filter(client=client, pk__in=[value for value in naming if value]).select_related("parent")
    found, hidden = [], []
    for theme in themes:
        shown = decided.parts.get(str(theme.pk), Shown.HIDDEN)
        if shown is Shown.HIDDEN:
            hidden.append(theme.full_name(get_language() or "en"))
            continue
        numbers = naming[str(theme.pk)]
        moved = scores.impact(groups(kind, numbers), groups(kind, everyone), worth(kind))
        names = theme.full_name("de"), theme.full_name("en")
        found.append(Impact(theme.pk, *names, theme.side, sum(numbers), moved, shown))
    comments = _comments(client, kind, period, where)
    return Impacts(sum(everyone), comments, tuple(sorted(found, key=_order)), tuple(sorted(hidden)))


def _comments(client: Client, kind: str, period: Period, where: Where) -> int:
    """Two plain reads and a look: as one join PostgreSQL searches each reading's answer for its customer's next one."""
    said = (Reading.Outcome.THEMES, Reading.Outcome.UNCLASSIFIED)
    within = {"submitted_at__gte": period.start, "submitted_at__lt": period.end, "client": client, "kind": kind}
    about = {f"answer__response__{name}": value for name, value in within.items()}
    read = Reading.objects.filter(outcome__in=said, **about).values_list("answer__response", flat=True)
    return len({*read} & {*counting(client, kind, [period], where).values_list("pk", flat=True)})


def _order(impact: Impact) -> tuple:
    is_placed = impact.shown is Shown.FULL and impact.estimate is not None
    return (not is_placed, impact.estimate.value if is_placed else 0, impact.name_en)
