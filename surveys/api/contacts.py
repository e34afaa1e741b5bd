"""The API: a client's systems hand in contacts, one or many at a time. The client follows from the key alone."""

import datetime as dt
import math
from collections.abc import Mapping

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ..api_keys import HasClientKey
from ..ingestion import MOST, Finding, Incoming, Outcome, receive
from ..ingestion.incoming import LONGEST_VALUE, MOST_ATTRIBUTES, MOST_TAGS
from ..models import Client, Contact
from . import idempotency


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class BodyParser(JSONParser):
    """JSON of a bounded depth: what cannot be read is the sender's error, never ours."""

    def parse(self, stream, media_type=None, parser_context=None):
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError(_("The JSON is nested too deeply.")) from error


class AwareTime(serializers.DateTimeField):
    """ISO 8601 with its zone. A time without one would have to be guessed, and be wrong by hours."""

    default_error_messages = {
        "naive": gettext_lazy("The time names no zone. Add it, as in 2026-11-02T14:05:00Z or …T15:05:00+01:00."),
    }

    def enforce_timezone(self, value: dt.datetime) -> dt.datetime:
        if timezone.is_naive(value):
            self.fail("naive")
        try:
            return value.astimezone(dt.UTC)
        except OverflowError:
            self.fail("overflow")


def _text(help_text: str, **options) -> serializers.CharField:
    """Text that may be left out, empty or null: all three mean “not known”. How long it may be, the gate decides."""
    return serializers.CharField(required=False, allow_blank=True, allow_null=True, help_text=help_text, **options)


def _flag(help_text: str) -> serializers.BooleanField:
    return serializers.BooleanField(required=False, help_text=help_text)


def _seconds(help_text: str) -> serializers.IntegerField:
    return serializers.IntegerField(required=False, allow_null=True, min_value=0, help_text=help_text)


class ContactSerializer(serializers.Serializer):
    """One contact with a customer. It may be sent again whenever something changed; the last word counts."""

    source = serializers.CharField(
        required=False, default="api", help_text=gettext_lazy("Your system. Numbers are unique within it.")
    )
    external_id = serializers.CharField(
        help_text=gettext_lazy("The contact's number in your system, up to 120 characters.")
    )
    state = serializers.ChoiceField(
        Contact.State.choices,
        help_text=gettext_lazy("“finished” may be asked about; “discarded” was no conversation (wrong number)."),
    )
    started_at = AwareTime(help_text=gettext_lazy("When it began, with zone."))
    ended_at = AwareTime(
        required=False, allow_null=True, help_text=gettext_lazy("When it ended, with zone. Needed once finished.")
    )
    email = _text(gettext_lazy("The customer's address, as it came."))
    customer_number = _text(gettext_lazy("Your number of the customer. Without it, the address tells customers apart."))
    customer_name = _text(gettext_lazy("The customer's name."))
    customer_phone = _text(gettext_lazy("The customer's phone number."))
    customer_segment = _text(gettext_lazy("Your segment of the customer, as in “business”."))
    customer_time_zone = _text(gettext_lazy("The customer's time zone, as in Europe/Lisbon."))
    language = _text(gettext_lazy("The customer's language, as in “de” or “en-GB”."))
    agent_key = _text(gettext_lazy("Your id of the agent. Without it, the name tells agents apart."))
    agent_name = _text(gettext_lazy("The agent's name. Leave it out where no person served."))
    team = _text(gettext_lazy("The team's name. An unknown team is made."))
    channel = serializers.ChoiceField(
        Contact.Channel.choices, required=False, help_text=gettext_lazy("How they spoke.")
    )
    reason = _text(gettext_lazy("What it was about, in one of your words."))
    subject = _text(gettext_lazy("The subject line."))
    is_solved = serializers.BooleanField(
        required=False, allow_null=True, help_text=gettext_lazy("Whether you consider it solved, if known.")
    )
    wait_seconds = _seconds(gettext_lazy("How long the customer waited, in seconds."))
    talk_seconds = _seconds(gettext_lazy("How long they spoke, in seconds."))
    reopened_count = serializers.IntegerField(
        required=False, min_value=0, help_text=gettext_lazy("How often it was opened again.")
    )
    is_transferred = _flag(gettext_lazy("Handed on to somebody else."))
    is_goodwill = _flag(gettext_lazy("The customer was given something."))
    is_agent_initiated = _flag(gettext_lazy("Your side began it, as in an outbound call."))
    is_spam = _flag(gettext_lazy("Spam; nobody is asked."))
    is_test = _flag(gettext_lazy("A test; nobody is asked."))
    has_consent = serializers.BooleanField(
        required=False, allow_null=True, help_text=gettext_lazy("Whether the customer agreed to be asked, if known.")
    )
    told_at = AwareTime(
        required=False,
        allow_null=True,
        help_text=gettext_lazy("As of when your system says this, with zone. An older word never beats a newer one."),
    )
    tags = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_VALUE),
        required=False,
        max_length=MOST_TAGS,
        help_text=gettext_lazy("Your tags."),
    )
    attributes = serializers.DictField(
        required=False, help_text=gettext_lazy("Whatever else you know: up to 50 names, each with a plain value.")
    )

    def validate_attributes(self, values: dict) -> dict:
        if len(values) > MOST_ATTRIBUTES:
            raise serializers.ValidationError(_("At most 50 names are possible."))
        for name, value in values.items():
            is_plain = value is None or isinstance(value, str | int | bool)
            is_plain |= isinstance(value, float) and math.isfinite(value)  # 1e999 is infinity, which JSON cannot hold
            if not is_plain or len(name) > LONGEST_VALUE or len(str(value)) > LONGEST_VALUE:
                raise serializers.ValidationError(
                    _("“%(name)s” must be a text of up to 500 characters, a number or a truth.") % {"name": name[:50]}
                )
        return values

    def to_internal_value(self, data) -> dict:
        if isinstance(data, dict) and (unknown := data.keys() - self.fields.keys()):
            message = _("There is no such field. Leave it out, or put it into “attributes”.")
            raise serializers.ValidationError({name: [serializers.ErrorDetail(message, "unknown")] for name in unknown})
        return super().to_internal_value(data)

    def incoming(self) -> Incoming:
        values = {name: value for name, value in self.validated_data.items() if value is not None}
        return Incoming(**values | {"tags": tuple(values.get("tags", ()))})


