"""The API: links to answer pages for a client's own systems, and their QR codes. The client follows from the key."""

import uuid
from collections.abc import Callable

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ..api_keys import HasClientKey
from ..delivery import handout
from ..invitations import NotToBeJudged
from ..models import Campaign, Client, Contact, Invitation, Medium
from .contacts import FindingSerializer, JsonView, errors_of, one_or_many, replies, rows_of, whole

MOST = 100  # contacts at once: each is judged as it is asked for


class LinkOrderSerializer(serializers.Serializer):
    """A contact that you have handed in before."""

    source = serializers.CharField(
        required=False, default="api", help_text=gettext_lazy("Your system, as when you handed the contact in.")
    )
    external_id = serializers.CharField(help_text=gettext_lazy("The contact's number in your system."))

    def to_internal_value(self, data) -> dict:
        if isinstance(data, dict) and (unknown := data.keys() - self.fields.keys()):
            message = _("There is no such field. Leave it out.")
            raise serializers.ValidationError({name: [serializers.ErrorDetail(message, "unknown")] for name in unknown})
        return super().to_internal_value(data)


class LinkSerializer(serializers.Serializer):
    """A link to show to the customer, the reason why there is none, or what is wrong with the request."""

    external_id = serializers.CharField(help_text=gettext_lazy("As you sent it; empty if it was missing."))
    asked = serializers.BooleanField(required=False, help_text=gettext_lazy("Whether there is a link. Not if refused."))
    link = serializers.URLField(required=False, help_text=gettext_lazy("The same for the same contact, every time."))
    expires_at = serializers.DateTimeField(required=False, help_text=gettext_lazy("Until then it can be answered."))
    qr = serializers.CharField(
        required=False, help_text=gettext_lazy("Path of its QR code as SVG; with the ending .png as a picture.")
    )
    reason = serializers.ChoiceField(
        Invitation.Reason.choices, required=False, help_text=gettext_lazy("Why this customer is not asked.")
    )
    reason_text = serializers.CharField(required=False, help_text=gettext_lazy("The reason in words."))
    errors = FindingSerializer(many=True, required=False, help_text=gettext_lazy("Why the request was refused."))


_answers = one_or_many("LinkOrLinks", LinkSerializer)


class Refused(Exception):
    """What is wrong with one row of a request, as `findings`: each with field, code and message."""

    def __init__(self, *findings: dict) -> None:
        super().__init__(*findings)
        self.findings = list(findings)


def campaign_of(client: Client, pk: int) -> Campaign:
    """The client's campaign that asks by link; any other does not exist here."""
    campaign = Campaign.objects.filter(client=client, pk=pk, medium=Medium.LINK).select_related("client").first()
    if not campaign:
        raise Http404
    return campaign


class LinksView(JsonView):
    """Links out."""

    @extend_schema(
        operation_id="links_hand_out",
        summary=gettext_lazy("Get links to show"),
        description=gettext_lazy(
            "For one contact, or a list of up to 100, of a campaign that asks by link. The rules of the campaign "
            "decide whether the customer may be asked; if so, the link counts as delivered. Asking again is safe: the "
            "same contact gets the same link."
        ),
        request=one_or_many("LinkOrderOrOrders", LinkOrderSerializer),
        responses=replies(
            _answers,
            {
                201: gettext_lazy("All links are new."),
                200: gettext_lazy("Known links, or customers who are not asked."),
                207: gettext_lazy("Some were refused; look at each answer."),
                400: gettext_lazy("Nothing could be judged, or the body is no JSON of this form."),
                404: gettext_lazy("You have no such campaign that asks by link."),
                413: gettext_lazy("More than 100 contacts."),
            },
        ),
        examples=[
            OpenApiExample("One chat", request_only=True, value={"source": "chat", "external_id": "CH-2611-00042"})
        ],
    )
    def post(self, request: Request, campaign_id: int) -> Response:
        campaign = campaign_of(request.client, campaign_id)
        too_many = _("%(count)s contacts at once; 100 are possible. Send several lists.")
        rows = rows_of(request, MOST, too_many)
        answers, is_new = zip(*[_answer(campaign, row) for row in rows], strict=True)
        return Response(list(answers) if isinstance(request.data, list) else answers[0], _status(answers, is_new))


