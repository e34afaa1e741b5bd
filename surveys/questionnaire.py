"""What a version asks whom, and in which order: pages, conditions, and what was said so far. Pure functions.

`said` maps a question's key to what was answered: the number on a scale, the key of a choice (several: a tuple of
keys), the words of a text. The survey's score is among them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from .models import Question, Response, SurveyVersion, group_of

Given = int | str | tuple[str, ...]
Said = Mapping[str, Given]
Page = tuple[Question, ...]


class Subject(StrEnum):
    """What a condition looks at: the group of the score, the contact, or the answer to an earlier question."""

    GROUP = "group"
    CHANNEL = "channel"
    LANGUAGE = "language"
    SEGMENT = "segment"
    ANSWER = "answer"


@dataclass(frozen=True)
class Condition:
    """Holds where the subject is one of `values`; stored in `Question.conditions` as `{"of", "key", "values"}`."""

    of: Subject
    values: tuple[str, ...]
    key: str = ""  # of the earlier question

    def holds(self, situation: "Situation", said: Said, kind: str) -> bool:
        return bool(set(self.values) & self._facts(situation, said, kind))

    def _facts(self, situation: "Situation", said: Said, kind: str) -> set[str]:
        if self.of == Subject.GROUP:
            score = said.get(Question.SCORE)
            return set() if score is None else {str(group_of(kind, score))}
        if self.of == Subject.ANSWER:
            given = said.get(self.key, ())
            return set(given) if isinstance(given, tuple) else {str(given)}
        return {getattr(situation, self.of)}


@dataclass(frozen=True)
class Situation:
    """What is known of the contact and the page; empty where it is not known, as behind an open link."""

    language: str
    channel: str = ""
    segment: str = ""


def conditions_of(question: Question) -> list[Condition]:
    return [
        Condition(Subject(stored["of"]), tuple(stored["values"]), stored.get("key", ""))
        for stored in question.conditions
    ]


def pages(questions: Iterable[Question]) -> list[Page]:
    """The questions in their order, cut where one begins a new page."""
    cut: list[list[Question]] = []
    for question in questions:
        if question.starts_page or not cut:
            cut.append([])
        cut[-1].append(question)
    return [tuple(page) for page in cut]


def shown(questions: Iterable[Question], kind: str, situation: Situation, said: Said) -> list[Question]:
    """Those whose conditions hold. A question that nobody was shown counts as not answered."""
    visible: list[Question] = []
    known: dict[str, Given] = {}
    for question in questions:
        if all(condition.holds(situation, known, kind) for condition in conditions_of(question)):
            visible.append(question)
            if question.key in said:
                known[question.key] = said[question.key]
    return visible


def missing(visible: Iterable[Question], said: Said) -> list[Question]:
    """Those of the questions that are shown which demand an answer and have none."""
    return [question for question in visible if question.is_required and question.key not in said]


def steps(questions: Sequence[Question], kind: str, situation: Situation, said: Said) -> list[Page]:
    """The pages that there are for this customer as far as is known, without questions that are not for them."""
    visible = {question.key for question in shown(questions, kind, situation, said)}
    kept = [tuple(question for question in page if question.key in visible) for page in pages(questions)]
    return [page for page in kept if page]


def questions_of(version: SurveyVersion) -> tuple[Question, ...]:
    """The questions of a version in their order; of a published one they never change, and are kept in this process."""
    if version.published_at is None:
        return tuple(version.questions.all())
    return published(version.pk)


def version_of(version_id: int) -> SurveyVersion:
    """The published version with this number and its survey, kept in this process with its questions."""
    if questions := published(version_id):
        return questions[0].version
    return SurveyVersion.objects.select_related("survey").get(pk=version_id)


@lru_cache(maxsize=500)
def published(version_id: int) -> tuple[Question, ...]:
    """Of the published version with this number, which they know, and its survey. One query. ValueError for a draft."""
    found = tuple(Question.objects.filter(version=version_id).select_related("version__survey"))
    if any(question.version.published_at is None for question in found):
        raise ValueError(f"version {version_id} is a draft, which may change")
    return found


def forget() -> None:
    """For tests, whose databases give the same numbers to other versions."""
    published.cache_clear()


def said_in(response: Response) -> dict[str, Given]:
    """What a stored response says, by the key of each question. One query."""
    said: dict[str, Given] = {Question.SCORE: response.score}
    for answer in response.answers.select_related("question"):
        key = answer.question.key
        if answer.question.kind == Question.Kind.MULTIPLE:
            said[key] = (*said.get(key, ()), answer.choice)
        else:
            said[key] = answer.text or answer.choice or answer.value
    return said