class FindingSerializer(serializers.Serializer):
    field = serializers.CharField(help_text=gettext_lazy("The field that it is about; empty: the contact as a whole."))
    code = serializers.CharField(help_text=gettext_lazy("The same in every language, for programs."))
    message = serializers.CharField(help_text=gettext_lazy("What is wrong and how to mend it, in plain words."))


class ResultSerializer(serializers.Serializer):
    """What became of one contact."""

    external_id = serializers.CharField(help_text=gettext_lazy("As you sent it; empty if it was missing."))
    result = serializers.ChoiceField(
        ["created", "updated", "unchanged", "outdated", "refused"],
        help_text=gettext_lazy("“outdated”: we know something newer, by “told_at”; nothing was changed."),
    )
    id = serializers.IntegerField(required=False, help_text=gettext_lazy("Our id; none if refused."))
    errors = FindingSerializer(many=True, required=False, help_text=gettext_lazy("Why it was refused."))
    notes = FindingSerializer(many=True, required=False, help_text=gettext_lazy("What was shortened or left out."))


def one_or_many(name: str, serializer: type[serializers.Serializer]) -> PolymorphicProxySerializer:
    return PolymorphicProxySerializer(
        component_name=name, serializers=[serializer, serializer(many=True)], resource_type_field_name=None, many=False
    )


_results = one_or_many("ResultOrResults", ResultSerializer)


def replies(results: PolymorphicProxySerializer, said: Mapping[int, Promise]) -> dict[int, OpenApiResponse]:
    """What each status means where one or many are posted; with the replies that are the same everywhere.

    Where some are refused (207) many were posted, and many are told.
    """
    shapes = {200: results, 201: results, 207: results.serializers[1], 400: results}
    meanings = {
        400: gettext_lazy("Nothing was taken, or the body is no JSON of this form."),
        403: gettext_lazy("No valid key."),
        **said,
    }
    return {status: OpenApiResponse(shapes.get(status), meaning) for status, meaning in sorted(meanings.items())}


def rows_of(request: Request, most: int, too_many: str) -> list:
    """What was posted, one alone as a list of one. Raises ParseError for none, TooLarge (`too_many`) for too many."""
    rows = request.data if isinstance(request.data, list) else [request.data]
    if not rows:
        raise ParseError(_("The list is empty."))
    if len(rows) > most:
        raise TooLarge(too_many % {"count": len(rows)})
    return rows