class AnyAccept(BaseContentNegotiation):
    """What comes is settled by the address, whatever the caller says it accepts; errors are JSON."""

    def select_parser(self, request, parsers):
        return parsers[0]

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type


class _QrView(APIView):
    """The QR code of one link, as a picture and nothing else: no script, no style, no other address in it."""

    permission_classes = [HasClientKey]
    content_negotiation_class = AnyAccept
    content_type: str
    draw: Callable[[str], bytes]

    def get(self, request: Request, campaign_id: int, public_id: uuid.UUID) -> HttpResponse:
        invitation = handout.handed_out(campaign_of(request.client, campaign_id), public_id)
        if not invitation:
            raise Http404
        headers = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private, no-store"}
        picture = self.draw(handout.answer_link(invitation))
        return HttpResponse(picture, content_type=self.content_type, headers=headers)


def _described(name: str, content_type: str) -> Callable:
    described = extend_schema(
        operation_id=f"links_qr_{name}",
        summary=gettext_lazy("Get a link as a QR code"),
        description=gettext_lazy("Black on white with error correction M; the SVG is sharp in any size."),
        responses={
            (200, content_type): OpenApiTypes.BINARY,
            403: OpenApiResponse(description=gettext_lazy("No valid key.")),
            404: OpenApiResponse(description=gettext_lazy("This campaign has handed out no such link.")),
        },
    )
    return extend_schema_view(get=described)


@_described("svg", "image/svg+xml")
class QrSvgView(_QrView):
    content_type, draw = "image/svg+xml", staticmethod(handout.qr_svg)


@_described("png", "image/png")
class QrPngView(_QrView):
    content_type, draw = "image/png", staticmethod(handout.qr_png)


def _status(answers: tuple[dict, ...], is_new: tuple[bool, ...]) -> int:
    """201 all links are new, 400 all refused, 207 some refused, else 200."""
    refused = ["errors" in answer for answer in answers]
    if any(refused):
        return status.HTTP_400_BAD_REQUEST if all(refused) else status.HTTP_207_MULTI_STATUS
    return status.HTTP_201_CREATED if all(is_new) else status.HTTP_200_OK


def _answer(campaign: Campaign, row: object) -> tuple[dict, bool]:
    """What is said of one contact, and whether its link is new."""
    order = LinkOrderSerializer(data=row)
    if not order.is_valid():
        number = row.get("external_id") if isinstance(row, dict) else None
        shown = str(number)[:120] if isinstance(number, str | int) else ""
        return {"external_id": whole(shown), "errors": errors_of(order.errors)}, False
    named = {"external_id": whole(order.validated_data["external_id"][:120])}
    try:
        handed = hand_out(campaign, **order.validated_data)
    except Refused as refused:
        return named | {"errors": refused.findings}, False
    return named | _told(handed), handed.is_new


def hand_out(campaign: Campaign, source: str, external_id: str) -> handout.Handout:
    """The link for one of the client's contacts, or why there is none. Raises Refused where it cannot be judged."""
    contact = Contact.objects.filter(client=campaign.client, source=source, external_id=external_id).first()
    if not contact:
        message = _("There is no such contact. Hand it in first; mind its source.")
        raise Refused(finding("external_id", "no_such_contact", message))
    try:
        return handout.hand_out(campaign, contact, timezone.now())
    except NotToBeJudged:
        message = _("The contact is not finished, ended before the campaign starts, or there is nothing to ask yet.")
        raise Refused(finding("", "not_to_be_judged", message)) from None


def _told(handed: handout.Handout) -> dict:
    if handed.reason:
        return not_asked(handed)
    invitation = handed.invitation
    return {
        "asked": True,
        "link": handout.answer_link(invitation),
        "expires_at": invitation.expires_at,
        "qr": reverse("api-link-svg", args=[invitation.campaign_id, invitation.public_id]),
    }


def not_asked(handed: handout.Handout) -> dict:
    return {"asked": False, "reason": handed.reason, "reason_text": str(handed.reason.label)}


def finding(field: str, code: str, message: str) -> dict:
    return {"field": field, "code": code, "message": message}
