"""The standard wordings, and how a survey's version is published with them.

Texts are copied into the version's questions: changing a standard here starts a new version, never an old one.
`{client}` is the only placeholder; it is replaced as plain text, so a tenant's wording is never run as a template.
"""

import datetime as dt

from django.db import transaction

from .models import Invitation, Question, Survey, SurveyVersion

# Reichheld's question in its usual German and English forms; see method.md, "The instrument".
SCORE = {
    Survey.Kind.NPS: {
        "de": {
            "ask": "Wie wahrscheinlich ist es, dass Sie {client} einem Freund oder Kollegen weiterempfehlen würden?",
            "lowest": "überhaupt nicht wahrscheinlich",
            "highest": "äußerst wahrscheinlich",
        },
        "de-du": {
            "ask": "Wie wahrscheinlich ist es, dass du {client} einem Freund oder Kollegen weiterempfehlen würdest?",
            "lowest": "überhaupt nicht wahrscheinlich",
            "highest": "äußerst wahrscheinlich",
        },
        "en": {
            "ask": "How likely is it that you would recommend {client} to a friend or colleague?",
            "lowest": "not at all likely",
            "highest": "extremely likely",
        },
    },
    Survey.Kind.CSAT: {
        "de": {
            "ask": "Wie zufrieden sind Sie mit unserem Kundenservice bei diesem Anliegen?",
            "lowest": "sehr unzufrieden",
            "highest": "sehr zufrieden",
        },
        "de-du": {
            "ask": "Wie zufrieden bist du mit unserem Kundenservice bei diesem Anliegen?",
            "lowest": "sehr unzufrieden",
            "highest": "sehr zufrieden",
        },
        "en": {
            "ask": "How satisfied are you with the service you received from us this time?",
            "lowest": "very dissatisfied",
            "highest": "very satisfied",
        },
    },
}
COMMENT = {
    "de": {
        "any": "Was ist der wichtigste Grund für Ihre Bewertung?",
        "detractor": "Was war der wichtigste Grund für Ihre Unzufriedenheit?",
        "passive": "Was hätte noch gefehlt, damit Sie uns eine höhere Bewertung geben?",
        "promoter": "Was hat Ihnen besonders gefallen?",
    },
    "de-du": {
        "any": "Was ist der wichtigste Grund für deine Bewertung?",
        "detractor": "Was war der wichtigste Grund für deine Unzufriedenheit?",
        "passive": "Was hätte noch gefehlt, damit du uns eine höhere Bewertung gibst?",
        "promoter": "Was hat dir besonders gefallen?",
    },
    "en": {
        "any": "What is the main reason for your score?",
        "detractor": "What was the main reason you were unhappy?",
        "passive": "What was missing for you to give us a higher score?",
        "promoter": "What did you like most?",
    },
}


@transaction.atomic
def publish(survey: Survey, at: dt.datetime) -> SurveyVersion:
    """A new immutable version of the survey with the standard wording: the score, then the open question."""
    last = survey.versions.first()
    version = SurveyVersion.objects.create(survey=survey, number=last.number + 1 if last else 1, published_at=at)
    for position, (kind, wording) in enumerate(
        ((Question.Kind.SCORE, SCORE[survey.kind]), (Question.Kind.COMMENT, COMMENT))
    ):
        Question.objects.create(version=version, position=position, kind=kind, wording=wording)
    return version


def texts(invitation: Invitation) -> dict[str, dict[str, str]]:
    """The texts of an invitation's questions in its locale, by question kind, the client's name filled in."""
    client = invitation.client.name_in_sentence(invitation.language)
    return {
        question.kind: {
            key: text.replace("{client}", client) for key, text in question.wording[invitation.locale].items()
        }
        for question in invitation.version.questions.all()
    }
