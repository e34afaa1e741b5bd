"""The live preview of a survey: the customer's real pages in a frame, by language, form of address, score and width."""

import copy

from csp.constants import SELF
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import authoring
from ..admin_scope import Scoped, on_row, own_page
from ..lint import decisive
from ..models import Client, Contact, Question, Survey, SurveyVersion, group_of
from ..models.answering import scale_of
from ..pages import rehearsal
from ..pages.rehearsal import Scene
from ..questionnaire import Given, Subject, conditions_of, pages, questions_of
from ..wording import SPOKEN, languages_of
from .questions import QuestionForm, page_of

WIDTHS = (320, 390, 768, 1280)  # pixels: an old and a new phone, a tablet, a screen


class WithRehearsal(Scoped):
    """Gives a survey its preview. Only here may one of our pages stand in a frame, and only in one of ours."""

    def get_urls(self) -> list:
        frame = path(
            "<path:object_id>/frame/<str:scene>/", self.admin_site.admin_view(self.frame), name="surveys_survey_frame"
        )
        return [frame, *super().get_urls()]

    @own_page
    def preview(self, request: HttpRequest, survey: Survey) -> HttpResponse:
        """The frame with what can be chosen; without a choice the draft, or what is asked now."""
        version = _version(survey, request.GET.get("version", ""))
        chosen = _chosen(request.GET, version)
        said = {} if chosen["score"] is None else {Question.SCORE: chosen["score"]}
        scene = _scene(version, chosen, said if chosen["page"] > 1 else {}, channel=chosen["channel"])
        context = {
            "title": _("Preview of version %(number)d") % {"number": version.number},
            "version": version,
            "channels": Contact.Channel.choices if _looks_at(version, Subject.CHANNEL) else [],
            "pages": range(1, len(pages(questions_of(version))) + 1),
            **_choices(survey, version, chosen),
            "frame": f"{_address(survey, scene)}?{_query(chosen, scene, version)}",
        }
        return self.page(request, survey, "preview", **context)

    def preview_of(self, survey: Survey, draft: SurveyVersion, question: Question) -> dict:
        """What the page of one question needs for the frame beside it: the same, before the customer it is for."""
        chosen = _chosen({}, draft) | {"page": page_of(question, questions_of(draft))}
        scene = _before(question, draft, chosen)
        chosen["score"] = scene.said.get(Question.SCORE)
        return {
            **_choices(survey, draft, chosen),
            "frame": f"{_address(survey, scene)}?{_query(chosen, scene, draft)}",
            "sketch_path": f"{_address(survey, scene)}?key={question.key}",
        }

    @on_row("view", "GET", "HEAD", "POST")
    def frame(self, request: HttpRequest, survey: Survey) -> HttpResponse:
        """One of the customer's pages; what is posted there is stored nowhere. Posted by an editor: with its texts."""
        scene = Scene.read(request.resolver_match.kwargs["scene"])
        if scene is None:
            raise Http404
        version = _version(survey, str(scene.version))
        if "sketch" in request.POST:
            request, scene = _sketched(request, survey, version)
        answer = rehearsal.play(request, version, scene, lambda scene: _address(survey, scene), timezone.now())
        answer["X-Frame-Options"] = "SAMEORIGIN"
        answer._csp_replace = {"frame-ancestors": [SELF]}
        return answer


def _version(survey: Survey, number: str) -> SurveyVersion:
    versions = survey.versions.select_related("survey__client__appearance").prefetch_related("questions")
    if number.isascii() and number.isdecimal():
        version = versions.filter(number=min(int(number), 32_767)).first()
    else:
        version = versions.filter(published_at=None).first() or versions.first()
    if version is None:
        raise Http404
    return version


def _address(survey: Survey, scene: Scene) -> str:
    return reverse("admin:surveys_survey_frame", args=[survey.pk, scene.written()])


