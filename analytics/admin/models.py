"""The admin of models: who reads a client's comments, how well each version does, and what moved since.

Numbers come from `versions`, `drift` and `agreement`; here they are put before an analyst with the buttons that press
the same verbs as the commands.
"""

from dataclasses import dataclass

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.admin_scope import BY_CLIENT, ReadOnly, button, labelled, own_page
from surveys.models import Answer, Client, Reach, reach_of
from surveys.models.people import LANGUAGES
from surveys.signals import enqueue
from surveys.templatetags.moments import moment

from .. import agreement, drift, periods, readers, themes, trainings, versions
from ..models import DriftAlert, Rereading, Theme, ThemeModel, Training
from ..objections import said
from ..rules import LANGUAGES as READ_BY_US  # of these we know comments and words
from ..tasks import reread_history, train_asked
from ..templatetags import judgements, modelcards

State = ThemeModel.State

WEEKS = 13
MOST_CLIENTS = 30  # of which the list of models says who reads


@dataclass(frozen=True)
class ThemeLine:
    """One theme on a card; `before` is what the reader in use reached on the same labels."""

    theme: Theme
    figures: dict
    before: dict
    kappa: str

    @property
    def is_enough(self) -> bool:
        return self.figures["n"] >= versions.ENOUGH


@dataclass(frozen=True)
class Pair:
    """Two themes that were taken for one another; `address` leads to the comments."""

    wanted: Theme
    said: Theme
    n: int
    address: str


