"""An answer sheet as staff reads it: each question in the reader's language, whatever the customer was asked in."""

from collections.abc import Iterable
from dataclasses import dataclass

from django import template
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from .. import wording
from ..models import Answer, Client, Question, Response
from ..models.answering import scale_of
from ..questionnaire import Given, questions_of

register = template.Library()


@dataclass(frozen=True)
class Line:
    """A question, and what was chosen or written; `is_text`: in the customer's own words."""

    ask: str
    said: str
    is_text: bool


@register.filter
def ask(question: Question, client: Client) -> str:
    """The question's words; of a text those that all are asked, whatever their score."""
    return _texts(question, client)["ask"]


@register.filter
def chosen(response: Response) -> list[Line]:
    """What was answered but for score and texts, in the order of the questions. Reads `answers` with their question."""
    by_question: dict[Question, list[Answer]] = {}
    for answer in response.answers.all():
        if not answer.text:
            by_question.setdefault(answer.question, []).append(answer)
    return [_line(question, _given(question, answers), response.client) for question, answers in by_question.items()]


@register.filter
def said_first(response: Response) -> list[Line]:
    """The sheet as it was before the customer changed it, the score first."""
    said = (response.first or {}).get("said", {})
    return [
        _line(question, said[question.key], response.client)
        for question in questions_of(response.version)
        if question.key in said
    ]


def _line(question: Question, given: Given | list[str], client: Client) -> Line:
    is_text = question.kind == Question.Kind.TEXT
    if question.is_scale:
        said = _("%(score)s of %(top)s") % {"score": given, "top": scale_of(question.kind)[-1]}
    elif is_text:
        said = str(given)
    else:
        labels = _texts(question, client).get("options", {})
        chosen_keys = given if isinstance(given, list | tuple) else [given]
        said = ", ".join(labels.get(key, key) for key in chosen_keys)
    return Line(ask(question, client), said, is_text)


def _given(question: Question, answers: Iterable[Answer]) -> Given | list[str]:
    answers = list(answers)
    return answers[0].value if question.is_scale else [answer.choice for answer in answers]


def _texts(question: Question, client: Client) -> dict:
    return wording.texts(question, (get_language() or "en")[:2], Client.Address.FORMAL, client)
