"""How a survey is written: its draft, question by question, until it is published and never changed again.

Every verb names the draft that its editor saw (`seen`, a stamp). Where somebody else has changed it meanwhile it
refuses: nothing is overwritten unseen. A `Refused` carries the sentence that is shown.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import lint, wording
from .models import Question, Survey, SurveyVersion
from .questionnaire import pages
from .wording import INFORMAL, SPOKEN, STANDARDS

TEMPLATES: dict[str, dict] = yaml.safe_load(Path(__file__).with_name("survey_templates.yaml").read_text("utf-8"))
# Names that mean something else on the customer's page or in its address.
TAKEN = {
    Question.SCORE, "phone", "wants_call", "wants-call", "page", "lang", "change", "back", "sheet",
    "made", "script", "touched", "website", "csrfmiddlewaretoken",
}  # fmt: skip
CONTENT = ("key", "kind", "wording", "options", "conditions", "is_required", "starts_page", "standard")


class Start(models.TextChoices):
    """What a draft can start from: see survey_templates.yaml."""

    CSAT = "csat", gettext_lazy("two questions: satisfaction (CSAT), and why")
    NPS = "nps", gettext_lazy("two questions: recommendation (NPS), and why")
    CES = "ces", gettext_lazy("two questions: effort (CES), and why")
    POST_CONTACT = "post-contact", gettext_lazy("after a contact: satisfaction (CSAT), why, solved, at once")
    RELATIONAL = "relational", gettext_lazy("the whole relationship: recommendation (NPS), why, contact, what next")
    SELF_SERVICE = "self-service", gettext_lazy("after self-service: effort (CES), why, solved, contact after all")
    RECOVERY = "recovery", gettext_lazy("after a complaint: the solution (CSAT), solved now, what remains, why")

    @property
    def survey_kind(self) -> str:
        return TEMPLATES[self]["kind"]


class Refused(ValidationError):
    """It cannot be done, and why; `str()` is the sentence."""

    def __str__(self) -> str:
        return " ".join(self.messages)


class Stale(Refused):
    """Somebody else was faster."""


class NeedsPage(Refused):
    """It looks at an answer that is given on the same page; beginning a new page mends it."""


@dataclass(frozen=True)
class Wish:
    """What a question is to be, as its form says: texts and options count only where the wording is its own."""

    key: str
    wording: dict[str, dict]
    options: Sequence[str]
    conditions: Sequence[dict]
    is_required: bool


def stamp(questions: Iterable[Question]) -> str:
    """The same for the same content in the same order, whoever wrote it and when."""
    content = [[getattr(question, name) for name in CONTENT] for question in questions]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]


def standard_for(question: Question) -> str:
    """The standard wording that it could have; empty where there is none for its kind."""
    name = "comment" if question.kind == Question.Kind.TEXT else question.kind
    return name if name in STANDARDS else ""


def is_own_instrument(question: Question) -> bool:
    """Whether it measures by a wording of its own, so that its figures compare with no others."""
    return not question.standard and question.kind in STANDARDS


def languages_meant(draft: SurveyVersion) -> list[str]:
    """In which a draft is meant to be asked: the client's, those of the version before, those of its own texts."""
    current = draft.survey.current
    meant = {draft.survey.client.language}
    if current:
        meant |= set(wording.languages_of(current.questions.all()))
    for question in draft.questions.all():
        if not question.standard:
            meant |= {locale.removesuffix(INFORMAL) for locale in question.wording}
    return [language for language in SPOKEN if language in meant]


def findings(draft: SurveyVersion) -> list[lint.Finding]:
    """What is to be mended (errors) and looked at (warnings) in a draft."""
    return lint.check(list(draft.questions.all()), draft.survey.client, languages_meant(draft))


# --- The draft -------------------------------------------------------------------------------------------------------


@transaction.atomic
def begin(survey: Survey, start: Start | None = None) -> SurveyVersion:
    """A draft: of the current version, or from a template of the survey's kind. Standard wordings as they are today."""
    row = Survey.objects.select_for_update().get(pk=survey.pk)
    if row.draft:
        raise Refused(_("There is a draft already. Go on with it, or discard it first."))
    if start:
        if start.survey_kind != row.kind:
            raise Refused(_("This template asks for another score. Make a survey of its own for it."))
        questions = [_of_template(entry) for entry in TEMPLATES[start]["questions"]]
    elif current := row.current:
        questions = [_copied(question) for question in current.questions.all()]
    else:
        raise Refused(_("Nothing is published yet. Start from a template."))
    last = row.versions.first()
    draft = SurveyVersion.objects.create(survey=survey, number=last.number + 1 if last else 1)
    for position, question in enumerate(questions):
        question.version, question.position = draft, position
        question.save()
    return draft


