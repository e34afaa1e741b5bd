"""The API: the answers that a telephone dialogue or a chat brings. The client follows from the key.

The same rules judge who is asked as behind a link, the same form checks what was said, and the same function stores it.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response as Reply

from .. import questionnaire, responses, sittings, wording
from ..models import Campaign, Door, Invitation, Question
from ..models.answering import scale_of
from ..pages.forms import AnswerForm
from ..questionnaire import Said
from ..responses import LinkClosed
from ..sittings import Sitting
from . import idempotency
from .contacts import FindingSerializer, JsonView, errors_of, one_or_many, replies, rows_of, whole
from .links import LinkOrderSerializer, Refused, campaign_of, finding, hand_out, not_asked

MOST = 100  # sheets at once: each is judged as it comes
MOST_ANSWERS = 100  # in one of them


class SheetSerializer(LinkOrderSerializer):
    """What one customer said about a contact that you have handed in before. It may come in pieces."""

    language = serializers.CharField(
        required=False, help_text=gettext_lazy("In which it was asked, as in “de”; without it, the customer's.")
    )
    answers = serializers.DictField(
        help_text=gettext_lazy(
            "By question key: a number of the scale, the key of a choice, a list of such keys, or a text. What was "
            "said before stays; an empty text or list takes it back."
        )
    )
    complete = serializers.BooleanField(
        required=False,
        default=True,
        help_text=gettext_lazy("false while more may come, as after each question of a dialogue that can break off."),
    )


class StoredSerializer(serializers.Serializer):
    """What became of one sheet."""

    external_id = serializers.CharField(help_text=gettext_lazy("As you sent it; empty if it was missing."))
    asked = serializers.BooleanField(
        required=False, help_text=gettext_lazy("Whether this customer may be asked; if not, nothing was stored.")
    )
    result = serializers.ChoiceField(["created", "updated", "unchanged"], required=False)
    is_complete = serializers.BooleanField(
        required=False, help_text=gettext_lazy("Only complete sheets lead to cases and themes; a score counts at once.")
    )
    still_open = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text=gettext_lazy("Keys of the questions that are for this customer and have no answer, in their order."),
    )
    reason = serializers.ChoiceField(
        Invitation.Reason.choices, required=False, help_text=gettext_lazy("Why this customer is not asked.")
    )
    reason_text = serializers.CharField(required=False, help_text=gettext_lazy("The reason in words."))
    errors = FindingSerializer(many=True, required=False, help_text=gettext_lazy("Why nothing of it was stored."))


_stored = one_or_many("StoredOrMany", StoredSerializer)


class AnswersView(JsonView):
    """Answers in."""

    @extend_schema(
        operation_id="answers_receive",
        summary=gettext_lazy("Hand in answers"),
        description=gettext_lazy(
            "Of one contact, or a list of up to 100, for a campaign that asks by link: what a telephone dialogue or a "
            "chat was told. The rules of the campaign decide first whether the customer may be asked. However many "
            "pieces come, they make one answer; sending one again changes nothing."
        ),
        parameters=[idempotency.HEADER],
        request=one_or_many("SheetOrSheets", SheetSerializer),
        responses=replies(
            _stored,
            {
                201: gettext_lazy("All are the first of their customers."),
                200: gettext_lazy("Later pieces, repeats, or customers who are not asked."),
                207: gettext_lazy("Some were refused; look at each."),
                404: gettext_lazy("You have no such campaign that asks by link."),
                413: gettext_lazy("More than 100 sheets, or too many bytes."),
                422: idempotency.KeyReused.default_detail,
            },
        ),
        examples=[
            OpenApiExample(
                "After a call",
                request_only=True,
                value={
                    "source": "telephone",
                    "external_id": "C-2611-00042",
                    "language": "de",
                    "answers": {"score": 4, "comment": "Schnell und freundlich."},
                },
            )
        ],
    )
    def post(self, request: Request, campaign_id: int) -> Reply:
        campaign = campaign_of(request.client, campaign_id)
        return idempotency.answer_once(request, lambda: self._receive(request, campaign))

    def _receive(self, request: Request, campaign: Campaign) -> Reply:
        too_many = _("%(count)s sheets at once; 100 are possible. Send several lists.")
        told = [_take(campaign, row, timezone.now()) for row in rows_of(request, MOST, too_many)]
        return Reply(told if isinstance(request.data, list) else told[0], _status(told))


def _status(told: list[dict]) -> int:
    """201 all created, 400 all refused, 207 some refused, else 200."""
    refused = ["errors" in one for one in told]
    if any(refused):
        return status.HTTP_400_BAD_REQUEST if all(refused) else status.HTTP_207_MULTI_STATUS
    is_new = all(one.get("result") == "created" for one in told)
    return status.HTTP_201_CREATED if is_new else status.HTTP_200_OK


def _take(campaign: Campaign, row: object, at: dt.datetime) -> dict:
    """What is told of one sheet. The rules judge first: of who is not asked nothing is stored."""
    sheet = SheetSerializer(data=row)
    if not sheet.is_valid():
        number = row.get("external_id") if isinstance(row, dict) else None
        shown = str(number)[:120] if isinstance(number, str | int) else ""
        return {"external_id": whole(shown), "errors": errors_of(sheet.errors)}
    data = sheet.validated_data
    named = {"external_id": whole(data["external_id"][:120])}
    try:
        handed = hand_out(campaign, data["source"], data["external_id"])
        if handed.reason:
            return named | not_asked(handed)
        return named | {"asked": True} | _store(_sitting(handed.invitation, data.get("language")), data, at)
    except Refused as refused:
        return named | {"errors": refused.findings}


def _sitting(invitation: Invitation, wish: str | None) -> Sitting:
    sitting = sittings.sitting_of(invitation, Door.API)
    if wish is None:
        return sitting
    language = wording.speaks(wish)
    if language not in (offered := wording.languages_of(questionnaire.questions_of(sitting.version))):
        message = _("This survey is not worded in that language. Choose one of these: %(offered)s.")
        raise Refused(finding("language", "not_offered", message % {"offered": ", ".join(offered)}))
    return replace(sitting, language=language, situation=replace(sitting.situation, language=language))


def _store(sitting: Sitting, data: Mapping[str, object], at: dt.datetime) -> dict:
    before = sitting.said
    form = _checked(sitting, before, data["answers"], data["complete"])
    try:
        response = responses.record(sitting, form.sheet(is_last=data["complete"], is_preselected=False), at)
    except LinkClosed:
        message = _("It cannot be answered any more: its time is over, or it was withdrawn.")
        raise Refused(finding("", "closed", message)) from None
    said, was_complete = questionnaire.said_in(response), bool(sitting.response and sitting.response.completed_at)
    is_same = said == before and bool(response.completed_at) == was_complete
    return {
        "result": "created" if sitting.response is None else "unchanged" if is_same else "updated",
        "is_complete": response.completed_at is not None,
        "still_open": [question.key for question in sitting.shown(said) if question.key not in said],
    }


def _checked(sitting: Sitting, before: Said, answers: Mapping[str, object], is_last: bool) -> AnswerForm:
    """The valid form of these answers. Raises Refused with everything that is wrong with them."""
    questions = {question.key: question for question in questionnaire.questions_of(sitting.version)}
    if len(answers) > MOST_ANSWERS:
        raise Refused(finding("answers", "too_many", _("At most 100 answers are possible.")))
    message = _("The survey has no such question. Leave it out.")
    unknown = [finding(_field(key), "unknown", message) for key in answers if key not in questions]
    given = [question for key, question in questions.items() if key in answers]
    wrong = [_wrong(question) for question in given if not _fits(question, answers[question.key])]
    if unknown or wrong:
        raise Refused(*unknown, *wrong)
    form = AnswerForm(sitting, given, {key: _as_typed(value) for key, value in answers.items()}, asks_call=False)
    if not form.is_valid():
        raise Refused(*_findings(form))
    if missing := _missing(sitting, {**before, **form.said}, form.said, is_last):
        raise Refused(*missing)
    return form


def _missing(sitting: Sitting, said: Said, new: Said, is_last: bool) -> list[dict]:
    """What does not fit with all that was said so far: answers nobody asked for, required ones that are not there."""
    shown = sitting.shown(said)
    unasked = [key for key in new if key not in {question.key for question in shown}]
    message = _("This question is not for this customer, by what was said before. Leave it out.")
    not_asked = [finding(_field(key), "not_asked", message) for key in unasked]
    wanted = [question for question in shown if question.is_required and (is_last or question.key == Question.SCORE)]
    message = _("This needs an answer. Add it, or send “complete”: false while more is to come.")
    score = _("The score comes first: nothing is stored without it.")
    return not_asked + [
        finding(_field(question.key), "required", score if question.key == Question.SCORE else message)
        for question in wanted
        if question.key not in said
    ]


def _fits(question: Question, value: object) -> bool:
    """Whether it is of the right type; JSON's true is no number, though Python counts with it."""
    if question.kind == Question.Kind.MULTIPLE:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, str) or (question.is_scale and isinstance(value, int) and not isinstance(value, bool))


def _as_typed(value: str | int | list[str]) -> str | list[str]:
    """As a browser would send it."""
    return str(value) if isinstance(value, int) else value


def _wrong(question: Question) -> dict:
    if question.is_scale:
        scale = scale_of(question.kind)
        message = _("Send a whole number from %(first)s to %(last)s.") % {"first": scale[0], "last": scale[-1]}
    elif question.kind == Question.Kind.TEXT:
        message = _("Send a text.")
    elif question.kind == Question.Kind.MULTIPLE:
        message = _("Send a list of these keys: %(keys)s.") % {"keys": ", ".join(question.choices)}
    else:
        message = _("Send one of these keys: %(keys)s.") % {"keys": ", ".join(question.choices)}
    return finding(_field(question.key), "invalid", message)


def _findings(form: AnswerForm) -> list[dict]:
    """The form's own errors; where a choice is wrong, with what can be chosen."""
    questions = {question.key: question for question in form.questions}
    return [
        _wrong(questions[key])
        if error.code.startswith("invalid") and not questions[key].is_scale
        else finding(_field(key), error.code, " ".join(error.messages))
        for key, errors in form.errors.as_data().items()
        for error in errors
    ]


def _field(key: str) -> str:
    return whole(f"answers.{key}"[:120])