class ModelPages(ReadOnly):
    """What both lists share: the page about one client and language, by the names in its address."""

    def _place(self, request: HttpRequest) -> tuple[Client, str]:
        """The client and language that the address names. What lies outside the reach does not exist."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        reach = reach_of(request.user)
        client = Client.objects.filter(reach.analyst_rows("pk"), slug=request.GET.get("client", "")).first()
        language = request.GET.get("language", "")
        if client is None or language not in dict(LANGUAGES):
            raise Http404
        return client, language


@admin.register(ThemeModel)
class ThemeModelAdmin(ModelPages):
    """Every trained version. Analysts have one trained, read its card, take it into use and go back."""

    list_display = ("version_name", "client", "language", "state", "quality", "learned_from", "trained")
    list_filter = (BY_CLIENT, "language", "state")
    search_fields = ("client__name",)
    list_select_related = ("client",)
    sortable_by = ()  # by client, language and age, always
    change_list_template = "admin/analytics/thememodel/change_list.html"
    empty_state = gettext_lazy("No version is trained yet. Until then, what we know of comments in general reads.")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("data")

    @admin.display(description=gettext_lazy("model"))
    def version_name(self, row: ThemeModel) -> str:
        return row.version

    @admin.display(description=gettext_lazy("F1 on held-out labels"))
    def quality(self, row: ThemeModel) -> SafeString:
        share, n = modelcards.share(row.card.get("micro_f1")), row.card.get("n", 0)
        return labelled(_("F1 on held-out labels"), format_html("{} <small>n = {}</small>", share, n))

    @admin.display(description=gettext_lazy("Learned from"))
    def learned_from(self, row: ThemeModel) -> SafeString:
        return labelled(_("Learned from"), modelcards.thousands(row.label_count))

    @admin.display(description=gettext_lazy("Trained"))
    def trained(self, row: ThemeModel) -> SafeString:
        return labelled(_("Trained"), moment(row.trained_at, row.client.zone))

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return super().changelist_view(
            request, {"readers": _who_reads(reach_of(request.user)), **(extra_context or {})}
        )

    # --- Pages about a client and a language ------------------------------------------------------------------------

    def get_urls(self) -> list:
        pages = [(name, self.admin_site.admin_view(getattr(self, name))) for name in ("reader", "rules", "progress")]
        return [
            *[path(f"{name}/", view, name=f"analytics_thememodel_{name}") for name, view in pages],
            *super().get_urls(),
        ]

    def reader(self, request: HttpRequest) -> HttpResponse:
        """Who reads now, how many labels there are, what was trained; with the buttons to train and to re-read."""
        client, language = self._place(request)
        if request.method == "POST":
            return self._pressed(request, client, language)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "POST"])
        rows = ThemeModel.objects.filter(client=client, language=language).defer("data").select_related("client")
        known = versions.labels(client, language)
        held_out = sum(label.is_held_out for label in known)
        reads = readers.reader_for(client, language)
        context = {
            "title": _("Who reads: %(language)s") % {"language": _named(language)},
            "client": client,
            "language": language,
            "reads": reads,
            "versions": rows,
            "active": next((row for row in rows if row.state == State.ACTIVE), None),
            "labels": len(known),
            "held_out": held_out,
            "enough": versions.ENOUGH,
            "missing": max(0, versions.ENOUGH - held_out) * versions.HELD_OUT,
            "training": Training.objects.filter(client=client, language=language).order_by("-asked_at").first(),
            "has_rules": language in READ_BY_US,
            "correct_at": f"{reverse('admin:analytics_correction_queue')}?{_query(client, language)}",
            **_since(client, language, reads.version),
            **_rereading(client, language),
        }
        return self.page(request, None, "reader", **context)

    def _pressed(self, request: HttpRequest, client: Client, language: str) -> HttpResponse:
        if "train" in request.POST:
            trainings.ask(client, language, request.user)
            self._wake(train_asked)
        if "reread" in request.POST:
            versions.ask_to_reread(client, language, request.user)
            self._wake(reread_history)
        return redirect(address("reader", client, language))

    def _wake(self, task) -> None:
        """Without a broker the next sweep does it: nobody's page waits while a model learns."""
        if not task.app.conf.task_always_eager:
            enqueue(task)

    def rules(self, request: HttpRequest) -> HttpResponse:
        """How what reads without a label of this client does on the labels that it has by now."""
        client, language = self._place(request)
        if language not in READ_BY_US:
            raise Http404
        held_out = [label for label in versions.labels(client, language) if label.is_held_out]
        reads = readers.rules_reader(language, themes.own_words(client, language))
        card = versions.measured(reads, client, held_out)
        title = _("Keyword rules: %(language)s") % {"language": _named(language)}
        context = {"title": title, "client": client, "language": language, **_card(client, language, card)}
        return self.page(request, None, "rules", **context)

    def progress(self, request: HttpRequest) -> HttpResponse:
        """What a page that waits asks every few seconds."""
        client, language = self._place(request)
        waiting = Training.objects.filter(client=client, language=language, finished_at=None).exists()
        told = _rereading(client, language)
        return JsonResponse({"is_training": waiting, "done": told.get("done"), "all": told.get("all")})

    # --- One version ------------------------------------------------------------------------------------------------

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            return super().change_view(request, object_id, form_url, extra_context)
        if request.method == "POST":
            raise PermissionDenied  # nobody writes a version by hand
        context = {
            "title": _("Model %(version)s") % {"version": row.version},
            "client": row.client,
            "language": row.language,
            "is_forged": not readers.is_ours(row),
            "objections": [said(objection, row) for objection in row.objections],
            **_card(row.client, row.language, row.card, row),
        }
        if row.state == State.ACTIVE:
            context |= {**_since(row.client, row.language, row.version), **_rereading(row.client, row.language)}
        return self.page(request, row, "card", **context)

    @own_page
    def confusions(self, request: HttpRequest, row: ThemeModel) -> HttpResponse:
        """The comments in which this version named one theme where a person had named another."""
        asked = (request.GET.get("wanted"), request.GET.get("said"))
        pair = next((each for each in row.card["confusions"] if (each["wanted"], each["said"]) == asked), None)
        if pair is None:
            raise Http404
        named = {theme.key: theme for theme in Theme.objects.filter(client=row.client)}
        behind = Answer.objects.filter(pk__in=pair["answers"], response__client=row.client).exclude(text="")
        context = {
            "title": _("Taken for one another"),
            "wanted": named.get(pair["wanted"], pair["wanted"]),
            "said": named.get(pair["said"], pair["said"]),
            "answers": behind.select_related("response", "reading").order_by("-response__submitted_at", "pk"),
        }
        return self.page(request, row, "confusions", **context)

    @button("view")
    def promote(self, request: HttpRequest, row: ThemeModel) -> None:
        try:
            versions.promote(row, request.user)
        except readers.UnusableModel:
            self.message_user(request, _("This version is not the one that was stored. Train again."), messages.ERROR)
        except versions.NotBetter:
            why = " ".join(said(objection, row) for objection in row.objections)
            self.message_user(request, _("It was not taken into use. %s") % why, messages.ERROR)
        else:
            done = _("From now on, %(version)s reads. What was read before stays until you have it read again.")
            self.message_user(request, done % {"version": row.version}, messages.SUCCESS)

    @button("view")
    def roll_back(self, request: HttpRequest, row: ThemeModel) -> HttpResponse | None:
        if row.state != State.ACTIVE:
            self.message_user(request, _("It was not in use any more. Nothing was changed."), messages.WARNING)
            return None
        before = versions.roll_back(row, request.user)
        reads = before.version if before else readers.reader_for(row.client, row.language).version
        self.message_user(request, _("From now on, %(version)s reads.") % {"version": reads}, messages.SUCCESS)
        return redirect(address("reader", row.client, row.language))


