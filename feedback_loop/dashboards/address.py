"""The address of a dashboard: which kind of survey, which period, compared with what, and filtered by what.

    ?kind=nps&period=2026-10&compare=year&team=12&attr:tariff=gold

What it says is what is shown, for whoever may see it: an address can be passed on. What it says wrongly is told in a
sentence, and the nearest view that there is stands below it.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from analytics import figures, periods
from analytics.counts import By, Where
from analytics.periods import Period
from analytics.series import LENGTHS
from surveys.models import Client, Group, Survey
from surveys.models.answering import scale_of

if TYPE_CHECKING:
    from .choices import Choices

KINDS = tuple(Survey.Kind(kind) for kind in ("nps", "csat", "ces"))
BEFORE, LAST_YEAR = "before", "year"


@dataclass(frozen=True)
class Known:
    """What can be asked for: kinds of survey (those asked after a contact once more), and the client's first and last
    answer."""

    kinds: tuple[str, ...]
    after_contacts: tuple[str, ...]
    first_on: dt.date | None
    last_on: dt.date | None


@dataclass(frozen=True)
class Address:
    """`where` are the filters that were chosen; `by` the dimension of the breakdown; `page` counts from 1.

    `score`, `group`, `tone` (how the theme filtered by is spoken of) and `only_comments` narrow a list of answers and
    nothing else.
    """

    kind: str
    period: Period
    compare: str = BEFORE
    by: str = ""
    where: Where = field(default_factory=dict)
    score: int | None = None
    group: str = ""
    tone: str = ""
    only_comments: bool = False
    page: int = 1

    @property
    def before(self) -> Period:
        """The period to compare with."""
        return self.period.previous() if self.compare == BEFORE else year_before(self.period)

    @property
    def run(self) -> list[Period]:
        """The periods of the trend, oldest first; the last is the one shown."""
        return periods.run_back(self.period, LENGTHS[self.period.kind])

    @property
    def is_narrowed(self) -> bool:
        """Whether a list shows fewer answers than stand behind the figure."""
        return any(getattr(self, name) != usual for name, usual in WIDE.items())

    def query(self, **changes) -> str:
        """The same address with something else in it, as it stands after the path: what is usual is left out."""
        new = replace(self, page=1, **changes) if "page" not in changes else replace(self, **changes)
        pairs = [("kind", new.kind), ("period", new.period.text)]
        pairs += [("compare", new.compare)] if new.compare != BEFORE else []
        pairs += [("by", new.by)] if new.by else []
        pairs += [(str(by), value or NONE) for by, value in new.where.items()]
        pairs += [("score", new.score)] if new.score is not None else []
        pairs += [("group", new.group)] if new.group else []
        pairs += [("tone", new.tone)] if new.tone and By.THEME in new.where else []
        pairs += [("comment", "1")] if new.only_comments else []
        pairs += [("page", new.page)] if new.page > 1 else []
        return "?" + urlencode(pairs, safe=":")

    def whole(self, **changes) -> str:
        """The address of the dashboard itself, without what narrows a list of answers."""
        return replace(self, **WIDE).query(**changes)

    def also(self, by: str, value: str, **changes) -> str:
        """With this filter beside the others, or in the place of the one on the same dimension."""
        return self.query(where={**self.where, by: value}, **changes)

    def without(self, by: str) -> str:
        return self.query(where={key: value for key, value in self.where.items() if key != by})


NONE = "-"  # in an address: answers without any value of a dimension
TONES = ("criticised", "praised")
WIDE = {"score": None, "group": "", "tone": "", "only_comments": False}  # what narrows no list of answers


def year_before(period: Period) -> Period:
    """The same week, month or quarter of the year before; of a 53rd week the 52nd."""
    if period.kind != "week":
        year, _sep, part = period.text.partition("-")
        return periods.parse("-".join(filter(None, [str(int(year) - 1), part])), period.zone)
    year, _sep, week = period.text.partition("-W")
    try:
        return periods.parse(f"{int(year) - 1}-W{week}", period.zone)
    except ValueError:
        return periods.parse(f"{int(year) - 1}-W52", period.zone)


def read(
    params: Mapping[str, str], client: Client, known: Known, at: dt.datetime, language: str
) -> tuple[Address, list[str]]:
    """The address without its filters, which `filters` reads; and what was wrong with it, a sentence each."""
    said: list[str] = []
    kind = _kind(params.get("kind", ""), known, said)
    period = _period(params.get("period", ""), client, known, at, language, said)
    compare = params.get("compare", "") or BEFORE
    if compare not in (BEFORE, LAST_YEAR):
        said.append(_("“%s” is nothing to compare with; the period before is.") % _quoted(compare))
        compare = BEFORE
    if period.kind == "year":
        compare = BEFORE
    return Address(kind, period, compare), said


def narrowed(address: Address, params: Mapping[str, str], said: list[str]) -> Address:
    """With what narrows a list of answers to a score or group."""
    score, group = params.get("score", ""), params.get("group", "")
    if score and not (score.isdecimal() and score.isascii() and int(score) in scale_of(address.kind)):
        said.append(_("“%s” is no score of this scale; all are shown.") % _quoted(score))
        score = ""
    if group and group not in Group.values:
        said.append(_("“%s” is no group; all are shown.") % _quoted(group))
        group = ""
    tone = params.get("tone", "")
    if tone and tone not in TONES:
        said.append(_("“%s” is nothing that one can do with a theme; all are shown.") % _quoted(tone))
        tone = ""
    page = params.get("page", "")
    number = int(page) if page.isascii() and page.isdecimal() and int(page[:6]) > 0 else 1
    return replace(
        address,
        score=int(score) if score else None,
        group=group,
        tone=tone,
        only_comments=params.get("comment") == "1",
        page=min(number, 100_000),
    )


def filters(address: Address, params: Mapping[str, str], choices: "Choices", said: list[str]) -> Address:
    """With the filters that are among the choices; the others are named and left off."""
    where = {}
    for by, dimension in choices.items():
        asked = params.get(by, "")
        if not asked:
            continue
        value = "" if asked == NONE else asked
        if value in dimension.names:
            where[by] = value
        else:
            said.append(
                _("There are no answers with %(dimension)s “%(value)s” here; this filter is left off.")
                % {"dimension": dimension.label, "value": _quoted(asked)}
            )
    return replace(address, where=where)


def broken_down(params: Mapping[str, str], choices: "Choices", said: list[str]) -> str:
    """The dimension of the breakdown; empty where none is asked for, or none that there is."""
    by = params.get("by", "")
    if by and by not in choices:
        said.append(_("“%s” is nothing to break the answers down by.") % _quoted(by))
        return ""
    return by


def _kind(asked: str, known: Known, said: list[str]) -> str:
    usual = next(iter(known.kinds), KINDS[0])
    if not asked or asked in known.kinds:
        return asked or usual
    if asked in KINDS:
        said.append(_("Nobody is asked for %(kind)s here; %(shown)s is shown.") % {
            "kind": asked.upper(), "shown": usual.upper()
        })  # fmt: skip
    else:
        said.append(_("“%(asked)s” is no kind of survey; %(shown)s is shown.") % {
            "asked": _quoted(asked), "shown": usual.upper()
        })  # fmt: skip
    return usual


def _period(asked: str, client: Client, known: Known, at: dt.datetime, language: str, said: list[str]) -> Period:
    usual = usual_period(client, known, at)
    if not asked:
        return usual
    try:
        period = periods.parse(asked, client.time_zone)
    except ValueError:
        said.append(_("“%(asked)s” is no period such as 2026-10, 2026-W45, 2026-Q3 or 2026; %(shown)s is shown.") % {
            "asked": _quoted(asked), "shown": figures.period_name(usual, language)
        })  # fmt: skip
        return usual
    if period.start > at:
        now = periods.containing(at, period.kind, client.time_zone)
        said.append(_("%(asked)s has not begun yet; %(shown)s is shown.") % {
            "asked": figures.period_name(period, language), "shown": figures.period_name(now, language)
        })  # fmt: skip
        return now
    return period


def usual_period(client: Client, known: Known, at: dt.datetime) -> Period:
    """The last whole month; while there are answers only from before or since, the month that has the last of them."""
    month = periods.last_complete(at, "month", client.time_zone)
    if known.last_on is None or (known.first_on <= month.last_on and known.last_on >= month.first_on):
        return month
    return periods.parse(f"{known.last_on:%Y-%m}", client.time_zone)


def _quoted(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
