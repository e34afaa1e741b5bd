"""The API: a client's campaigns, their funnels, and every verdict one by one or as a file. The client follows the key.

Contacts and customers are named by the client's own numbers only; no name, no address leaves here.
"""

from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import ledger, tables
from ..api_keys import HasClientKey
from ..models import Campaign, Client, Medium, OutgoingMessage, Stage
from ..models.fates import LABELS, STAGES, fates_from
from .links import AnyAccept

LOSSES = list(LABELS.items())  # named in the settings, so that the schema can call them by one name


class CampaignSerializer(serializers.ModelSerializer):
    """One campaign. Its rules are kept in the administration."""

    class Meta:
        model = Campaign
        fields = ("id", "name", "kind", "medium", "is_paused", "paused_because")
        read_only_fields = fields


class LossSerializer(serializers.Serializer):
    """How many came no further, and why."""

    reason = serializers.ChoiceField(LOSSES)
    reason_text = serializers.CharField(source="label", help_text=gettext_lazy("The reason in words."))
    count = serializers.IntegerField()


class StepSerializer(serializers.Serializer):
    """How many came at least to a stage. It is the next stage's count plus the losses."""

    stage = serializers.ChoiceField([(stage.value, stage.label) for stage in STAGES])
    count = serializers.IntegerField()
    losses = LossSerializer(many=True, help_text=gettext_lazy("Largest first."))


class BesideSerializer(serializers.Serializer):
    """What stands beside the answers and in no score."""

    promoters = serializers.IntegerField(
        help_text=gettext_lazy("Clicked in the mail, and not sent: 9 and 10; of CSAT 4 and 5, of CES 5 to 7.")
    )
    passives = serializers.IntegerField(help_text=gettext_lazy("The same: 7 and 8; of CSAT 3, of CES 4."))
    detractors = serializers.IntegerField(help_text=gettext_lazy("The same: 0 to 6; of CSAT 1 and 2, of CES 1 to 3."))
    flagged = serializers.IntegerField(help_text=gettext_lazy("Sheets that bear the marks of a machine."))


class FunnelSerializer(serializers.Serializer):
    """A campaign's funnel. “started” counts opened pages; mail scanners may be among them."""

    steps = StepSerializer(many=True)
    ineligible = LossSerializer(many=True, help_text=gettext_lazy("Nobody could have been asked: in no step."))
    coverage = serializers.FloatField(allow_null=True, help_text=gettext_lazy("Asked of eligible, in percent."))
    response_rate = serializers.FloatField(allow_null=True, help_text=gettext_lazy("Answered of asked, in percent."))
    beside = BesideSerializer()


class VerdictSerializer(serializers.Serializer):
    """The verdict on one contact, or on one customer in one wave, and what became of it."""

    id = serializers.IntegerField()
    campaign = serializers.IntegerField()
    medium = serializers.ChoiceField(Medium.choices)
    source = serializers.CharField(help_text=gettext_lazy("The contact's source; empty in a wave."))
    external_id = serializers.CharField(help_text=gettext_lazy("The contact's number in your system; empty in a wave."))
    wave = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("The wave's number; none after a contact."))
    customer_number = serializers.CharField(help_text=gettext_lazy("In a wave: your number of the customer."))
    about_at = serializers.DateTimeField(help_text=gettext_lazy("By which it counts: the contact's end, or the wave."))
    decided_at = serializers.DateTimeField()
    rules = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("Version of the rules that decided."))
    verdict = serializers.ChoiceField(["asked", "not_asked"])
    stage = serializers.ChoiceField(Stage.choices, help_text=gettext_lazy("How far it came."))
    reason = serializers.ChoiceField(
        LOSSES, allow_blank=True, help_text=gettext_lazy("Why no further; empty once answered.")
    )
    due_at = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(
        OutgoingMessage.State.choices, allow_blank=True, help_text=gettext_lazy("Of the first message.")
    )
    opened_at = serializers.DateTimeField(
        allow_null=True, help_text=gettext_lazy("When the page was first opened, perhaps by a mail scanner.")
    )
    provisional = serializers.IntegerField(
        allow_null=True,
        help_text=gettext_lazy("The number clicked in the mail, where nothing was sent, by a machine neither."),
    )
    flagged = serializers.IntegerField(help_text=gettext_lazy("Sheets that bear the marks of a machine."))


class VerdictPageSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True, help_text=gettext_lazy("The next page; none after the last."))
    previous = serializers.URLField(allow_null=True)
    results = VerdictSerializer(many=True)


class VerdictPages(CursorPagination):
    """Oldest first; what is new comes last. `page` is an opaque mark: follow `next`."""

    page_size = 500
    ordering = "id"
    cursor_query_param = "page"


