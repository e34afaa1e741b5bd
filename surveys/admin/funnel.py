"""The page of a campaign's funnel: each step and each loss with its reason, each number leading to exactly its rows."""

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import ledger, tables
from ..admin_scope import Scoped, own_page
from ..models import Campaign, Stage, Survey

MONTHS, QUARTERS = 6, 4  # that can be chosen with one press


@dataclass(frozen=True)
class Line:
    """A number on the page, with the address of exactly those rows."""

    label: str
    number: str
    address: str


@dataclass(frozen=True)
class Bar:
    """A step as it is drawn: widths in percent of all that were eligible."""

    line: Line
    share: str
    width: str
    lost_width: str
    lost: str
    losses: tuple[Line, ...]
    note: str


class WithLedger(Scoped):
    """Gives a campaign the page of its funnel, and the list of campaigns a column that leads there."""

    @admin.display(description=gettext_lazy("ledger"))
    def ledger_link(self, campaign: Campaign) -> SafeString:
        label = _("Ledger of %(campaign)s") % {"campaign": campaign}
        address = reverse("admin:surveys_campaign_ledger", args=[campaign.pk])
        return format_html('<a href="{}" aria-label="{}">{}</a>', address, label, _("Ledger"))

    @own_page
    def ledger(self, request: HttpRequest, campaign: Campaign) -> HttpResponse:
        """The funnel of a period (`?from=` included, `until=` not), each number leading to its rows."""
        now = timezone.now()
        days, wrong = _asked_days(request, campaign, now)
        funnel = ledger.funnel(campaign, days, now)
        rows = {"campaign": campaign.pk, "about": address(days.first_on, days.until_on)}
        context = {
            "title": _("Ledger of %(campaign)s") % {"campaign": campaign},
            "days": days,
            "wrong": wrong,
            "period": name_of(days.first_on, days.until_on),
            "choices": _choices(now.astimezone(campaign.client.zone).date(), days),
            "bars": _bars(funnel, rows) if funnel.count(Stage.ELIGIBLE) else [],
            "beside": _beside(ledger.beside(campaign, days), campaign, rows),
            "ineligible": [_line(loss.label, loss.count, rows, fate=loss.reason) for loss in funnel.ineligible],
            "exports": {form.upper(): _export(form, rows) for form in tables.FORMATS if form != "json"},
        }
        return self.page(request, campaign, "ledger", status=400 if wrong else 200, **context)


def _asked_days(request: HttpRequest, campaign: Campaign, now: dt.datetime) -> tuple[ledger.Span, str]:
    """The period in the address, else this month; with what is wrong about the address."""
    this_month = month_of(now.astimezone(campaign.client.zone).date())
    usual = ledger.Span(*this_month, campaign.client.zone)
    first, until = (request.GET.get(name, "").strip() for name in ("from", "until"))
    if not (first or until):
        return usual, ""
    try:
        return ledger.span(first, until, campaign.client), ""
    except ledger.WrongDays as wrong:
        return usual, str(wrong)


def _choices(today: dt.date, days: ledger.Span) -> dict[str, list[dict]]:
    """Months and quarters that can be chosen with one press, the latest last."""
    chosen = (days.first_on, days.until_on)

    def offer(periods: list[tuple[dt.date, dt.date]]) -> list[dict]:
        return [
            {
                "name": name_of(*each),
                "query": urlencode({"from": each[0], "until": each[1]}),
                "is_chosen": each == chosen,
            }
            for each in periods
        ]

    months = [month_of(today, back) for back in reversed(range(MONTHS))]
    quarters = [quarter_of(today, back) for back in reversed(range(QUARTERS))]
    return {_("Month"): offer(months), _("Quarter"): offer(quarters)}


def _bars(funnel: ledger.Funnel, rows: dict) -> list[Bar]:
    whole = funnel.count(Stage.ELIGIBLE)
    lost_as = {
        Stage.ELIGIBLE: _("not asked"),
        Stage.ASKED: _("not delivered"),
        Stage.DELIVERED: _("page not opened"),
        Stage.STARTED: _("opened and not answered"),
    }
    notes = {Stage.STARTED: _("Mail scanners may be among them: they open links, too.")}
    return [
        Bar(
            line=_line(capfirst(step.stage.label), step.count, rows, stage=step.stage.value),
            share=_share(step, funnel),
            width=_width(step.count, whole),
            lost_width=_width(sum(loss.count for loss in step.losses), whole),
            lost=f"{_count(sum(loss.count for loss in step.losses))} {lost_as[step.stage]}" if step.losses else "",
            losses=tuple(_line(loss.label, loss.count, rows, fate=loss.reason) for loss in step.losses),
            note=notes.get(step.stage, ""),
        )
        for step in funnel.steps
    ]


