"""The API: what a campaign asks, for telephone dialogues and chats that ask it themselves."""

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import questionnaire, wording
from ..api_keys import HasClientKey
from ..models import Campaign, Question
from ..models.answering import scale_of
from .links import campaign_of


class ConditionSerializer(serializers.Serializer):
    """Holds where the subject is one of the values. All conditions of a question must hold for it to be asked."""

    of = serializers.ChoiceField(
        [subject.value for subject in questionnaire.Subject],
        help_text=gettext_lazy("What it looks at: the group of the score, the contact, or an earlier answer."),
    )
    key = serializers.CharField(help_text=gettext_lazy("Of the earlier question; empty for the others."))
    values = serializers.ListField(child=serializers.CharField())


class QuestionSerializer(serializers.Serializer):
    """One question. “texts” has an entry for each language that the survey is worded in."""

    key = serializers.CharField(help_text=gettext_lazy("By which its answer is named; “score” is the survey's score."))
    kind = serializers.ChoiceField(Question.Kind.choices)
    page = serializers.IntegerField(help_text=gettext_lazy("On which page of the survey it stands, from 1."))
    is_required = serializers.BooleanField()
    first = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("Of a scale: its lowest number."))
    last = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("Of a scale: its highest number."))
    options = serializers.ListField(child=serializers.CharField(), help_text=gettext_lazy("Of a choice: its keys."))
    conditions = ConditionSerializer(many=True)
    texts = serializers.DictField(
        help_text=gettext_lazy(
            "By language: “ask”, by score group instead “detractor”, “passive”, “promoter”; “lowest” and “highest” say "
            "what the ends of a scale mean, “options” what a choice is called, “hint” is a line below."
        )
    )


class QuestionsSerializer(serializers.Serializer):
    """What a campaign asks at present. Somebody who was asked before goes on with what was asked then."""

    kind = serializers.CharField(help_text=gettext_lazy("What the score measures: csat, nps or ces."))
    version = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("Empty: nothing is published yet."))
    languages = serializers.ListField(child=serializers.CharField())
    questions = QuestionSerializer(many=True)


class QuestionsView(APIView):
    """Questions out."""

    permission_classes = [HasClientKey]

    @extend_schema(
        operation_id="questions_read",
        summary=gettext_lazy("Get what is asked"),
        description=gettext_lazy("The questions of a campaign that asks by link, in their order and in all languages."),
        responses={
            200: QuestionsSerializer,
            403: OpenApiResponse(description=gettext_lazy("No valid key.")),
            404: OpenApiResponse(description=gettext_lazy("You have no such campaign that asks by link.")),
        },
    )
    def get(self, request: Request, campaign_id: int) -> Response:
        campaign = campaign_of(request.client, campaign_id)
        version = campaign.survey.current
        pages = questionnaire.pages(questionnaire.questions_of(version)) if version else []
        asked = [(question, number) for number, page in enumerate(pages, 1) for question in page]
        languages = wording.languages_of([question for question, _number in asked])
        return Response(
            {
                "kind": campaign.survey.kind,
                "version": version and version.number,
                "languages": languages,
                "questions": [_question(question, number, languages, campaign) for question, number in asked],
            }
        )


def _question(question: Question, page: int, languages: list[str], campaign: Campaign) -> dict:
    scale, client = scale_of(question.kind) if question.is_scale else None, campaign.client
    return {
        "key": question.key,
        "kind": question.kind,
        "page": page,
        "is_required": question.is_required,
        "first": scale[0] if scale else None,
        "last": scale[-1] if scale else None,
        "options": list(question.choices),
        "conditions": [
            {"of": condition.of.value, "key": condition.key, "values": list(condition.values)}
            for condition in questionnaire.conditions_of(question)
        ],
        "texts": {
            language: wording.texts(question, language, client.form_of_address, client) for language in languages
        },
    }
