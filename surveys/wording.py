"""How questions are worded: in which languages, for whom, and how a survey's version is published.

Texts are copied into the version's questions: changing a standard starts a new version, never an old one. `{client}`
is the only placeholder; it is replaced as plain text, so a tenant's wording is never run as a template.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import yaml
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from .models import Client, Invitation, Question, Survey, SurveyVersion
from .models.people import LANGUAGES
from .questionnaire import questions_of

# By name and locale; what they are stands in the file.
STANDARDS: dict[str, dict[str, dict]] = yaml.safe_load(Path(__file__).with_name("standards.yaml").read_text("utf-8"))
SPOKEN = dict(LANGUAGES)
INFORMAL = "-du"
# What systems that count in three letters (ISO 639-2, both its forms) call the languages that we speak.
_THREE_LETTERS = {
    "deu": "de", "ger": "de", "eng": "en", "tur": "tr", "pol": "pl", "fra": "fr", "fre": "fr", "ita": "it",
    "spa": "es", "nld": "nl", "dut": "nl", "ara": "ar",
}  # fmt: skip


@lru_cache(maxsize=1000)
def speaks(wish: str) -> str:
    """The language of ours that a wish means (“de-AT”, “de_CH” and “GER” are “de”); empty where we do not speak it."""
    language = wish.strip().replace("_", "-").partition("-")[0].lower()
    language = _THREE_LETTERS.get(language, language)
    return language if language in SPOKEN else ""


def languages_of(questions: Iterable[Question]) -> list[str]:
    """The languages in which every one of these questions is worded, in our order: those that a customer can choose."""
    questions = list(questions)
    return [
        language
        for language in SPOKEN
        if questions and all({language, language + INFORMAL} & question.wording.keys() for question in questions)
    ]


def language_for(wishes: Iterable[str], offered: list[str], client: Client) -> str:
    """The first wish that the version is worded in, else the client's language, else the version's first.

    A version in no language at all (a question without a text) is asked in the client's.
    """
    spoken = [language for wish in wishes if (language := speaks(wish)) in offered]
    fallback = client.language if client.language in offered or not offered else offered[0]
    return spoken[0] if spoken else fallback


def texts(question: Question, language: str, form_of_address: str, client: Client) -> dict:
    """A question's texts in the nearest wording there is, the client's name filled in; see `Question` for the keys."""
    wording = question.wording
    informal = form_of_address == Client.Address.INFORMAL
    wished = [name for tongue in (language, client.language) for name in _names(tongue, informal)]
    found = next((name for name in wished if name in wording), None) or next(iter(wording), "")
    return _filled(wording.get(found, {}), client.name_in_sentence(found))


def score_texts(invitation: Invitation) -> dict:
    """The texts of the score that the invitation asks for: what its mail prints."""
    score = next(asked for asked in questions_of(invitation.version) if asked.key == Question.SCORE)
    return texts(score, invitation.language, invitation.form_of_address, invitation.client)


class ScoreNotFirst(ValidationError):
    """A sheet begins with the score: without it none of its steps can be stored."""


def begins_with_score(questions: Sequence[Question], kind: str) -> bool:
    """Whether the first question asks everybody for the survey's score, and demands it."""
    first = questions[0] if questions else None
    asked = first and (first.key, first.kind, first.is_required, first.conditions)
    return asked == (Question.SCORE, kind, True, [])


@transaction.atomic
def publish(survey: Survey, at: dt.datetime) -> SurveyVersion:
    """The survey's draft as its new immutable version; without a draft, one of standard wording: score and reason.

    Raises ScoreNotFirst for a draft that could store no answer.
    """
    draft = survey.draft or draft_of(survey, [(Question.SCORE, survey.kind), ("comment", Question.Kind.TEXT)])
    if not begins_with_score(list(draft.questions.all()), survey.kind):
        raise ScoreNotFirst(_("The first question has to ask everybody for the score, and to demand it."))
    draft.published_at = at
    draft.save(update_fields=["published_at"])
    return draft


def draft_of(survey: Survey, questions: Iterable[tuple[str, str]]) -> SurveyVersion:
    """A draft of standard questions, as (key, kind)."""
    last = survey.versions.first()
    version = SurveyVersion.objects.create(survey=survey, number=last.number + 1 if last else 1)
    for position, (key, kind) in enumerate(questions):
        standard = key if key in STANDARDS else kind
        Question.objects.create(
            version=version,
            position=position,
            key=key,
            kind=kind,
            wording=STANDARDS[standard],
            is_required=key == Question.SCORE,
            standard=standard,
        )
    return version


def _names(language: str, informal: bool) -> list[str]:
    """The locales of a wording that serve a language, nearest first."""
    names = [language + INFORMAL, language]
    return names if informal else names[::-1]


def _filled(texts: dict, client: str) -> dict:
    return {
        key: _filled(text, client) if isinstance(text, dict) else text.replace("{client}", client)
        for key, text in texts.items()
    }
