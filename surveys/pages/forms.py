"""The answer sheet as it comes from a page or the API: checked and tidied, with a sentence for everything wrong."""

import re
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from django import forms
from django.utils.functional import cached_property, lazy
from django.utils.translation import gettext, gettext_lazy, pgettext

from .. import wording
from ..models import Group, Question, group_of
from ..models.answering import scale_of
from ..questionnaire import Given, questions_of
from ..responses import Sheet
from ..sittings import Sitting
from ..templatetags.own_words import TOKEN

COMMENT_LIMIT = 2000  # characters
REASON = "comment"  # the key of the usual open question, whose answer speaks for itself
# Where a number without a country code is at home; phonenumbers wants a region, a client has a language.
REGIONS = {"de": "DE", "en": "GB"}
# The page words its open question by these; the customer never sees a group or its name.
CELL_CLASSES = {Group.DETRACTOR: "low", Group.PASSIVE: "mid", Group.PROMOTER: "high"}

_UNREADABLE = gettext_lazy("We cannot read this number. Please write it with its code, such as +44 20 7946 0018.")


@dataclass(frozen=True)
class Cell:
    """One number of a scale, or one option of a choice."""

    value: str
    label: str
    is_checked: bool
    group: str = ""


class Comment(forms.CharField):
    """Free words. Browsers send line ends as two characters and count them as one; so do we.

    What was taken out of the words that are kept is shown as “[removed]”; where that stays, it stays what it was.
    """

    kept: Callable[[], str]  # the words that are stored

    def to_python(self, value: str) -> str:
        text = super().to_python(value).replace("\r\n", "\n")
        if (removed := _removed()) not in text:
            return text
        tokens = iter(TOKEN.findall(self.kept()))
        return re.sub(re.escape(removed), lambda shown: next(tokens, shown[0]), text)

    def prepare_value(self, value: str | None) -> str | None:
        return value and TOKEN.sub(_removed(), value)


def _removed() -> str:
    return f"[{pgettext('redacted', 'removed')}]"


def clicked_score(kind: str, values: list[str]) -> int | None:
    """The number that a link from the mail carries: one value, on the scale, in plain digits; else None."""
    if len(values) != 1:
        return None
    return {str(score): score for score in scale_of(kind)}.get(values[0])


@dataclass(frozen=True)
class Asked:
    """A question as the page shows it: its texts in the page's language, its field, what can be chosen."""

    question: Question
    texts: dict
    field: forms.BoundField
    cells: list[Cell]
    ask: str  # in the words for this customer
    by_score: bool = False  # asked in the words for the score that is chosen beside it

    @property
    def is_score(self) -> bool:
        return self.question.key == Question.SCORE

    @property
    def scale(self) -> range | None:
        return scale_of(self.question.kind) if self.question.is_scale else None


_CALL = {
    "wants_call": forms.BooleanField(required=False),
    "phone": forms.CharField(
        required=False,
        max_length=40,
        error_messages={"max_length": _UNREADABLE, "null_characters_not_allowed": _UNREADABLE},
    ),
}


class AnswerForm(forms.Form):
    """One page of a sitting's sheet: a field for each question, named by its key; and the call, where it is asked for.

    `initial` holds what is chosen or written already: `initial["score"]` is the number clicked in the mail.
    """

    def __init__(
        self, sitting: Sitting, questions: Iterable[Question], *args, asks_call: bool = True, **kwargs
    ) -> None:
        super().__init__(*args, **kwargs)
        self.sitting, self.questions, self.asks_call = sitting, list(questions), asks_call
        self.fields = dict(_CALL) if asks_call else {}
        self.fields |= {question.key: _field(question, sitting) for question in self.questions}

    @cached_property
    def asked(self) -> list[Asked]:
        return [self._asked(question) for question in self.questions]

    def clean(self) -> dict:
        if self.cleaned_data.get("wants_call") and "phone" in self.cleaned_data:
            self._check_phone(self.cleaned_data["phone"])
        return self.cleaned_data

    @property
    def said(self) -> dict[str, Given]:
        """What the form says, by question key; of a form with errors, what is right in it."""
        found = [question for question in self.questions if question.key in self.cleaned_data]
        return {question.key: _given(question, self.cleaned_data[question.key]) for question in found}

    def sheet(self, is_last: bool, is_preselected: bool) -> Sheet:
        wants_call, phone = self.cleaned_data.get("wants_call"), self.cleaned_data.get("phone")
        if phone is None:  # not asked, or not readable
            wants_call = None
        return Sheet(self.said, wants_call, phone or "", is_last, is_preselected, self.sitting.language)

    def _asked(self, question: Question) -> Asked:
        """With the score on the same page, the page itself follows the choice; once it is stored, we know its words."""
        texts, response = self._texts(question), self.sitting.response
        by_score = Group.DETRACTOR in texts and Question.SCORE in self.fields
        ask = texts.get("ask", "")
        if response and not by_score:
            ask = texts.get(response.group, ask)
        return Asked(question, texts, self[question.key], self._cells(question), ask, by_score)

    def _texts(self, question: Question) -> dict:
        return _texts(question, self.sitting)

    def _cells(self, question: Question) -> list[Cell]:
        value = self[question.key].value()
        chosen = {str(one) for one in value} if isinstance(value, list | tuple) else {str(value)}
        if question.is_scale:
            kind = question.kind
            groups = {score: CELL_CLASSES[group_of(kind, score)] for score in scale_of(kind)}
            return [Cell(str(score), str(score), str(score) in chosen, groups[score]) for score in scale_of(kind)]
        labels = self._texts(question).get("options", {})
        return [Cell(key, labels.get(key, key), key in chosen) for key in question.choices]

    def _check_phone(self, phone: str) -> None:
        """A number that could exist, in international form; none at all only if the customer's own is known."""
        customer = self.sitting.invitation and self.sitting.invitation.customer
        if not phone:
            if not (customer and customer.phone):
                self.add_error("phone", gettext("Please give a number where we can reach you."))
            return
        try:
            number = phonenumbers.parse(phone, REGIONS[self.sitting.client.language])
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_possible_number(number):
            self.add_error("phone", _UNREADABLE)
            return
        self.cleaned_data["phone"] = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@dataclass(frozen=True)