def _chosen(given: dict, version: SurveyVersion, prefix: str = "") -> dict:
    """Language, form of address, score, page and width as they were chosen; what is none of ours as if it was not."""
    client, kind = version.survey.client, version.survey.kind
    numbers = {str(number): number for number in range(1281)}
    score = numbers.get(given.get(f"{prefix}score", ""))
    page, width = numbers.get(given.get(f"{prefix}page", ""), 1), numbers.get(given.get(f"{prefix}width", ""))
    language, channel = given.get(f"{prefix}language"), given.get(f"{prefix}channel", "")
    address = given.get(f"{prefix}address")
    return {
        "language": language if language in SPOKEN else client.language,
        "address": address if address in Client.Address.values else client.form_of_address,
        "score": score if score in scale_of(kind) else scale_of(kind)[-1] if page > 1 else None,
        "page": min(max(page, 1), len(pages(questions_of(version)))),
        "width": width if width in WIDTHS else 390,
        "channel": channel if channel in Contact.Channel.values else "",
    }


def _choices(survey: Survey, version: SurveyVersion, chosen: dict) -> dict:
    offered = languages_of(questions_of(version)) or [survey.client.language]
    return {
        "chosen": chosen,
        "preview_languages": [(code, SPOKEN[code]) for code in offered],
        "addresses": Client.Address.choices,
        "scores": scale_of(survey.kind),
        "widths": WIDTHS,
    }


def _scene(version: SurveyVersion, chosen: dict, said: dict[str, Given], channel: str = "", segment: str = "") -> Scene:
    return Scene(version.number, chosen["address"] == Client.Address.INFORMAL, said, channel, segment)


def _query(chosen: dict, scene: Scene, version: SurveyVersion) -> str:
    """The address of a customer's page: its page where a score was said, else its score preselected."""
    query = QueryDict(mutable=True)
    query["lang"] = chosen["language"]
    if scene.said:
        query["page"] = chosen["page"]
    elif chosen["score"] is not None:
        query["score"] = chosen["score"]
    return query.urlencode()


def _before(question: Question, draft: SurveyVersion, chosen: dict) -> Scene:
    """A scene in which this question is shown: its conditions hold, and those of the questions they look at."""
    kind, by_key = draft.survey.kind, {asked.key: asked for asked in questions_of(draft)}
    said: dict[str, Given] = {}
    contact = {"channel": chosen["channel"], "segment": ""}
    for condition in (one for asked in decisive(question, by_key.values()) for one in conditions_of(asked)):
        if condition.of == Subject.GROUP:
            scores = [s for s in scale_of(kind) if group_of(kind, s) in condition.values]
            wished = chosen["score"]
            said[Question.SCORE] = wished if wished in scores or not scores else scores[-1]
        elif condition.of == Subject.ANSWER and condition.key in by_key:
            looked = by_key[condition.key]
            value = condition.values[0]
            is_many = looked.kind == Question.Kind.MULTIPLE
            said[looked.key] = (value,) if is_many else int(value) if looked.is_scale else value
        elif condition.of in contact:
            contact[condition.of] = condition.values[0]
    if chosen["page"] > 1:
        last = scale_of(kind)[-1] if chosen["score"] is None else chosen["score"]
        said.setdefault(Question.SCORE, last)
    return _scene(draft, chosen, said, contact["channel"], contact["segment"])


def _sketched(request: HttpRequest, survey: Survey, version: SurveyVersion) -> tuple[HttpRequest, Scene]:
    """The question as it stands in the editor's form, right or wrong, in this version's questions; nothing is saved.

    As a request for the page on which it stands.
    """
    questions = questions_of(version)
    question = next((asked for asked in questions if asked.key == request.GET.get("key")), None)
    if question is None or version.published_at:
        raise Http404
    form = QuestionForm(question, questions, authoring.languages_meant(version), request.POST)
    form.is_valid()
    wish = form.wish()
    question.conditions, question.is_required = list(wish.conditions), question.is_required or wish.is_required
    if not question.standard:
        question.wording, question.options = wish.wording, list(wish.options)
    chosen = _chosen(request.POST, version, "preview_") | {"page": page_of(question, questions)}
    scene = _before(question, version, chosen)
    shown = copy.copy(request)
    shown.method, shown.path, shown.GET = "GET", _address(survey, scene), QueryDict(_query(chosen, scene, version))
    return shown, scene


def _looks_at(version: SurveyVersion, subject: Subject) -> bool:
    return any(condition.of == subject for question in questions_of(version) for condition in conditions_of(question))