class JsonView(APIView):
    """A view for the holder of a client's key, who posts JSON of a bounded size."""

    permission_classes = [HasClientKey]
    parser_classes = [BodyParser]

    def initial(self, request: Request, *args, **kwargs) -> None:
        super().initial(request, *args, **kwargs)
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1_000_000
            raise TooLarge(_("The body has more than %(most)s MB. Send fewer contacts at a time.") % {"most": most})


class ContactsView(JsonView):
    """Contacts in."""

    @extend_schema(
        operation_id="contacts_receive",
        summary=gettext_lazy("Hand in contacts"),
        description=gettext_lazy(
            "One contact, or a list of up to 1,000. Sending one again is safe: the same content changes nothing, new "
            "content updates it. The answer holds one result per contact, in your order."
        ),
        parameters=[idempotency.HEADER],
        request=one_or_many("ContactOrContacts", ContactSerializer),
        responses=replies(
            _results,
            {
                201: gettext_lazy("All were created."),
                200: gettext_lazy("All were known: updated, unchanged or outdated."),
                207: gettext_lazy("Mixed; look at each result."),
                413: gettext_lazy("More than 1,000 contacts, or too many bytes."),
                422: idempotency.KeyReused.default_detail,
            },
        ),
        examples=[
            OpenApiExample(
                "One call",
                request_only=True,
                value={
                    "source": "telephone",
                    "external_id": "C-2611-00042",
                    "state": "finished",
                    "started_at": "2026-11-02T14:05:00Z",
                    "ended_at": "2026-11-02T14:11:30Z",
                    "channel": "phone",
                    "customer_number": "K001457",
                    "email": "kim.brook@example.org",
                    "language": "de",
                    "agent_key": "A104",
                    "agent_name": "Mads Sørensen",
                    "team": "Nord",
                    "reason": "Rechnung",
                    "is_solved": True,
                },
            )
        ],
    )
    def post(self, request: Request) -> Response:
        return idempotency.answer_once(request, lambda: self._receive(request))

    def _receive(self, request: Request) -> Response:
        is_list = isinstance(request.data, list)
        too_many = _("%(count)s contacts at once; 1,000 are possible. Send several lists.")
        results = _take(request.client, rows_of(request, MOST, too_many))
        return Response(results if is_list else results[0], _status({result["result"] for result in results}, is_list))


def _status(kinds: set[str], is_list: bool) -> int:
    """201 all created, 200 all known, 400 all refused, else 207."""
    if kinds == {"refused"}:
        return status.HTTP_400_BAD_REQUEST
    if kinds == {"created"}:
        return status.HTTP_201_CREATED
    return status.HTTP_200_OK if kinds <= {"updated", "unchanged", "outdated"} else status.HTTP_207_MULTI_STATUS


def _take(client: Client, rows: list) -> list[dict]:
    serializers_ = [ContactSerializer(data=row) for row in rows]
    good = [serializer.incoming() for serializer in serializers_ if serializer.is_valid()]
    outcomes = iter(receive(client, good, timezone.now()))
    return [
        _result(row, errors_of(serializer.errors)) if serializer.errors else _outcome(row, next(outcomes))
        for row, serializer in zip(rows, serializers_, strict=True)
    ]


def _result(row, errors: list[dict]) -> dict:
    external_id = row.get("external_id") if isinstance(row, dict) else None
    shown = str(external_id)[:120] if isinstance(external_id, str | int) else ""
    return {"external_id": whole(shown), "result": "refused", "errors": errors}


def whole(text: str) -> str:
    """Text that can be sent: half a character (a lone surrogate, possible in JSON) becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def errors_of(errors: dict) -> list[dict]:
    """DRF's errors by field, flattened; those inside a list or table are told of the field as a whole."""
    flat = []
    for field, details in errors.items():
        for detail in details.values() if isinstance(details, dict) else details:
            detail = detail[0] if isinstance(detail, list) else detail
            shown = "" if field == "non_field_errors" else whole(field[:120])
            flat.append({"field": shown, "code": detail.code, "message": whole(detail)})
    return flat


def _outcome(row: dict, outcome: Outcome) -> dict:
    if outcome.refusal:
        return _result(row, [_finding(outcome.refusal)])
    result = {"external_id": str(row["external_id"]).strip(), "result": outcome.kind, "id": outcome.contact_id}
    return result | ({"notes": [_finding(note) for note in outcome.notes]} if outcome.notes else {})


def _finding(finding: Finding) -> dict:
    return {"field": finding.field, "code": finding.code, "message": finding.message}
