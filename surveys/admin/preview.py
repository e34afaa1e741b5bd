"""The page that tells whom a campaign would have asked in a month, and why not the others."""

import datetime as dt
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from .. import invitations
from ..admin_scope import Scoped, own_page
from ..models import Campaign, Contact, Customer
from .funnel import month_of, name_of, percent

MONTHS = 13  # that can be chosen: this one, and a year back


@dataclass(frozen=True)
class Line:
    """One outcome: how many, which share of all, and some of them as (name, address)."""

    label: str
    is_asked: bool
    number: str
    share: str
    width: str
    examples: tuple[tuple[str, str], ...]


class WithPreview(Scoped):
    """Gives a campaign the page that plays a month again by the rules as they are saved. Nothing is written."""

    @own_page
    def preview(self, request: HttpRequest, campaign: Campaign) -> HttpResponse:
        """One month (`?month=2026-10`) of the client's calendar; without one, the last."""
        now = timezone.now()
        months = [month_of(now.astimezone(campaign.client.zone).date(), back) for back in range(MONTHS)]
        month = next((each for each in months if f"{each[0]:%Y-%m}" == request.GET.get("month")), months[1])
        found = invitations.preview(campaign, *(_midnight(day, campaign) for day in month), now)
        context = {
            "title": _("Whom would this have asked?"),
            "months": [(f"{each[0]:%Y-%m}", name_of(*each), each == month) for each in months],
            "month": name_of(*month),
            "found": found,
            "lines": _lines(found, campaign),
        }
        return self.page(request, campaign, "preview", **context)


def _midnight(day: dt.date, campaign: Campaign) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), campaign.client.zone)


def _lines(found: invitations.Preview, campaign: Campaign) -> list[Line]:
    """Those asked first, then the reasons by their weight. One query for all examples."""
    if not found.judged:
        return []
    examples = _examples(found, campaign)
    outcomes = [(None, _("asked"), found.asked), *((why, why.label, n) for why, n in found.reasons.items())]
    return [
        Line(
            label=capfirst(label),
            is_asked=reason is None,
            number=number_format(number, force_grouping=True),
            share=percent(100 * number / found.judged),
            width=f"{100 * number / found.judged:.2f}%",
            examples=tuple(examples[pk] for pk in found.samples.get(reason, ()) if pk in examples),
        )
        for reason, label, number in outcomes
    ]


def _examples(found: invitations.Preview, campaign: Campaign) -> dict[int, tuple[str, str]]:
    """Contacts, in waves customers, by id: (name, address of their page)."""
    model = Customer if campaign.kind == Campaign.Kind.PERIODIC else Contact
    page = f"admin:surveys_{model._meta.model_name}_change"
    ids = {pk for sample in found.samples.values() for pk in sample}
    return {row.pk: (str(row), reverse(page, args=[row.pk])) for row in model.objects.filter(pk__in=ids)}
