"""Why a score is what it is, and which contacts need not have been.

It reads every answer and contact of the period, which takes longer than all other figures together.
"""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics import charts, figures
from analytics.counts import By
from analytics.demand import Cause, FailureDemand, failure_demand
from analytics.drivers import Drivers, Missing, drivers
from analytics.matters import Repeats, repeats
from analytics.scores import VALUE_FROM, Estimate
from analytics.small_groups import Shown

from .aims import Line
from .board import View
from .sections import Section

MOST = 8  # drivers and causes


def sections_of(view: View) -> list[Section]:
    """A filter that contacts do not have leaves the second one off."""
    client, address = view.scope.client, view.address
    found = [_drivers(drivers(client, address.kind, address.period, view.where), view)]
    if not {By.THEME, By.SURVEY} & view.where.keys():
        demand = failure_demand(client, address.period, view.where)
        came_again = repeats(client, address.period, where=view.where, at=view.at)
        found.append(_demand(demand, came_again, view))
    return found


def _drivers(found: Drivers, view: View) -> Section:
    language = view.language
    title = _("What goes with a higher or lower score")
    if found.missing or not found.rows:
        return Section("drivers", title, missing=_why_none(found.missing or Missing.NOTHING_KNOWN))
    rows = [
        charts.WhiskerRow(
            row.name,
            " · ".join([figures.evidence(row.n, language), _("clear") if row.is_clear else _("not clear")]),
            Estimate(row.effect, row.low, row.high, max(row.n, VALUE_FROM)),
            _answers_with(row.key, view),
        )
        for row in found.rows[:MOST]
    ]
    chart = charts.whiskers(
        rows, language=language, title=_("Points that go with it, all else being equal"), head=_("Circumstance"),
        is_effect=True,
        ends=(_("lowers"), _("raises")),
    )  # fmt: skip
    says = _("Points that go with it, all else being equal, from %(n)s answers; together they explain %(share)s of the "
             "differences. It does not say what would happen if something were changed.")  # fmt: skip
    told = {"n": figures.count(found.n, language), "share": figures.percent(found.explained, language=language)}
    return Section("drivers", title, says=says % told, chart=chart)


def _answers_with(key: str, view: View) -> str:
    """The answers of which a circumstance holds, where an address can say it: a channel, a theme in one tone."""
    by, _colon, value = key.partition(":")
    if by == By.CHANNEL and by not in view.where:
        return view.way(by_value=(By.CHANNEL, value))
    if by == By.THEME and by not in view.where:
        theme, _colon, tone = value.partition(":")
        return view.way(by_value=(By.THEME, theme), tone=tone)
    return ""


def _why_none(why: Missing) -> tuple[str, str]:
    return {
        Missing.TOO_FEW: (_("Too few answers."), _("It takes 100 of which the circumstances are known.")),
        Missing.TOO_NARROW: (_("Too small a group."), _("Take a filter off.")),
        Missing.ALL_ALIKE: (_("All scores are alike."), _("There is nothing that could go with a difference.")),
        Missing.NOTHING_KNOWN: (
            _("Nothing is known of the contacts."),
            _("Waiting times, transfers and themes appear here as soon as the contacts bring them."),
        ),
    }[why]


def _demand(found: FailureDemand, came_again: Repeats, view: View) -> Section:
    language = view.language
    title = _("Contacts that need not have been")
    if not found.contacts:
        return Section("demand", title, missing=(
            _("No contacts in this period."), _("They are counted as soon as they come in.")
        ))  # fmt: skip
    lead = ""
    if found.share:
        lead = _("%(share)s of all contacts (%(interval)s).") % {
            "share": figures.percent(found.share.value, language=language),
            "interval": figures.interval(found.share, "percent", language),
        }
    n = ngettext("Of %(n)s contact that a customer began.", "Of %(n)s contacts that customers began.", found.contacts)
    causes = (Line(_cause(cause, language), _said_of(cause, view)) for cause in found.causes[:MOST])
    lines = (*_first_contact(came_again, language), *causes)
    says = n % {"n": figures.count(found.contacts, language)}
    return Section("demand", title, lead=lead, says=says, lines=lines)


def _first_contact(found: Repeats, language: str) -> Iterable[Line]:
    if (settled := found.first_contact_resolution) and settled.n >= VALUE_FROM:
        yield Line(_("Settled at the first contact: %(share)s (%(interval)s).") % {
            "share": figures.percent(settled.value, language=language),
            "interval": figures.interval(settled, "percent", language),
        })  # fmt: skip


def _said_of(cause: Cause, view: View) -> str:
    """The answers that criticise a theme, of a kind that is asked after contacts; other causes are not in answers."""
    kinds = view.known.after_contacts
    if not (cause.key.isdecimal() and kinds):
        return ""
    kind = view.address.kind if view.address.kind in kinds else kinds[0]
    return view.way(by_value=(By.THEME, cause.key), tone="criticised", kind=kind)


def _cause(cause: Cause, language: str) -> str:
    told = {
        "name": cause.name,
        "share": figures.percent(cause.share.value, 1, language=language),
        "contacts": figures.count(round(cause.contacts), language),
        "minutes": figures.count(round(cause.minutes), language) if cause.minutes is not None else "",
        "interval": figures.interval(cause.share, "percent", language),
    }
    if cause.shown is not Shown.FULL:
        return _("%(name)s: %(interval)s of contacts") % told
    if cause.is_counted:
        shape = _("%(name)s: %(share)s, %(contacts)s contacts, %(minutes)s minutes")
        return (shape if told["minutes"] else _("%(name)s: %(share)s, %(contacts)s contacts")) % told
    shape = _("%(name)s: about %(share)s (%(interval)s), %(contacts)s contacts, %(minutes)s minutes")
    without = _("%(name)s: about %(share)s (%(interval)s), %(contacts)s contacts")
    return (shape if told["minutes"] else without) % told