def discard(draft: SurveyVersion, seen: str) -> None:
    with _held(draft, seen):
        draft.delete()


def publish(draft: SurveyVersion, seen: str, at: dt.datetime) -> SurveyVersion:
    """The draft as the new immutable version, with which a new series begins.

    Refused with errors in it, without the score at its head, or where nothing differs from the version before.
    """
    with _held(draft, seen) as questions:
        if errors := [finding for finding in findings(draft) if finding.is_error]:
            raise Refused([f"“{finding.key}”: {finding.message} {finding.mend}" for finding in errors])
        current = draft.survey.current
        if current and stamp(current.questions.all()) == stamp(questions):
            raise Refused(
                _("Nothing differs from the version that is asked now. A new one would break the series for nothing.")
            )
        try:
            return wording.publish(draft.survey, at)
        except wording.ScoreNotFirst as refused:
            raise Refused(refused.messages) from None


# --- Its questions ---------------------------------------------------------------------------------------------------


def add(draft: SurveyVersion, seen: str, kind: str) -> Question:
    """A new question at the end of the last page, in its standard wording if there is one that is not used yet."""
    with _held(draft, seen) as questions:
        keys = {question.key for question in questions}
        question = Question(version=draft, position=len(questions), kind=Question.Kind(kind), wording={})
        question.key = "comment" if kind == Question.Kind.TEXT else str(kind)
        name = standard_for(question)
        if name and not any(asked.standard == name for asked in questions):
            question.standard, question.wording = name, STANDARDS[name]
        question.key = _free(question.key, keys)
        question.save()
        return question


def change(draft: SurveyVersion, seen: str, key: str, wish: Wish, begins_page: bool = False) -> Question:
    """One question as its form wishes; `seen` is the stamp of this question alone, so that two can write at two.

    A new key goes on in the conditions that look at it. Raises NeedsPage where a new page would mend it.
    """
    with _held(draft) as questions:
        question = _named(questions, key)
        if seen != stamp([question]):
            raise Stale(_("Somebody else has changed this question since you opened it. Nothing was overwritten."))
        _rename(question, wish.key, questions)
        question.conditions = [] if question.key == Question.SCORE else list(wish.conditions)
        question.is_required = question.key == Question.SCORE or wish.is_required
        question.starts_page = question.starts_page or begins_page
        if not question.standard:
            question.wording, question.options = wish.wording, list(wish.options)
        if any(asked is question for asked, _key in lint.ahead(questions)):
            raise NeedsPage(
                _("It looks at an answer of the same or a later page. It has to begin a new page, further down.")
            )
        _refuse_looking_ahead(questions)
        for asked in questions:
            asked.save()
        return question


def move(draft: SurveyVersion, seen: str, key: str, is_up: bool) -> None:
    """One place up or down; across the edge of a page it joins the neighbouring one."""
    with _held(draft, seen) as questions:
        question = _named(questions, key)
        cut = [list(page) for page in pages(questions)]
        number = next(n for n, page in enumerate(cut) if question in page)
        place, page = cut[number].index(question), cut[number]
        step = -1 if is_up else 1
        if 0 <= place + step < len(page):
            page[place], page[place + step] = page[place + step], page[place]
        elif 0 <= number + step < len(cut):
            page.remove(question)
            cut[number + step].insert(len(cut[number + step]) if is_up else 0, question)
        _arrange(cut)


def remove(draft: SurveyVersion, seen: str, key: str) -> None:
    with _held(draft, seen) as questions:
        question = _named(questions, key)
        if key == Question.SCORE:
            raise Refused(_("The first question asks for the score. A survey cannot be without it."))
        if lookers := [asked.key for asked in questions if key in lint.looked_at(asked)]:
            told = {"keys": ", ".join(lookers)}
            raise Refused(_("The answer to it decides whether this is shown: %(keys)s. Change that first.") % told)
        cut = [[asked for asked in page if asked is not question] for page in pages(questions)]
        question.delete()
        _arrange(cut)


def begin_page(draft: SurveyVersion, seen: str, key: str) -> None:
    with _held(draft, seen) as questions:
        _named(questions, key).starts_page = True
        _arrange([list(page) for page in pages(questions)])


def join_page(draft: SurveyVersion, seen: str, key: str) -> None:
    """No new page here: its questions follow on the page before."""
    with _held(draft, seen) as questions:
        _named(questions, key).starts_page = False
        _arrange([list(page) for page in pages(questions)])


