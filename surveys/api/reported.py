"""The API: the client's own contact counts, against which ours are held. The client follows from the key."""

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from .. import reported
from ..models import Client
from . import idempotency
from .contacts import FindingSerializer, JsonView, errors_of, one_or_many, replies, rows_of, whole

MOST = 1_000


class CountSerializer(serializers.Serializer):
    """How many contacts your own system counted on one day, in one queue."""

    day = serializers.CharField(help_text=gettext_lazy("A day of your calendar, as in 2026-10-31."))
    queue = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        help_text=gettext_lazy("A channel, a team or a contact reason; empty: all contacts of the day."),
    )
    source = serializers.CharField(
        required=False, default="api", help_text=gettext_lazy("Your system that counted, such as “acd”.")
    )
    contacts = serializers.IntegerField(
        min_value=0, max_value=reported.LARGEST, help_text=gettext_lazy("How many it counted.")
    )

    def validate_day(self, text: str):
        today = timezone.now().astimezone(self.context["client"].zone).date()
        return self._checked(lambda: reported.day_of(text, today))

    def validate_queue(self, text: str) -> str:
        return self._checked(lambda: reported.queue_of(text))

    def validate_source(self, text: str) -> str:
        return self._checked(lambda: reported.source_of(text))

    def to_internal_value(self, data) -> dict:
        if isinstance(data, dict) and (unknown := data.keys() - self.fields.keys()):
            message = _("There is no such field. Leave it out.")
            raise serializers.ValidationError({name: [serializers.ErrorDetail(message, "unknown")] for name in unknown})
        return super().to_internal_value(data)

    def _checked(self, read):
        try:
            return read()
        except reported.Wrong as wrong:
            raise serializers.ValidationError(str(wrong)) from None


class CountResultSerializer(serializers.Serializer):
    """What became of one count."""

    day = serializers.CharField(help_text=gettext_lazy("As you sent it; empty if it was missing."))
    queue = serializers.CharField()
    result = serializers.ChoiceField(["created", "updated", "unchanged", "refused"])
    errors = FindingSerializer(many=True, required=False, help_text=gettext_lazy("Why it was refused."))


_results = one_or_many("CountResultOrResults", CountResultSerializer)


class ReportedCountsView(JsonView):
    """The client's own counts in."""

    @extend_schema(
        operation_id="reported_counts_receive",
        summary=gettext_lazy("Hand in your own contact counts"),
        description=gettext_lazy(
            "One count, or a list of up to 1,000: a day, a queue, and how many contacts you counted. They are shown "
            "beside the contacts that came in, so that a gap is seen. Sending one again is safe: the same number "
            "changes nothing, another one replaces it."
        ),
        parameters=[idempotency.HEADER],
        request=one_or_many("CountOrCounts", CountSerializer),
        responses=replies(
            _results,
            {
                201: gettext_lazy("All were created."),
                200: gettext_lazy("All were known: updated or unchanged."),
                207: gettext_lazy("Mixed; look at each result."),
                413: gettext_lazy("More than 1,000 counts, or too many bytes."),
                422: idempotency.KeyReused.default_detail,
            },
        ),
        examples=[
            OpenApiExample(
                "One day, one queue",
                request_only=True,
                value={"day": "2026-10-31", "queue": "phone", "source": "acd", "contacts": 412},
            )
        ],
    )
    def post(self, request: Request) -> Response:
        return idempotency.answer_once(request, lambda: self._receive(request))

    def _receive(self, request: Request) -> Response:
        too_many = _("%(count)s counts at once; 1,000 are possible. Send several lists.")
        results = _take(request.client, rows_of(request, MOST, too_many))
        is_list = isinstance(request.data, list)
        return Response(results if is_list else results[0], _status({result["result"] for result in results}))


def _status(kinds: set[str]) -> int:
    """201 all created, 200 all known, 400 all refused, else 207."""
    if kinds == {"refused"}:
        return status.HTTP_400_BAD_REQUEST
    if kinds == {"created"}:
        return status.HTTP_201_CREATED
    return status.HTTP_200_OK if kinds <= {"updated", "unchanged"} else status.HTTP_207_MULTI_STATUS


def _take(client: Client, rows: list) -> list[dict]:
    """Of the same day, queue and source told twice in one list, the last word counts."""
    checked = [CountSerializer(data=row, context={"client": client}) for row in rows]
    good = {id(one): reported.Count(**one.validated_data) for one in checked if one.is_valid()}
    taken = reported.take(client, good.values(), timezone.now())
    return [
        _named(row) | {"result": "refused", "errors": errors_of(one.errors)}
        if one.errors
        else _named(row) | {"result": taken.results[good[id(one)].key]}
        for row, one in zip(rows, checked, strict=True)
    ]


def _named(row: object) -> dict:
    given = row if isinstance(row, dict) else {}
    return {name: whole(str(given.get(name) or "")[:120]) for name in ("day", "queue")}
