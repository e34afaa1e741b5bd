"""The admin's pages on which a survey is written: its draft with all questions in order, and each question's own."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import authoring, lint
from ..admin_scope import Scoped, button, own_page
from ..models import Contact, Group, Question, Survey, SurveyVersion, reach_of
from ..questionnaire import Condition, Subject, conditions_of, pages
from ..templatetags.survey_texts import wordings
from ..wording import INFORMAL, SPOKEN
from .questions import QuestionForm, asked_in_words

# What a button of the draft's page says → what it does, and what is then written down.
VERBS: dict[str, tuple[Callable, str]] = {
    "up": (partial(authoring.move, is_up=True), gettext_lazy("Moved “%(key)s” up.")),
    "down": (partial(authoring.move, is_up=False), gettext_lazy("Moved “%(key)s” down.")),
    "begin-page": (authoring.begin_page, gettext_lazy("“%(key)s” begins a new page.")),
    "join-page": (authoring.join_page, gettext_lazy("“%(key)s” follows on the page before.")),
    "remove": (authoring.remove, gettext_lazy("Removed “%(key)s”.")),
    "own": (authoring.use_own_wording, gettext_lazy("“%(key)s” has a wording of its own now.")),
    "standard": (authoring.use_standard_wording, gettext_lazy("“%(key)s” has its standard wording again.")),
}


@dataclass(frozen=True)
class Card:
    """One question in the list of a version: what it asks, for whom, and what is to be said about it."""

    question: Question
    number: int
    asked: str
    hint: str
    choices: str
    languages: str
    for_whom: list[str]
    findings: list[lint.Finding]
    is_own: bool
    is_first: bool  # of its page
    can_go_up: bool
    can_go_down: bool

    @property
    def is_score(self) -> bool:
        return self.question.key == Question.SCORE


class WithDraft(Scoped):
    """Gives a survey the pages and buttons by which its draft is written. They press the verbs of `authoring`."""

    def has_author_permission(self, request: HttpRequest, survey: Survey) -> bool:
        reach = reach_of(request.user)
        return reach.is_everything or survey.client_id in reach.analyst_clients

    # --- The draft -------------------------------------------------------------------------------------------------

    @button("author")
    def start_draft(self, request: HttpRequest, survey: Survey) -> HttpResponse:
        """From a template (`start`), or without one from the version that is asked now."""
        name = request.POST.get("start", "")
        try:
            draft = authoring.begin(survey, authoring.Start(name) if name in authoring.Start.values else None)
        except authoring.Refused as refused:
            self.message_user(request, str(refused), messages.ERROR)
        else:
            self.log_change(request, survey, _("Began version %(number)d as a draft.") % {"number": draft.number})
        return self._to_draft(survey)

    @own_page
    def draft(self, request: HttpRequest, survey: Survey) -> HttpResponse:
        """Its questions in order, pages visible, with what is to be mended beside each."""
        if (draft := survey.draft) is None:
            return redirect("admin:surveys_survey_change", survey.pk)
        found = authoring.findings(draft)
        context = {
            "title": _("Draft of version %(number)d") % {"number": draft.number},
            "draft": draft,
            "seen": authoring.stamp(draft.questions.all()),
            "pages": [[card for card in cards if card] for cards in cards_of(draft, found)],
            "of_the_survey": [finding for finding in found if not finding.key],
            "errors": [finding for finding in found if finding.is_error],
            "warnings": [finding for finding in found if not finding.is_error],
            "languages": [SPOKEN[code] for code in authoring.languages_meant(draft)],
            "kinds": Question.Kind.choices,
            "current": survey.current,
        }
        return self.page(request, survey, "draft", **context)

    @button("author")
    def write(self, request: HttpRequest, survey: Survey) -> HttpResponse:
        """What a button beside a question says, or the one that adds a question."""
        key, verb = request.POST.get("key", ""), request.POST.get("verb", "")
        draft, seen = self._draft_of(survey), request.POST.get("seen", "")
        try:
            if verb == "add":
                return self._add(request, survey, draft, seen)
            do, sentence = VERBS[verb]
            do(draft, seen, key)
        except KeyError:
            raise Http404 from None
        except authoring.Refused as refused:
            self.message_user(request, str(refused), messages.ERROR)
        else:
            self.log_change(request, survey, sentence % {"key": key})
            if verb in ("own", "standard") and request.POST.get("from") == "question":
                return redirect(self._address_of(survey, key))
        return self._to_draft(survey, key)

    def _add(self, request: HttpRequest, survey: Survey, draft: SurveyVersion, seen: str) -> HttpResponse:
        kind = request.POST.get("kind", "")
        if kind not in Question.Kind.values:
            raise Http404
        question = authoring.add(draft, seen, kind)
        self.log_change(request, survey, _("Added “%(key)s”.") % {"key": question.key})
        return redirect(self._address_of(survey, question.key))

    @button("author")
    def discard(self, request: HttpRequest, survey: Survey) -> HttpResponse | None:
        draft = self._draft_of(survey)
        try:
            authoring.discard(draft, request.POST.get("seen", ""))
        except authoring.Refused as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return self._to_draft(survey)
        self.log_change(request, survey, _("Discarded the draft of version %(number)d.") % {"number": draft.number})
        self.message_user(request, _("The draft is discarded. What is asked now stays as it is."), messages.SUCCESS)
        return None

    @button("author")
    def publish(self, request: HttpRequest, survey: Survey) -> HttpResponse | None:
        """The draft as it was seen, as the version that is asked from now on."""
        try:
            version = authoring.publish(self._draft_of(survey), request.POST.get("seen", ""), timezone.now())
        except authoring.Refused as refused:
            for sentence in refused.messages:
                self.message_user(request, sentence, messages.ERROR)
            return self._to_draft(survey)
        self.log_change(request, survey, _("Published version %(number)d.") % {"number": version.number})
        said = _(
            "Version %(number)d is published and begins a new series. Invitations from now on ask it; "
            "those that are out keep the version they have."
        )
        self.message_user(request, said % {"number": version.number}, messages.SUCCESS)
        return None

    # --- One question ----------------------------------------------------------------------------------------------

    @own_page
    def question(self, request: HttpRequest, survey: Survey) -> HttpResponse:
        """The form of one question (`?key=`), with the preview beside it."""
        return self._question_page(request, survey, self._draft_of(survey))

    @button("author")
    def save_question(self, request: HttpRequest, survey: Survey) -> HttpResponse:
        draft = self._draft_of(survey)
        question, questions = named(draft, request.GET.get("key", ""))
        form = QuestionForm(question, questions, authoring.languages_meant(draft), request.POST)
        if not form.is_valid():
            return self._question_page(request, survey, draft, form, status=400)
        begins_page = "begin_page" in request.POST
        try:
            saved = authoring.change(draft, request.POST.get("seen", ""), question.key, form.wish(), begins_page)
        except authoring.Refused as refused:
            form.add_error(None, refused)
            status = 409 if isinstance(refused, authoring.Stale) else 400
            return self._question_page(request, survey, draft, form, status, refused)
        self.log_change(request, survey, _("Changed “%(key)s”.") % {"key": saved.key})
        self.message_user(request, _("“%(key)s” is saved.") % {"key": saved.key}, messages.SUCCESS)
        if "_continue" in request.POST:
            return redirect(self._address_of(survey, saved.key))
        return self._to_draft(survey, saved.key)

    def _question_page(
        self,
        request: HttpRequest,
        survey: Survey,
        draft: SurveyVersion,
        form: QuestionForm | None = None,
        status: int = 200,
        refused: authoring.Refused | None = None,
    ) -> HttpResponse:
        question, questions = named(draft, request.GET.get("key", ""))
        form = form or QuestionForm(question, questions, authoring.languages_meant(draft))
        found = [finding for finding in authoring.findings(draft) if finding.key == question.key]
        context = {
            "title": asked_in_words(question) if question.wording else _("New question"),
            "draft": draft,
            "question": question,
            "form": form,
            "could_be_standard": _free_standard(question, questions),
            "findings": found,
            # A stale form keeps the stamp it came with: it must be opened afresh.
            "seen": request.POST.get("seen") or authoring.stamp([question]),
            "draft_seen": authoring.stamp(questions),
            "is_stale": isinstance(refused, authoring.Stale),
            "needs_page": isinstance(refused, authoring.NeedsPage),
            "save_path": f"{reverse('admin:surveys_survey_save_question', args=[survey.pk])}?key={question.key}",
            **self.preview_of(survey, draft, question),
        }
        return self.page(request, survey, "question", status, **context)

    # --- What they share -------------------------------------------------------------------------------------------

    def _draft_of(self, survey: Survey) -> SurveyVersion:
        draft = survey.draft
        if draft is None:
            raise Http404
        return draft

    def _to_draft(self, survey: Survey, key: str = "") -> HttpResponse:
        if survey.draft is None:
            return redirect("admin:surveys_survey_change", survey.pk)
        return redirect(reverse("admin:surveys_survey_draft", args=[survey.pk]) + (f"#{key}" if key else ""))

    def _address_of(self, survey: Survey, key: str) -> str:
        return f"{reverse('admin:surveys_survey_question', args=[survey.pk])}?key={key}"


def named(version: SurveyVersion, key: str) -> tuple[Question, list[Question]]:
    """One question among all of its version."""
    questions = list(version.questions.all())
    question = next((question for question in questions if question.key == key), None)
    if question is None:
        raise Http404
    return question, questions


def _free_standard(question: Question, questions: list[Question]) -> str:
    """The standard wording that it has or could have, unless another question has it."""
    name = authoring.standard_for(question)
    return "" if any(asked.standard == name for asked in questions if asked.key != question.key) else name


def cards_of(version: SurveyVersion, found: list[lint.Finding]) -> list[list[Card]]:
    """The questions of a version, page by page."""
    cut, number, cards = pages(version.questions.all()), 0, []
    by_key = {question.key: question for page in cut for question in page}
    for page_number, page in enumerate(cut):
        cards.append([])
        for place, question in enumerate(page):
            number += 1
            is_last = page_number == len(cut) - 1 and place == len(page) - 1
            own = [finding for finding in found if finding.key == question.key]
            can_go_up = number > 2 or (number == 2 and page_number > 0)
            can_go_down = number > 1 and not is_last
            cards[-1].append(_card(question, number, by_key, own, place == 0, can_go_up, can_go_down))
    return cards


def _card(
    question: Question, number: int, by_key: dict[str, Question], found: list[lint.Finding], *places: bool
) -> Card:
    language = question.version.survey.client.language
    texts = question.wording.get(language) or question.wording.get(language + INFORMAL) or {}
    labels = texts.get("options", {})
    ends = " … ".join(filter(None, (texts.get("lowest"), texts.get("highest"))))
    return Card(
        question,
        number,
        asked_in_words(question) if texts.get("ask") else "",
        texts.get("hint", ""),
        ends or ", ".join(labels.get(option, option) for option in question.choices),
        ", ".join(name for name, *_texts in wordings(question)),
        [condition_in_words(condition, by_key) for condition in conditions_of(question)],
        found,
        authoring.is_own_instrument(question),
        *places,
    )


def condition_in_words(condition: Condition, by_key: dict[str, Question]) -> str:
    """“Only for group: Detractor or Passive.”"""
    names = {
        Subject.GROUP: dict(Group.choices), Subject.CHANNEL: dict(Contact.Channel.choices), Subject.LANGUAGE: SPOKEN
    }.get(condition.of, {})  # fmt: skip
    values = [str(names.get(value, value)) for value in condition.values]
    if condition.of == Subject.ANSWER and (asked := by_key.get(condition.key)):
        texts = asked.wording.get(asked.version.survey.client.language, {})
        values = [texts.get("options", {}).get(value, value) for value in values]
        told = {"question": texts.get("ask", asked.key), "values": get_text_list(values, _("or"))}
        return _("Only after “%(question)s”: %(values)s") % told
    sentences = {
        Subject.GROUP: _("Only for the group: %(values)s"),
        Subject.CHANNEL: _("Only after a contact by: %(values)s"),
        Subject.LANGUAGE: _("Only in: %(values)s"),
        Subject.SEGMENT: _("Only for the segment: %(values)s"),
        Subject.ANSWER: _("Only after an answer that is not asked for: %(values)s"),
    }
    return sentences[condition.of] % {"values": get_text_list(values, _("or"))}