def _beside(found: ledger.Beside, campaign: Campaign, rows: dict) -> list[tuple[Line, str]]:
    """What came in and is in no score, each with a note: numbers that were only clicked, and flagged answers."""
    lines = []
    if found.provisional:
        label = _("only clicked in the mail: provisional")
        lines.append((_line(label, found.provisional, rows, clicked="only"), _by_group(campaign.survey.kind, found)))
    if found.flagged:
        address = f"{reverse('admin:surveys_flaggedsheet_changelist')}?{urlencode({**rows, 'counts': 'no'})}"
        lines.append((Line(_("with the marks of a machine"), _count(found.flagged), address), ""))
    return lines


def _by_group(kind: str, found: ledger.Beside) -> str:
    """How many of each group, named by its numbers."""
    said = {
        Survey.Kind.NPS: _("9–10: %(upper)s, 7–8: %(middle)s, 0–6: %(lower)s"),
        Survey.Kind.CSAT: _("4–5: %(upper)s, 3: %(middle)s, 1–2: %(lower)s"),
        Survey.Kind.CES: _("5–7: %(upper)s, 4: %(middle)s, 1–3: %(lower)s"),
    }
    parts = {"upper": found.promoters, "middle": found.passives, "lower": found.detractors}
    return said[Survey.Kind(kind)] % {name: _count(number) for name, number in parts.items()}


def _share(step: ledger.Step, funnel: ledger.Funnel) -> str:
    """The rates that say something: coverage, delivered of asked, response rate. Opened pages are no rate."""
    asked = funnel.count(Stage.ASKED)
    if step.stage == Stage.ASKED:
        return _("coverage %(share)s") % {"share": percent(funnel.coverage)}
    if step.stage == Stage.DELIVERED and asked:
        return _("%(share)s of those asked") % {"share": percent(100 * step.count / asked)}
    if step.stage == Stage.ANSWERED and asked:
        return _("response rate %(share)s of those asked") % {"share": percent(funnel.response_rate)}
    return ""


def _line(label: str, number: int, rows: dict, **these: str) -> Line:
    address = f"{reverse('admin:surveys_invitation_changelist')}?{urlencode({**rows, **these})}"
    return Line(label, _count(number), address)


def _export(form: str, rows: dict) -> str:
    return f"{reverse('admin:surveys_invitation_export', args=[form])}?{urlencode(rows)}"


def _count(number: int) -> str:
    return number_format(number, force_grouping=True)


def percent(value: float) -> str:
    """One decimal, half away from zero."""
    rounded = Decimal(repr(value)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return _("%(number)s%%") % {"number": number_format(rounded, 1)}


def _width(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}%"


def month_of(day: dt.date, back: int = 0) -> tuple[dt.date, dt.date]:
    """First day of the month `back` months ago, and of the one after it."""
    return _first_of_month(day, -back), _first_of_month(day, 1 - back)


def quarter_of(day: dt.date, back: int = 0) -> tuple[dt.date, dt.date]:
    into = (day.month - 1) % 3
    return _first_of_month(day, -into - 3 * back), _first_of_month(day, 3 - into - 3 * back)


def _first_of_month(day: dt.date, months: int) -> dt.date:
    number = day.year * 12 + day.month - 1 + months
    return dt.date(number // 12, number % 12 + 1, 1)


def name_of(first_on: dt.date, until_on: dt.date) -> str:
    """October 2026; Q4 2026; 1 October 2026 to 14 November 2026."""
    if (first_on, until_on) == month_of(first_on):
        return date_format(first_on, "F Y")
    if (first_on, until_on) == quarter_of(first_on):
        return _("Q%(quarter)s %(year)s") % {"quarter": (first_on.month + 2) // 3, "year": first_on.year}
    days = (date_format(day, "DATE_FORMAT") for day in (first_on, until_on - dt.timedelta(days=1)))
    return _("%(first)s to %(last)s") % dict(zip(("first", "last"), days, strict=True))


def address(first_on: dt.date, until_on: dt.date) -> str:
    return f"{first_on}..{until_on}"
