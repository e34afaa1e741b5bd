"""The admin of what is asked: surveys with their published wordings."""

from django.contrib import admin, messages
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import wording
from ..admin_scope import BY_CLIENT, OneClientForm, ReadOnly, Scoped
from ..models import Login, Reach, Survey, SurveyVersion


@admin.register(Survey)
class SurveyAdmin(Scoped):
    """A survey and its published wordings. A new version is published by a button; the old ones stay as they were."""

    list_display = ("name", "kind", "client")
    list_filter = (BY_CLIENT, "kind")
    list_select_related = ("client",)
    search_fields = ("name",)
    change_form_template = "admin/surveys/survey/change_form.html"

    def may_change(self, reach: Reach, login: Login, row: Survey | None) -> bool:
        return reach.is_everything and row is None  # its answers are of this kind and under this name

    def get_urls(self) -> list:
        publish = self.admin_site.admin_view(self.publish)
        own = path("<path:object_id>/publish/", publish, name="surveys_survey_publish")
        return [own, *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: Survey, form: OneClientForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        wording.publish(obj, timezone.now())

    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A new version with the standard wording. By POST, by those who analyse the client."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        survey = self.get_object(request, object_id)
        if survey is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, survey):
            raise PermissionDenied
        version = wording.publish(survey, timezone.now())
        self.log_change(request, survey, _("Published version %(number)d.") % {"number": version.number})
        said = _("Version %(number)d is published. Invitations from now on use it.") % {"number": version.number}
        self.message_user(request, said, messages.SUCCESS)
        return redirect("admin:surveys_survey_change", survey.pk)


@admin.register(SurveyVersion)
class SurveyVersionAdmin(ReadOnly):
    client_path = "survey__client"
    list_display = ("survey", "number", "published_at")
    list_filter = (("survey", RelatedOnlyFieldListFilter),)
    list_select_related = ("survey",)
    search_fields = ("survey__name",)
    fields = ("survey", "number", "published_at", "questions")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("questions"))
    def questions(self, version: SurveyVersion) -> str:
        asked = (
            (q.get_kind_display(), locale, text["ask"] if "ask" in text else text["any"])
            for q in version.questions.all()
            for locale, text in q.wording.items()
        )
        return format_html_join("", '<p><span class="quiet">{}, {}:</span> {}</p>', asked)
