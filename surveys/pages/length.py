"""How long a sheet is, as it is told before and while it is filled in: steps, questions, minutes. Pure functions.

What earlier answers will decide is not known at the start: then the longest way is told, so that nobody is promised
less than comes.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext

from ..models import Question
from ..models.answering import SCALES
from ..questionnaire import Condition, Page, Said, Situation, Subject, conditions_of, pages

# Reading included, on the generous side; an estimate for the sentence at the top, and used for nothing else.
SECONDS = {Question.Kind.TEXT: 30, Question.Kind.MULTIPLE: 15}
SECONDS_OF_OTHERS = 10


@dataclass(frozen=True)
class Length:
    """Of one customer's sheet, seen from one of its pages."""

    step: int  # this page, from 1
    steps: int
    fewest: int  # questions
    most: int
    minutes: int

    @property
    def lead(self) -> str:
        """“Two questions, about a minute. Answering is up to you.”"""
        time = ngettext("about a minute", "about %(count)s minutes", self.minutes) % {"count": self.minutes}
        parts = {"questions": self._questions, "time": time}
        return gettext("%(questions)s, %(time)s. Answering is up to you.") % parts

    @property
    def _questions(self) -> str:
        if self.fewest < self.most:
            return ngettext("Up to %(count)s question", "Up to %(count)s questions", self.most) % {"count": self.most}
        if self.most == 2:
            return gettext("Two questions")
        return ngettext("One question", "%(count)s questions", self.most) % {"count": self.most}


def length_of(questions: Sequence[Question], kind: str, situation: Situation, said: Said, place: int) -> Length:
    """Seen from the page at `place` of all pages of the version."""
    cut = pages(questions)
    ahead = {question.key for page in cut[place:] for question in page}
    ways = [_way(questions, kind, situation, known, ahead) for known in _known(kind, said)]
    longest = max((may for _, may in ways), key=_seconds)
    return Length(
        step=max(1, sum(_on(page, longest) for page in cut[: place + 1])),
        steps=max(sum(_on(page, may) for page in cut) for _, may in ways),
        fewest=min(len(must) for must, _ in ways),
        most=max(len(may) for _, may in ways),
        minutes=max(1, math.ceil(_seconds(longest) / 60)),
    )


def _known(kind: str, said: Said) -> list[Said]:
    """What was said; without a score, once for each group that it may fall into."""
    if Question.SCORE in said:
        return [said]
    return [{**said, Question.SCORE: first} for first in SCALES[kind][:3]]


def _way(
    questions: Sequence[Question], kind: str, situation: Situation, said: Said, ahead: Collection[str]
) -> tuple[list[Question], list[Question]]:
    """The questions that will be shown, and those that may be: what stands `ahead` is not decided yet."""

    def may_hold(condition: Condition) -> bool:
        is_open = condition.of == Subject.ANSWER and condition.key in ahead and condition.key not in said
        return is_open or condition.holds(situation, said, kind)

    must = [q for q in questions if all(c.holds(situation, said, kind) for c in conditions_of(q))]
    may = [q for q in questions if all(map(may_hold, conditions_of(q)))]
    return must, may


def _on(page: Page, way: list[Question]) -> bool:
    return any(question in way for question in page)


def _seconds(way: list[Question]) -> int:
    return sum(SECONDS.get(question.kind, SECONDS_OF_OTHERS) for question in way)
