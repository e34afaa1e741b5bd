"""The admin of flagged answers: what came from machines, why it is thought so, and the button that lets one count."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import flagged, questionnaire, wording
from ..admin_scope import BY_CLIENT, ReadOnly, button, on_row
from ..models import FlaggedSheet, Question, reach_of
from ..models.answering import scale_of
from ..templatetags.moments import moment
from .ledger import CampaignFilter, DaysFilter


class CountsFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "counts"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("no", _("kept apart")), ("yes", _("counts after all"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() not in ("no", "yes"):
            return queryset
        return queryset.filter(restored_at__isnull=self.value() == "no")


class FlaggedCampaignFilter(CampaignFilter):
    path = "invitation__campaign"


class FlaggedDaysFilter(DaysFilter):
    path = "invitation__"


@admin.register(FlaggedSheet)
class FlaggedSheetAdmin(ReadOnly):
    """Kept, in no score, never deleted; whoever finds that it was a person after all lets it count."""

    list_display = ("score_of", "why", "origin", "sent_at", "counts", "client")
    list_filter = (CountsFilter, FlaggedCampaignFilter, FlaggedDaysFilter, BY_CLIENT)
    list_select_related = (
        "client",
        "open_link",
        "invitation__campaign",
        "invitation__contact",
        "invitation__customer",
    )
    search_fields = ("invitation__contact__external_id", "invitation__email", "open_link__name")
    empty_state = gettext_lazy(
        "No answer bears the marks of a machine. Those of mail scanners and other programs appear here, in no score."
    )

    @admin.display(description=gettext_lazy("score"), ordering="score")
    def score_of(self, sheet: FlaggedSheet) -> str:
        return _("%(score)s of %(top)s") % {"score": sheet.score, "top": scale_of(sheet.kind)[-1]}

    @admin.display(description=gettext_lazy("what speaks for a machine"))
    def why(self, sheet: FlaggedSheet) -> str:
        return sheet.why

    @admin.display(description=gettext_lazy("came by"))
    def origin(self, sheet: FlaggedSheet) -> str | SafeString:
        """The invitation, or the open link."""
        if sheet.open_link:
            return sheet.open_link.name
        invitation = sheet.invitation
        address = reverse("admin:surveys_invitation_change", args=[invitation.pk])
        whom = invitation.contact or invitation.customer or "–"
        return format_html('<a href="{}">{}</a> <span class="quiet">{}</span>', address, whom, invitation.campaign)

    @admin.display(description=gettext_lazy("sent"), ordering="submitted_at")
    def sent_at(self, sheet: FlaggedSheet) -> str:
        return moment(sheet.submitted_at, sheet.client.zone)

    @admin.display(description=gettext_lazy("counts"), boolean=True)
    def counts(self, sheet: FlaggedSheet) -> bool:
        return sheet.restored_at is not None

    def has_restore_permission(self, request: HttpRequest, sheet: FlaggedSheet | None = None) -> bool:
        """Analysts of the client; a row outside their reach never gets here."""
        return reach_of(request.user).is_analyst

    @button("restore")
    def restore(self, request: HttpRequest, sheet: FlaggedSheet) -> None:
        """Let it count, if no other answer does."""
        try:
            flagged.restore(sheet, request.user, timezone.now())
        except flagged.CannotCount as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return
        self.log_change(request, sheet, _("Let it count."))
        self.message_user(request, _("The answer counts now, as of the moment when it was sent."), messages.SUCCESS)

    @on_row("view")
    def change_view(self, request: HttpRequest, sheet: FlaggedSheet) -> HttpResponse:
        """What was sent, and what speaks for a machine; nobody writes here."""
        if request.method == "POST":
            raise PermissionDenied
        marks = [capfirst(str(FlaggedSheet.Evidence(code).label)) for code in sheet.evidence]
        context = {"score": self.score_of(sheet), "marks": marks, "lines": _lines(sheet), "origin": self.origin(sheet)}
        return self.page(request, sheet, **context)


def _lines(sheet: FlaggedSheet) -> list[tuple[str, str]]:
    """What was said besides the score: each question with its answer."""
    said, lines = flagged.sheet_of(sheet).said, []
    for question in questionnaire.questions_of(sheet.version):
        given = said.get(question.key, "")
        if question.key == Question.SCORE or given in ("", ()):
            continue
        texts = wording.texts(question, sheet.language, sheet.client.form_of_address, sheet.client)
        options = texts.get("options", {})
        chosen = given if isinstance(given, tuple) else (given,)
        ask = texts.get("ask") or texts.get("any") or question.key
        lines.append((ask, ", ".join(str(options.get(one, one)) for one in chosen)))
    return lines