_days = [
    OpenApiParameter("from", OpenApiTypes.DATE, required=True, description=gettext_lazy("First day, in your zone.")),
    OpenApiParameter(
        "until", OpenApiTypes.DATE, required=True, description=gettext_lazy("The day before which the period ends.")
    ),
]
_wrong = {
    400: OpenApiResponse(description=gettext_lazy("What is wrong with the request, in words.")),
    403: OpenApiResponse(description=gettext_lazy("No valid key.")),
    404: OpenApiResponse(description=gettext_lazy("You have no such campaign.")),
}


def _campaign(client: Client, pk: int) -> Campaign:
    campaign = Campaign.objects.filter(client=client, pk=pk).select_related("client", "survey").first()
    if not campaign:
        raise Http404
    return campaign


def _span(request: Request, campaign: Campaign) -> ledger.Span:
    asked = [request.query_params.get(name, "") for name in ("from", "until")]
    if not all(asked):
        raise ParseError(_("Name the period: ?from=2026-10-01&until=2026-11-01 is October."))
    try:
        return ledger.span(*asked, campaign.client)
    except ledger.WrongDays as wrong:
        raise ParseError(str(wrong)) from wrong


def _one_of(request: Request, name: str, known: dict | list) -> str:
    """The value of a parameter that may be missing; 400 names those that are possible."""
    value = request.query_params.get(name, "")
    if value and value not in known:
        message = _("“%(value)s” is no %(name)s. Possible are: %(known)s.")
        raise ParseError(message % {"value": value[:40], "name": name, "known": ", ".join(known)})
    return value


class CampaignsView(APIView):
    """What may be looked at below."""

    permission_classes = [HasClientKey]

    @extend_schema(
        operation_id="campaigns_list",
        summary=gettext_lazy("List your campaigns"),
        responses={200: CampaignSerializer(many=True), 403: _wrong[403]},
    )
    def get(self, request: Request) -> Response:
        campaigns = Campaign.objects.filter(client=request.client).order_by("pk")
        return Response(CampaignSerializer(campaigns, many=True).data)


class FunnelView(APIView):
    """A campaign in a period, in figures."""

    permission_classes = [HasClientKey]

    @extend_schema(
        operation_id="campaigns_funnel",
        summary=gettext_lazy("Who was asked, who answered, and why not the others"),
        description=gettext_lazy(
            "The same figures as in the administration and in digests. A contact counts in the period in which it "
            "ended, a wave when it began; an answer counts with its invitation."
        ),
        parameters=_days,
        responses={200: FunnelSerializer, **_wrong},
    )
    def get(self, request: Request, campaign_id: int) -> Response:
        campaign = _campaign(request.client, campaign_id)
        days = _span(request, campaign)
        funnel = ledger.funnel(campaign, days, timezone.now())
        rates = {"coverage": funnel.coverage, "response_rate": funnel.response_rate}
        beside = ledger.beside(campaign, days)
        told = {"steps": funnel.steps, "ineligible": funnel.ineligible, **rates, "beside": beside}
        return Response(FunnelSerializer(told).data)


class VerdictsView(APIView):
    """The same, line by line."""

    permission_classes = [HasClientKey]
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="campaigns_verdicts",
        summary=gettext_lazy("Every verdict of a period"),
        description=gettext_lazy(
            "Page by page, 500 at a time, oldest first: follow “next”. With “format”, all of them as one file."
        ),
        parameters=[
            *_days,
            OpenApiParameter("stage", enum=Stage.values, description=gettext_lazy("Only what came at least so far.")),
            OpenApiParameter("reason", enum=list(LABELS), description=gettext_lazy("Only what ended with this.")),
            OpenApiParameter("format", enum=list(tables.FORMATS), description=gettext_lazy("A file instead of pages.")),
            OpenApiParameter("page", description=gettext_lazy("The mark in “next”.")),
        ],
        responses={200: VerdictPageSerializer, **_wrong},
    )
    def get(self, request: Request, campaign_id: int) -> HttpResponseBase:
        campaign = _campaign(request.client, campaign_id)
        found = ledger.about(ledger.of(campaign, timezone.now()), _span(request, campaign))
        if stage := _one_of(request, "stage", Stage.values):
            found = found.filter(fate__in=fates_from(Stage(stage)))
        if reason := _one_of(request, "reason", LABELS):
            found = found.filter(fate=reason)
        if form := _one_of(request, "format", tables.FORMATS):
            return tables.download(f"ledger-{campaign.pk}", form, ledger.COLUMNS, map(ledger.cells, ledger.read(found)))
        pages = VerdictPages()
        rows = pages.paginate_queryset(ledger.rows(found), request)
        told = [ledger.cells(ledger.verdict(row)) for row in rows]
        return pages.get_paginated_response([dict(zip(ledger.COLUMNS, cells, strict=True)) for cells in told])
