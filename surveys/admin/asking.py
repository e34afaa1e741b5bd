"""The admin of what is asked: surveys, the drafts in which they are written, and their published wordings."""

from django import forms
from django.contrib import admin
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import authoring
from ..admin_scope import BY_CLIENT, KIND_OF_SURVEY, ByAnalysts, OneClientForm, ReadOnly, headed
from ..models import Login, Question, Reach, Survey, SurveyVersion
from ..wording import STANDARDS
from .drafts import WithDraft, cards_of
from .survey_preview import WithRehearsal

MEASURES = [kind for kind in Question.Kind.values if kind in STANDARDS]


class SurveyForm(OneClientForm):
    """A new survey: whose, what it is called, and what its draft starts from; its kind follows from that."""

    start = forms.ChoiceField(
        label=gettext_lazy("Start with"),
        choices=[(start.value, capfirst(start.label)) for start in authoring.Start],
        widget=forms.RadioSelect,
        initial="post-contact",
    )

    def clean(self) -> dict:
        cleaned = super().clean()
        if "start" in cleaned:
            self.instance.kind = authoring.Start(cleaned["start"]).survey_kind
        return cleaned


@admin.register(Survey)
class SurveyAdmin(WithDraft, WithRehearsal, ByAnalysts):
    """A survey, written by the analysts of its client. What is published stays as it was."""

    list_display = ("name", "kind", "client", "asked_now", "instrument", "draft_link")
    list_filter = (BY_CLIENT, ("kind", headed(KIND_OF_SURVEY)))
    list_select_related = ("client",)
    search_fields = ("name",)
    change_form_template = "admin/surveys/survey/change_form.html"

    def may_change(self, reach: Reach, login: Login, row: Survey | None) -> bool:
        return reach.is_analyst and row is None  # its answers are of this kind and under this name

    def get_form(self, request: HttpRequest, obj: Survey | None = None, **kwargs):
        if obj is None:
            kwargs |= {"form": SurveyForm, "fields": ("client", "name", "start")}
        return super().get_form(request, obj, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Survey | None = None) -> tuple:
        return ("client", "name", "kind") if obj else ("client", "name", "start")

    def save_model(self, request: HttpRequest, obj: Survey, form: OneClientForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        authoring.begin(obj, authoring.Start(form.cleaned_data["start"]))

    def response_add(self, request: HttpRequest, obj: Survey, post_url_continue: str | None = None) -> HttpResponse:
        return self._to_draft(obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """With what the list tells of each: the version asked now, whether it measures its own way, and the draft."""
        current = SurveyVersion.objects.published().filter(survey=OuterRef("pk")).order_by("-number")
        own = Question.objects.filter(version=OuterRef("current_id"), standard="", kind__in=MEASURES)
        draft = SurveyVersion.objects.filter(survey=OuterRef("pk"), published_at=None)
        surveys = super().get_queryset(request).annotate(current_id=Subquery(current.values("pk")[:1]))
        return surveys.annotate(
            current_number=Subquery(current.values("number")[:1]), is_own=Exists(own), has_draft=Exists(draft)
        )

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        if survey := self.get_object(request, object_id):
            starts = [(start.value, start.label) for start in authoring.Start if start.survey_kind == survey.kind]
            own = {
                "versions": [
                    (version, any(map(authoring.is_own_instrument, version.questions.all())))
                    for version in survey.versions.prefetch_related("questions")
                ],
                "starts": starts,
            }
            extra_context = {**own, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, extra_context)

    @admin.display(description=gettext_lazy("asked now"), empty_value=gettext_lazy("nothing published"))
    def asked_now(self, survey: Survey) -> str | None:
        return survey.current_number and _("version %(number)d") % {"number": survey.current_number}

    @admin.display(description=gettext_lazy("instrument"))
    def instrument(self, survey: Survey) -> str:
        if not survey.current_number:
            return "–"
        return format_html('<span class="own">{}</span>', _("own wording")) if survey.is_own else _("standard")

    @admin.display(description=gettext_lazy("draft"))
    def draft_link(self, survey: Survey) -> str:
        if not survey.has_draft:
            return "–"
        return format_html('<a href="{}">{}</a>', reverse("admin:surveys_survey_draft", args=[survey.pk]), _("go on"))


@admin.register(SurveyVersion)
class SurveyVersionAdmin(ReadOnly):
    """What was or is asked, as it was published; nobody changes it."""

    client_path = "survey__client"
    list_display = ("survey", "number", "published_at", "instrument")
    list_filter = (("survey", RelatedOnlyFieldListFilter),)
    list_select_related = ("survey",)
    search_fields = ("survey__name",)
    fields = ("survey", "number", "published_at", "instrument")
    readonly_fields = fields
    change_form_template = "admin/surveys/surveyversion/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        own = Question.objects.filter(version=OuterRef("pk"), standard="", kind__in=MEASURES)
        return super().get_queryset(request).annotate(is_own=Exists(own))

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        if version := self.get_object(request, object_id):
            extra_context = {"pages": cards_of(version, []), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, extra_context)

    @admin.display(description=gettext_lazy("instrument"))
    def instrument(self, version: SurveyVersion) -> str:
        return _("own wording: an instrument of its own") if version.is_own else _("standard wording")