def use_own_wording(draft: SurveyVersion, seen: str, key: str) -> None:
    """Unlock the texts. From here on it is another instrument."""
    with _held(draft, seen) as questions:
        question = _named(questions, key)
        question.standard = ""
        question.save()


def use_standard_wording(draft: SurveyVersion, seen: str, key: str) -> None:
    """The standard texts again, in every language that has them; what was written instead is gone."""
    with _held(draft, seen) as questions:
        question = _named(questions, key)
        if not (name := standard_for(question)):
            raise Refused(_("There is no standard wording for this kind of question."))
        question.standard, question.wording = name, STANDARDS[name]
        question.save()


# --- What they share -------------------------------------------------------------------------------------------------


@contextmanager
def _held(draft: SurveyVersion, seen: str | None = None) -> Iterator[list[Question]]:
    """The questions of a draft, if it still is what was seen; locked (on SQLite the transaction itself holds it)."""
    with transaction.atomic():
        row = SurveyVersion.objects.select_for_update().filter(pk=draft.pk, published_at=None).first()
        if row is None:
            raise Stale(_("This draft has been published or discarded meanwhile."))
        questions = list(Question.objects.filter(version=draft))
        if seen is not None and seen != stamp(questions):
            raise Stale(_("Somebody else has changed this draft since you opened it. Look at it again, then decide."))
        yield questions


def _named(questions: list[Question], key: str) -> Question:
    question = next((question for question in questions if question.key == key), None)
    if question is None:
        raise Stale(_("This question has been removed or renamed meanwhile."))
    return question


def _rename(question: Question, key: str, questions: list[Question]) -> None:
    if key == question.key:
        return
    if question.key == Question.SCORE or key in TAKEN or key in {asked.key for asked in questions}:
        raise Refused(_("The name “%(key)s” is taken.") % {"key": key})
    for asked in questions:
        for condition in asked.conditions:
            if condition.get("key") == question.key:
                condition["key"] = key
    question.key = key


def _arrange(cut: list[list[Question]]) -> None:
    """Store an order of pages: the score first, and nothing that looks at an answer not given before."""
    cut = [page for page in cut if page]
    questions = [question for page in cut for question in page]
    if questions[0].key != Question.SCORE:
        raise Refused(_("The score is asked first."))
    starts = {id(page[0]) for page in cut[1:]}
    for position, question in enumerate(questions):
        question.position, question.starts_page = position, id(question) in starts
    _refuse_looking_ahead(questions)
    for question in questions:
        question.save(update_fields=["position", "starts_page"])


def _refuse_looking_ahead(questions: list[Question]) -> None:
    for question, key in lint.ahead(questions):
        told = {"question": question.key, "key": key}
        raise Refused(_("“%(question)s” is shown by the answer to “%(key)s”: it belongs on a later page.") % told)


def _free(wished: str, keys: set[str]) -> str:
    candidates = [wished, *(f"{wished}-{number}" for number in range(2, len(keys) + 3))]
    return next(key for key in candidates if key not in keys | TAKEN)


def _copied(question: Question) -> Question:
    """For the next draft; a standard wording in the state and the languages of today."""
    copy = Question(**{name: getattr(question, name) for name in CONTENT})
    copy.wording = STANDARDS.get(copy.standard, copy.wording)
    return copy


def _of_template(entry: dict) -> Question:
    """A question of survey_templates.yaml; yes and no are called as in the standard wording."""
    standard = entry.get("standard", "")
    kind = entry.get("kind") or (Question.Kind.TEXT if standard == "comment" else standard)
    question = Question(
        key=entry["key"],
        kind=kind,
        standard=standard,
        wording=STANDARDS[standard] if standard else {},
        conditions=entry.get("conditions", []),
        is_required=entry["key"] == Question.SCORE,
        starts_page=entry.get("starts_page", False),
    )
    for locale, texts in entry.get("wording", {}).items():
        options = {"options": labels} if (labels := usual_labels(question, locale)) else {}
        question.wording[locale] = {**texts, **options}
    return question


def usual_labels(question: Question, locale: str) -> dict[str, str]:
    """What options that are always the same are called in a locale, where that is known."""
    solved = STANDARDS["solved"]
    labels = solved.get(locale, solved.get(locale.removesuffix(INFORMAL), {})).get("options", {})
    return {option: labels[option] for option in Question.FIXED_OPTIONS.get(question.kind, ()) if option in labels}