@admin.register(DriftAlert)
class DriftAlertAdmin(ModelPages):
    """What moved, week by week; marked as seen by whoever looked into it."""

    list_display = ("what", "client", "language", "week", "read", "how_sure", "seen")
    list_filter = (BY_CLIENT, "language", "kind")
    search_fields = ("client__name", "theme__name_de", "theme__name_en")
    list_select_related = ("client", "theme", "seen_by")
    empty_state = gettext_lazy("Nothing has moved. Every week is compared with the eight before it.")

    def get_fields(self, request: HttpRequest, obj: DriftAlert | None = None) -> tuple:
        return self.list_display

    def get_readonly_fields(self, request: HttpRequest, obj: DriftAlert | None = None) -> tuple:
        return self.list_display

    @admin.display(description=gettext_lazy("what moved"))
    def what(self, alert: DriftAlert) -> str:
        return modelcards.moved(alert)

    @admin.display(description=gettext_lazy("week from"), ordering="week_on")
    def week(self, alert: DriftAlert) -> SafeString:
        return labelled(_("week from"), modelcards.written(alert.week_on))

    @admin.display(description=gettext_lazy("comments of the week"), ordering="comments")
    def read(self, alert: DriftAlert) -> SafeString:
        return labelled(_("comments of the week"), modelcards.thousands(alert.comments))

    @admin.display(description=gettext_lazy("by chance"), ordering="chance")
    def how_sure(self, alert: DriftAlert) -> SafeString:
        return labelled(_("by chance"), modelcards.odds(alert.chance))

    @admin.display(description=gettext_lazy("seen by"), ordering="seen_at")
    def seen(self, alert: DriftAlert) -> str:
        return judgements.name_of(alert.seen_by) if alert.seen_at else _("not seen yet")

    @button("view")
    def mark_seen(self, request: HttpRequest, alert: DriftAlert) -> HttpResponse:
        drift.mark_seen(alert, request.user)
        return redirect(address("reader", alert.client, alert.language))


def address(page: str, client: Client, language: str) -> str:
    return f"{reverse(f'admin:analytics_thememodel_{page}')}?{_query(client, language)}"


def _query(client: Client, language: str) -> str:
    query = QueryDict(mutable=True)
    query.update({"client": client.slug, "language": language})
    return query.urlencode()


def _named(language: str) -> str:
    return str(dict(LANGUAGES)[language])


