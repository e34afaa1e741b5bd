"""The page that tells whom a campaign would have asked in a month, and why not the others."""

import datetime as dt
from dataclasses import dataclass

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from .. import invitations
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


class WithPreview(admin.ModelAdmin):
    """Gives a campaign the page that plays a month again by the rules as they are saved. Nothing is written."""

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(self.preview_view)
        return [path("<path:object_id>/preview/", view, name="surveys_campaign_preview"), *super().get_urls()]

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One month (`?month=2026-10`) of the client's calendar; without one, the last."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        campaign = self.get_object(request, object_id)
        if campaign is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        now = timezone.now()
        months = [month_of(now.astimezone(campaign.client.zone).date(), back) for back in range(MONTHS)]
        month = next((each for each in months if f"{each[0]:%Y-%m}" == request.GET.get("month")), months[1])
        found = invitations.preview(campaign, *(_midnight(day, campaign) for day in month), now)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": campaign,
            "title": _("Whom would this have asked?"),
            "months": [(f"{each[0]:%Y-%m}", name_of(*each), each == month) for each in months],
            "month": name_of(*month),
            "found": found,
            "lines": _lines(found, campaign),
        }
        return TemplateResponse(request, "admin/surveys/campaign/preview.html", context)


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