class Words:
    """One answer as it is kept: own words, or what was chosen. The usual open question needs no heading."""

    ask: str
    text: str
    is_own: bool


def words_of(sitting: Sitting) -> list[Words]:
    """All that a sitting's response says besides the score, in the order and the language of the page. One query."""
    said, found = sitting.said, []
    for question in questions_of(sitting.version):
        given = said.get(question.key)
        if question.key == Question.SCORE or given in (None, "", ()):
            continue
        texts = _texts(question, sitting)
        is_own = question.kind == Question.Kind.TEXT
        ask = "" if question.key == REASON else texts.get(sitting.response.group, texts.get("ask", ""))
        found.append(Words(ask, given if is_own else _labels(question, texts, given), is_own))
    return found


def _texts(question: Question, sitting: Sitting) -> dict:
    return wording.texts(question, sitting.language, sitting.form_of_address, sitting.client)


def _labels(question: Question, texts: dict, given: Given) -> str:
    """What was chosen, as it stood on the page."""
    if question.is_scale:
        return gettext("%(score)s out of %(top)s") % {"score": given, "top": scale_of(question.kind)[-1]}
    labels = texts.get("options", {})
    chosen = given if isinstance(given, tuple) else (given,)
    return ", ".join(labels.get(key, key) for key in question.choices if key in chosen)


def _field(question: Question, sitting: Sitting) -> forms.Field:
    if question.kind == Question.Kind.TEXT:
        words = copy(_words(question.is_required))
        words.kept = lambda: sitting.said.get(question.key, "")
        return words
    choices = scale_of(question.kind) if question.is_scale else question.choices
    return _choice(question.kind, question.is_required, tuple(choices), question.is_scale)


@lru_cache
def _words(is_required: bool) -> Comment:
    messages = {
        "required": gettext_lazy("Please write a few words."),
        "max_length": gettext_lazy(
            "Your text has %(show_value)s characters; %(limit_value)s fit. Please shorten it, it is still here."
        ),
        "null_characters_not_allowed": gettext_lazy("Your text contains a character that we cannot store."),
    }
    return Comment(required=is_required, max_length=COMMENT_LIMIT, error_messages=messages)


@lru_cache(maxsize=500)
def _choice(kind: str, is_required: bool, choices: tuple[int | str, ...], is_scale: bool) -> forms.ChoiceField:
    wrong = gettext_lazy("Please choose one of the answers.")
    if is_scale:
        wrong = lazy(_from_to, str)(choices[0], choices[-1])
    messages = {"required": wrong, "invalid_choice": wrong, "invalid_list": wrong}
    field = forms.MultipleChoiceField if kind == Question.Kind.MULTIPLE else forms.ChoiceField
    return field(choices=[(str(one), str(one)) for one in choices], required=is_required, error_messages=messages)


def _from_to(first: int, last: int) -> str:
    return gettext("Please choose a number from %(first)s to %(last)s.") % {"first": first, "last": last}


def _given(question: Question, value: str | list[str]) -> Given:
    if question.kind == Question.Kind.MULTIPLE:
        return tuple(value)
    return int(value) if question.is_scale and value else value
