"""The admin of what left the house, and of what was reported back."""

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..admin_scope import BY_CLIENT, ReadOnly
from ..models import DeliveryEvent, OutgoingMessage
from .ledger import CampaignFilter

NAMED = 5  # of the unknown ones, above the list


State = OutgoingMessage.State
MEANINGS = {
    State.PLANNED: gettext_lazy("It goes out when it is due, within the sending hours."),
    State.CLAIMED: gettext_lazy("It is being sent right now."),
    State.HANDED_OVER: gettext_lazy("It is with the mail server or provider; the answer is awaited."),
    State.ACCEPTED: gettext_lazy("The mail server or provider has taken it."),
    State.DEFERRED: gettext_lazy("It was refused for now and is tried again."),
    State.FAILED: gettext_lazy("It was refused for good, or could not be sent."),
    State.UNKNOWN: gettext_lazy(
        "It may have arrived: the connection broke at the last moment. It is never sent again."
    ),
    State.CANCELLED: gettext_lazy("It was taken back before it left."),
}


class MessageCampaignFilter(CampaignFilter):
    path = "invitation__campaign"


class AboutFilter(admin.SimpleListFilter):
    """Invitations, reminders, and what goes to staff and clients."""

    title = gettext_lazy("what it is")
    parameter_name = "what"

    rows = {
        "invitation": {"invitation__isnull": False, "is_reminder": False},
        "reminder": {"is_reminder": True},
        "staff": {"invitation__isnull": True},
    }

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("invitation", _("Invitation")), ("reminder", _("Reminder")), ("staff", _("To staff and clients"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        if self.value() not in self.rows:
            raise IncorrectLookupParameters
        return queryset.filter(**self.rows[self.value()])


@admin.register(OutgoingMessage)
class OutgoingMessageAdmin(ReadOnly):
    """What was, is and will be sent. The unknown ones stand on top: nobody can tell whether they arrived."""

    list_display = ("to", "what", "state", "due_at", "handed_over_at", "client")
    list_filter = ("state", "medium", AboutFilter, MessageCampaignFilter, BY_CLIENT)
    list_select_related = ("client", "invitation__campaign")
    search_fields = ("key", "to", "provider_id")
    change_list_template = "admin/surveys/outgoingmessage/change_list.html"
    empty_state = gettext_lazy("Nothing is to be sent, and nothing was sent.")
    fieldsets = (
        (None, {"fields": ("client", "told_invitation", "medium", "is_reminder", "to", "subject", "text")}),
        (
            gettext_lazy("What became of it"),
            {"fields": ("state", "meaning", "due_at", "handed_over_at", "attempts", "detail", "reported")},
        ),
        (gettext_lazy("Marks"), {"fields": ("key", "provider_id", "price")}),
    )
    readonly_fields = ("told_invitation", "meaning", "reported")

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        unknown = self.get_queryset(request).filter(state=OutgoingMessage.State.UNKNOWN, invitation__isnull=False)
        shown = list(unknown.select_related("client")[:NAMED])
        frame = {"unknown": shown, "unknown_count": unknown.count() if len(shown) == NAMED else len(shown)}
        return super().changelist_view(request, {**frame, **(extra_context or {})})

    def get_fieldsets(self, request: HttpRequest, obj: OutgoingMessage | None = None) -> list:
        """What goes to customers is written when it is sent, from the invitation: there is no text to show."""
        (name, options), *others = super().get_fieldsets(request, obj)
        if obj and obj.invitation_id:
            shown = [field for field in options["fields"] if field not in ("subject", "text")]
            return [(name, {**options, "fields": shown}), *others]
        return [(name, options), *others]

    @admin.display(description=gettext_lazy("what it is"))
    def what(self, message: OutgoingMessage) -> str:
        if not message.invitation:
            return message.subject or message.key
        name, medium = _("Reminder") if message.is_reminder else _("Invitation"), message.get_medium_display()
        return format_html('{}, {} <span class="quiet">{}</span>', name, medium, message.invitation.campaign)

    @admin.display(description=gettext_lazy("invitation"))
    def told_invitation(self, message: OutgoingMessage) -> SafeString | str:
        if not message.invitation:
            return _("None: this goes to staff or to the client.")
        address = reverse("admin:surveys_invitation_change", args=[message.invitation_id])
        return format_html('<a href="{}">{}</a>', address, message.invitation)

    @admin.display(description=gettext_lazy("that means"))
    def meaning(self, message: OutgoingMessage) -> str:
        return MEANINGS[message.state]

    @admin.display(description=gettext_lazy("reported back"))
    def reported(self, message: OutgoingMessage) -> SafeString | str:
        """What providers and mailboxes said, newest last, with the words as they came."""
        if not (events := list(reversed(message.events.all()))):
            return _("Nothing. Mail servers seldom say that a message has arrived.")
        return format_html('<ol class="events">{}</ol>', format_html_join("", "{}", ((_report(e),) for e in events)))


def _report(event: DeliveryEvent) -> SafeString:
    at = date_format(localtime(event.happened_at), "DATETIME_FORMAT")
    told = ", ".join(filter(None, (event.source, event.detail)))
    raw = format_html("<details><summary>{}</summary><pre>{}</pre></details>", _("As it came"), event.raw)
    line = '<li><time>{}</time> <div>{} <span class="quiet">{}</span>{}</div></li>'
    return format_html(line, at, event.get_kind_display(), told, raw if event.raw else "")