def _who_reads(reach: Reach) -> list[dict]:
    """Who reads each client's German, English and whatever else there is a version for. Two queries."""
    clients = list(Client.objects.filter(reach.analyst_rows("pk"), is_active=True)[: MOST_CLIENTS + 1])
    if len(clients) > MOST_CLIENTS:
        return []
    rows = ThemeModel.objects.filter(client__in=clients).values_list("client", "language", "state", "number")
    trained: dict[tuple[int, str], list] = {}
    for client, language, *row in rows:
        trained.setdefault((client, language), []).append(row)
    places = [(c, code) for c in clients for code, _name in LANGUAGES if code in READ_BY_US or (c.pk, code) in trained]
    return [
        {
            "client": client,
            "language": _named(language),
            "address": address("reader", client, language),
            "version": next(
                (f"{language}-{n}" for state, n in trained.get((client.pk, language), ()) if state == "active"), ""
            ),
            "has_rules": language in READ_BY_US,
            "trained": len(trained.get((client.pk, language), [])),
        }
        for client, language in places
    ]


def _card(client: Client, language: str, card: dict, row: ThemeModel | None = None) -> dict:
    """A card with its themes instead of their keys, in the order of the taxonomy."""
    if not card.get("n"):
        return {"card": card, "lines": [], "pairs": []}
    known = {theme.key: theme for theme in Theme.objects.filter(client=client).order_by("position", "key")}
    people = agreement.of(client, language)
    beside = card.get("beside", {}).get("themes", {})
    lines = [
        ThemeLine(
            theme,
            card["themes"][key],
            beside.get(key, {}),
            judgements.kappa(people.themes.get(key)) if people.is_enough else "",
        )
        for key, theme in known.items()
        if key in card["themes"]
    ]
    pairs = [
        Pair(known[each["wanted"]], known[each["said"]], each["n"], _comments_at(row, each) if row else "")
        for each in card["confusions"]
        if each["wanted"] in known and each["said"] in known
    ]
    return {"card": card, "lines": lines, "pairs": pairs, "people": people, "enough": versions.ENOUGH}


def _comments_at(row: ThemeModel, pair: dict) -> str:
    query = QueryDict(mutable=True)
    query.update({"wanted": pair["wanted"], "said": pair["said"]})
    return f"{reverse('admin:analytics_thememodel_confusions', args=[row.pk])}?{query.urlencode()}"


def _since(client: Client, language: str, version: str) -> dict:
    """How the comments of the last weeks were read by this version, and what nobody has looked into yet."""
    last = periods.last_complete(timezone.now(), "week", client.time_zone)
    told = drift.weeks(client, language, version, last, WEEKS)
    alerts = DriftAlert.objects.filter(client=client, language=language, seen_at=None).select_related("theme")
    if not any(each.week.comments for each in told):
        return {"alerts": alerts, "weeks": []}
    shares = [each.week.unclassified / each.week.comments if each.week.comments else None for each in told]
    margins, unseen = [each.week.margins.mean for each in told], [each.week.unseen.mean for each in told]
    lines = {_("Unclassified"): shares, _("Margin"): margins, _("Unseen words"): unseen}
    # Rules have no margin: what was never measured is not drawn.
    measured = {name: values for name, values in lines.items() if any(value is not None for value in values)}
    values = zip(*measured.values(), strict=True)
    rows = [(each, list(zip(measured, found, strict=True))) for each, found in zip(told, values, strict=True)]
    shown = {"week_lines": measured.items(), "has_margin": _("Margin") in measured}
    return {"alerts": alerts, "weeks": rows, "week_last": last.first_on, **shown}


def _rereading(client: Client, language: str) -> dict:
    """The order to re-read that stands, and how far it is."""
    order = (
        Rereading.objects.filter(client=client, language=language, finished_at=None).select_related("client").first()
    )
    if order is None:
        return {}
    done, of = versions.progress(order)
    return {"rereading": order, "done": done, "all": of}
