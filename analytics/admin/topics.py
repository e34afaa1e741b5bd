"""Emerging topics: what customers begin to speak of, as suggestions on which the analysts of the client decide."""

import datetime as dt
from collections import Counter

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from surveys.admin_scope import BY_CLIENT, ReadOnly, button, on_row
from surveys.models import Client, reach_of
from surveys.signals import enqueue

from .. import themes, topics
from ..models import Theme, Topic, TopicMember
from ..tasks import look_for_topics_at
from ..templatetags import voice
from .topic_form import TopicForm

NEAREST = 3
SHOWN = 100  # members of one topic: the nearest say what it is about, and are labels enough
BAR, GAP, HEIGHT = 9, 3, 28  # of the trend, in pixels


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        decided = [state for state in Topic.State if state != Topic.State.OPEN]
        return [*((state.value, state.label) for state in decided), ("all", _("All"))]

    def choices(self, changelist):
        """Those that wait come first and stand in nobody's address."""
        usual, *others = super().choices(changelist)
        return [{**usual, "display": Topic.State.OPEN.label}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "all":
            return queryset
        state = self.value() if self.value() in Topic.State.values else Topic.State.OPEN
        return queryset.filter(state=state)


@admin.register(Topic)
class TopicAdmin(ReadOnly):
    """Found by a machine, decided by analysts: a new theme, part of one that there is, or nothing."""

    list_display = ("about", "trend", "nearest", "client", "state_told")
    list_filter = (StateFilter, BY_CLIENT, "language")
    list_select_related = ("client", "theme")
    search_fields = ("members__answer__text",)
    change_list_template = "admin/analytics/topic/change_list.html"
    empty_state = gettext_lazy(
        "No topic waits for you. Once a week we look for what comments speak of and no theme names: among at least "
        "20 comments of the last eight weeks without a sure theme, five that are alike."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        dated = TopicMember.objects.annotate(sent_at=F("answer__response__submitted_at")).order_by()
        nearest = TopicMember.objects.select_related("answer")
        found = super().get_queryset(request)
        return found.prefetch_related(
            Prefetch("members", dated, to_attr="dated"), Prefetch("members", nearest[:NEAREST], to_attr="closest")
        )

    # --- The list ----------------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("Topic"))
    def about(self, topic: Topic) -> SafeString:
        quiet = '{} <span class="quiet size">{}, {}</span>'
        return format_html(quiet, title_of(topic), size_of(topic), topic.get_language_display())

    @admin.display(description=gettext_lazy("Comments per week"))
    def trend(self, topic: Topic) -> SafeString:
        return trend(per_week(topic))

    @admin.display(description=gettext_lazy("Three nearest comments"))
    def nearest(self, topic: Topic) -> SafeString:
        said = ((voice.quoted(voice.words(member.answer.text), topic.language),) for member in topic.closest)
        return format_html_join("", "{}", said)

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def state_told(self, topic: Topic) -> str:
        return f"{topic.get_state_display()}: {topic.theme}" if topic.theme else topic.get_state_display()

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        clients = Client.objects.filter(reach_of(request.user).analyst_rows("pk")).order_by("name")
        return super().changelist_view(request, {"clients": clients, **(extra_context or {})})

    def get_urls(self) -> list:
        own = path("look/", self.admin_site.admin_view(self.look), name="analytics_topic_look")
        return [own, *super().get_urls()]

    def look(self, request: HttpRequest) -> HttpResponse:
        """Search a client's comments at once; analysts of the client only."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        within = Client.objects.filter(reach_of(request.user).analyst_rows("pk"))
        number = request.POST.get("client", "")
        client = get_object_or_404(within, pk=number if number.isdecimal() else None)
        topics.look_soon(client)
        enqueue(look_for_topics_at, client.pk)
        self.message_user(request, _("We are looking. What is found appears here within a few minutes."))
        return redirect("admin:analytics_topic_changelist")

    # --- One topic ---------------------------------------------------------------------------------------------------

    def has_decide_permission(self, request: HttpRequest, topic: Topic | None = None) -> bool:
        """Analysts of the client; a row outside their reach never gets here."""
        return reach_of(request.user).is_analyst

    @on_row("view", "GET", "HEAD")
    def change_view(self, request: HttpRequest, topic: Topic) -> HttpResponse:
        return self._show(request, topic)

    @button("decide")
    def accept(self, request: HttpRequest, topic: Topic) -> HttpResponse | None:
        """It becomes a theme of the client's own, and the ticked comments its first labels."""
        form = TopicForm(topic, members_of(topic), request.POST, "accept")
        if not form.is_valid():
            return self._show(request, topic, form)
        try:
            theme = topics.accept(topic, form.columns, form.chosen, request.user)
        except themes.BadTaxonomy as refused:
            form.add_error(None, list(refused.lines))
            return self._show(request, topic, form)
        except topics.AlreadyDecided:
            return self._too_late(request)
        self._tell(request, topic, _("“%(theme)s” is a theme now. %(labels)s"), theme, form)

    @button("decide")
    def merge(self, request: HttpRequest, topic: Topic) -> HttpResponse | None:
        """It is part of a theme that the client has, and the ticked comments are labels of it."""
        form = TopicForm(topic, members_of(topic), request.POST, "merge")
        if not form.is_valid():
            return self._show(request, topic, form)
        theme = form.cleaned_data["theme"]
        try:
            topics.merge(topic, theme, form.chosen, request.user)
        except topics.AlreadyDecided:
            return self._too_late(request)
        self._tell(request, topic, _("The topic is part of “%(theme)s” now. %(labels)s"), theme, form)

    @button("decide")
    def dismiss(self, request: HttpRequest, topic: Topic) -> None:
        try:
            topics.dismiss(topic, request.user)
        except topics.AlreadyDecided:
            return self._too_late(request)
        self.log_change(request, topic, _("Dismissed."))
        self.message_user(request, _("The topic is dismissed. It comes up again only if it doubles."), messages.SUCCESS)

    @button("decide")
    def reopen(self, request: HttpRequest, topic: Topic) -> None:
        """Take the dismissal back."""
        try:
            topics.reopen(topic)
        except topics.AlreadyDecided:
            return self._too_late(request)
        self.log_change(request, topic, _("Opened again."))
        self.message_user(request, _("The topic is open again."), messages.SUCCESS)

    def _too_late(self, request: HttpRequest) -> None:
        late = _("Somebody else decided on this topic meanwhile. Theirs stands; nothing of yours was saved.")
        self.message_user(request, late, messages.WARNING)

    def _tell(self, request: HttpRequest, topic: Topic, done: str, theme: Theme, form: TopicForm) -> None:
        n = len(form.chosen)
        labels = ngettext("%(n)d comment is its label.", "%(n)d comments are its labels.", n) % {"n": n}
        self.log_change(request, topic, done % {"theme": theme, "labels": labels})
        self.message_user(request, done % {"theme": theme, "labels": labels}, messages.SUCCESS)

    def _show(self, request: HttpRequest, topic: Topic, form: TopicForm | None = None) -> HttpResponse:
        members = form.members if form else members_of(topic)
        if form is None and topic.is_open:
            form = TopicForm(topic, members)
        counts = per_week(topic)
        context = {"title": title_of(topic), "size": size_of(topic), "shown": SHOWN, "trend": trend(counts)}
        return self.page(request, topic, form=form, members=members, is_cut=len(topic.dated) > SHOWN, **context)


def title_of(topic: Topic) -> str:
    return ", ".join(topic.words) or _("No typical words")


def size_of(topic: Topic) -> str:
    n = len(topic.dated)
    return ngettext("%(n)d comment", "%(n)d comments", n) % {"n": n}


def members_of(topic: Topic) -> list[TopicMember]:
    """The nearest members with all that is told of them, in a few queries however many they are."""
    rows = topic.members.select_related("answer__response__client", "answer__reading")
    return list(rows.prefetch_related("answer__assignments__theme")[:SHOWN])


def per_week(topic: Topic) -> list[int]:
    """Its comments in each of the eight weeks (of seven days) before it was last found, oldest first."""
    ages = Counter((topic.seen_until - member.sent_at) // dt.timedelta(days=7) for member in topic.dated)
    return [ages[age] for age in reversed(range(topics.WEEKS))]


def trend(counts: list[int]) -> SafeString:
    """Small bars on one line, the last one dark; with a sentence that says the same."""
    most, width = max(*counts, 1), len(counts) * (BAR + GAP) - GAP
    shape = '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>'
    heights = [round(HEIGHT * count / most, 1) for count in counts]
    kinds = ["bar"] * (len(counts) - 1) + ["bar bar-last"]
    places = enumerate(zip(kinds, heights, strict=True))
    bars = format_html_join(
        "", shape, ((kind, at * (BAR + GAP), HEIGHT - height, BAR, height) for at, (kind, height) in places)
    )
    sentence = _("Comments per week, oldest first: %(counts)s.") % {"counts": ", ".join(map(str, counts))}
    frame = '<svg class="bars" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">{}{}</svg>'
    zero = format_html('<line class="zero" x1="0" x2="{}" y1="{}" y2="{}"/>', width, HEIGHT + 1, HEIGHT + 1)
    picture = format_html(frame, sentence, width, HEIGHT + 2, width, HEIGHT + 2, bars, zero)
    last = ngettext("%(n)d in the last week", "%(n)d in the last week", counts[-1]) % {"n": counts[-1]}
    return format_html('{}<span class="quiet last">{}</span>', picture, last)
