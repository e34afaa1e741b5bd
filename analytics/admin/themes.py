"""Themes as analysts keep them: the list by side and level, the form, the verbs with pages that say what follows."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import formset_factory
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.admin_scope import BY_CLIENT, ByAnalysts, button, on_row, own_page
from surveys.models import Client, reach_of

from .. import queries, themes
from ..models import Theme, ThemeEvent
from ..taxonomy import STARTER
from ..taxonomy_file import MOST, BadTaxonomy
from .filters import USUAL_DAYS
from .theme_form import PARTS, FileForm, PartForm, ThemeForm

EVER = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
Parts = formset_factory(PartForm, extra=PARTS, max_num=PARTS, validate_max=True, absolute_max=PARTS)


@dataclass
class Row:
    """One line of the list, with the lines of its parts."""

    theme: Theme
    found: queries.Found
    parts: list["Row"] = field(default_factory=list)


@admin.register(Theme)
class ThemeAdmin(ByAnalysts):
    """Add, change, and by verbs merge, split, retire, take up again. No theme is deleted: answers name it."""

    form = ThemeForm
    list_display = ("__str__",)
    list_filter = (BY_CLIENT, "side", "is_retired")
    list_select_related = ("client", "parent", "merged_into")
    list_per_page = MOST
    search_fields = ("name_de", "name_en", "key")
    empty_state = gettext_lazy("No themes yet. A client’s themes begin with its first comment, or with a file.")
    fieldsets = (
        (None, {"fields": ("client", "name_de", "name_en", "side", "parent")}),
        (gettext_lazy("What it means"), {"fields": ("definition_de", "definition_en")}),
        (
            gettext_lazy("Examples"),
            {
                "fields": ("included_de", "included_en", "excluded_de", "excluded_en"),
                "description": gettext_lazy("They decide doubtful comments for those who correct."),
            },
        ),
        (gettext_lazy("Words that name it"), {"fields": ("words_de", "words_en")}),
        (gettext_lazy("Try it out"), {"fields": ("comment",)}),
    )

    # --- The list --------------------------------------------------------------------------------------------------

    def get_ordering(self, request: HttpRequest) -> tuple:
        return ("client__name", "client", "position", "key")

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        answer = super().changelist_view(request, extra_context)
        if (listed := getattr(answer, "context_data", None)) and (cl := listed.get("cl")):
            now = timezone.now()
            rows = list(cl.result_list)
            clients = {theme.client_id for theme in rows}
            found = queries.found(clients, now - dt.timedelta(days=USUAL_DAYS), now)
            listed["groups"] = grouped(rows, found)
            listed["has_several_clients"] = len(clients) > 1
        return answer

    # --- The form --------------------------------------------------------------------------------------------------

    def get_readonly_fields(self, request: HttpRequest, obj: Theme | None = None) -> tuple:
        return (*super().get_readonly_fields(request, obj), "key") if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Theme | None = None) -> tuple:
        first, *others = super().get_fieldsets(request, obj)
        return ((None, {"fields": (*first[1]["fields"], "key")}), *others) if obj else (first, *others)

    def formfield_for_dbfield(self, db_field, request: HttpRequest, **kwargs):
        made = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in ("parent", "client"):
            made.widget.can_add_related = made.widget.can_change_related = made.widget.can_view_related = False
        return made

    def render_change_form(self, request: HttpRequest, context: dict, *args, **kwargs) -> HttpResponse:
        form = context["adminform"].form
        if getattr(form, "is_trial", False):
            form.errors  # noqa: B018 – cleans it
            context |= {"is_trial": True, "trial": form.trial()}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Theme, form: ThemeForm, change: bool) -> None:
        if change:
            themes.change(obj, form.columns, request.user)
        else:
            made = themes.add(obj.client, form.columns, request.user)
            obj.pk, obj.key, obj.position = made.pk, made.key, made.position

    def changeform_view(self, request: HttpRequest, object_id=None, form_url="", extra_context=None) -> HttpResponse:
        """What somebody else did between the form's own look and its saving is told, too."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except BadTaxonomy as refused:
            self._tell(request, refused)
            return redirect(request.get_full_path())

    # --- Verbs, each with a page that says what will follow --------------------------------------------------------

    @own_page
    def merging(self, request: HttpRequest, theme: Theme) -> HttpResponse:
        """Into which one; and, once it is chosen, what that means. It merges nothing."""
        others = self._others(theme)
        chosen = request.GET.get("into", "")
        into = others.filter(pk=chosen).first() if chosen.isdecimal() else None
        told = {"others": others, "into": into, "comments": self._comments(theme), "parts": theme.children.all()}
        return self._page(request, theme, "merging", _("Merge"), **told)

    @button("change")
    def merge(self, request: HttpRequest, theme: Theme) -> HttpResponse | None:
        chosen = request.POST.get("into", "")
        into = self._others(theme).filter(pk=chosen).first() if chosen.isdecimal() else None
        if into is None:
            raise Http404
        said = _("“%(theme)s” counts as “%(into)s” from now on.") % {"theme": theme, "into": into}
        return self._done(request, theme, said, lambda: themes.merge(theme, into, request.user))

    @own_page
    def splitting(self, request: HttpRequest, theme: Theme) -> HttpResponse:
        return self._splitting(request, theme, Parts())

    @button("change")
    def split(self, request: HttpRequest, theme: Theme) -> HttpResponse | None:
        """Empty rows are passed over. What is wrong is said beside what was typed."""
        typed = Parts(request.POST)
        if not typed.is_valid():
            return self._splitting(request, theme, typed)
        parts = [form.cleaned_data for form in typed if form.has_changed()]
        try:
            themes.split(theme, parts, request.user)
        except BadTaxonomy as refused:
            return self._splitting(request, theme, typed, refused.lines)
        self.log_change(request, theme, _("Split."))
        self.message_user(request, _("“%s” has parts. They are found from now on.") % theme, messages.SUCCESS)
        return None

    @own_page
    def retiring(self, request: HttpRequest, theme: Theme) -> HttpResponse:
        told = {"comments": self._comments(theme), "parts": theme.children.all()}
        return self._page(request, theme, "retiring", _("Retire"), **told)

    @button("change")
    def retire(self, request: HttpRequest, theme: Theme) -> HttpResponse | None:
        said = _("“%s” is no longer found.") % theme
        return self._done(request, theme, said, lambda: themes.retire(theme, request.user))

    @own_page
    def restoring(self, request: HttpRequest, theme: Theme) -> HttpResponse:
        return self._page(request, theme, "restoring", _("Take up again"))

    @button("change")
    def restore(self, request: HttpRequest, theme: Theme) -> HttpResponse | None:
        said = _("“%s” is found again.") % theme
        return self._done(request, theme, said, lambda: themes.restore(theme, request.user))

    @on_row("view", "GET", "HEAD")
    def history_view(self, request: HttpRequest, theme: Theme) -> HttpResponse:
        """What was ever done to it; who did it only for those who may read names."""
        events = theme.events.select_related("by")
        names = {other.key: str(other) for other in Theme.objects.filter(client=theme.client)}
        told = [(event, account(event, names)) for event in events]
        return self._page(request, theme, "past", _("History"), events=told)

    def _others(self, theme: Theme):
        """What it could be merged into."""
        return Theme.objects.filter(client=theme.client, is_retired=False).exclude(pk=theme.pk).exclude(parent=theme)

    def _comments(self, theme: Theme) -> int:
        return queries.found([theme.client], EVER, timezone.now()).get(theme.pk, queries.Found()).comments

    def _splitting(self, request: HttpRequest, theme: Theme, parts, lines: Iterable[str] = ()) -> HttpResponse:
        told = {"parts": parts, "lines": lines, "comments": self._comments(theme)}
        return self._page(request, theme, "splitting", _("Split"), **told)

    def _page(self, request: HttpRequest, theme: Theme, template: str, title: str, **context) -> HttpResponse:
        return self.page(request, theme, template, title=title, **context)

    def _done(self, request: HttpRequest, theme: Theme, said: str, verb) -> None:
        """Do it and say so; or say why not."""
        try:
            verb()
        except BadTaxonomy as refused:
            self._tell(request, refused)
        else:
            self.log_change(request, theme, said)
            self.message_user(request, said, messages.SUCCESS)

    def _tell(self, request: HttpRequest, refused: BadTaxonomy) -> None:
        for line in refused.lines:
            self.message_user(request, line, messages.ERROR)

    # --- As a file -------------------------------------------------------------------------------------------------

    def get_urls(self) -> list:
        views = {"files": self.files, "starter": self.export_starter, "export/<int:client_id>": self.export}
        own = [
            path(f"{place}/", self.admin_site.admin_view(view), name=f"analytics_theme_{place.split('/')[0]}")
            for place, view in views.items()
        ]
        return [*own, *super().get_urls()]

    def files(self, request: HttpRequest) -> HttpResponse:
        """Export; import in two steps: what the file would do, and, confirmed, doing it."""
        clients = self._clients(request)
        form = FileForm(clients, request.POST or None, request.FILES or None)
        context = {"form": form, "clients": clients}
        if request.method == "POST" and form.is_valid():
            client, text = form.cleaned_data["client"], form.cleaned_data["text"]
            is_trial = "confirmed" not in request.POST
            try:
                lines = themes.load(client, text, request.user, is_trial)
            except BadTaxonomy as refused:
                context["faults"] = refused.lines
            else:
                if not is_trial:
                    self.message_user(request, _("The file is taken over."), messages.SUCCESS)
                    return redirect(f"{reverse('admin:analytics_theme_changelist')}?client__id__exact={client.pk}")
                context |= {"lines": lines, "client": client, "text": text, "is_trial": True}
        frame = {**self.admin_site.each_context(request), "opts": self.opts, "title": _("Import and export")}
        return TemplateResponse(request, "admin/analytics/theme/files.html", frame | context)

    def export(self, request: HttpRequest, client_id: int) -> HttpResponse:
        if (client := self._clients(request).filter(pk=client_id).first()) is None:
            raise Http404
        return _attached(themes.dump(client), client.slug)

    def export_starter(self, request: HttpRequest) -> HttpResponse:
        self._clients(request)
        return _attached(STARTER, "starter")

    def _clients(self, request: HttpRequest):
        """Whose themes this login keeps."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        reach = reach_of(request.user)
        return Client.objects.all() if reach.is_everything else Client.objects.filter(pk__in=reach.analyst_clients)


def grouped(listed: list[Theme], found: dict[int, queries.Found]) -> list[tuple[Client, str, list[Row]]]:
    """Per client and side the themes with their parts; the retired ones last. A part without its whole stands alone."""
    rows = {theme.pk: Row(theme, found.get(theme.pk, queries.Found())) for theme in listed}
    groups = defaultdict(list)
    for row in rows.values():
        if row.theme.parent_id in rows:
            rows[row.theme.parent_id].parts.append(row)
        else:
            groups[row.theme.client, "" if row.theme.is_retired else row.theme.side].append(row)
    order = {side: place for place, side in enumerate((*Theme.Side.values, ""))}
    labels = {**{side.value: _("Mended by: %s") % side.label for side in Theme.Side}, "": capfirst(_("retired"))}
    places = {client: place for place, client in enumerate(dict.fromkeys(theme.client for theme in listed))}
    ordered = sorted(groups.items(), key=lambda group: (places[group[0][0]], order[group[0][1]]))
    return [(client, labels[side], members) for (client, side), members in ordered]


def account(event: ThemeEvent, names: dict[str, str]) -> list[str]:
    """What was changed, merged or split, line by line."""
    told = event.details
    if event.verb == ThemeEvent.Verb.CHANGED:
        return [_field_account(name, before, after, names) for name, (before, after) in told.items()]
    lines = []
    if "into" in told:
        lines.append(_("into “%s”") % names.get(told["into"], told["into"]))
    if "parts" in told:
        lines.append(_("into %s") % ", ".join(names.get(key, key) for key in told["parts"]))
    if "was" in told:
        lines.append(_("had counted as “%s”") % names.get(told["was"], told["was"]))
    if "part_of" in told:
        lines.append(_("was part of “%s”") % names.get(told["part_of"], told["part_of"]))
    return lines


def _field_account(name: str, before: object, after: object, names: dict[str, str]) -> str:
    label = capfirst(str(Theme._meta.get_field(name).verbose_name))
    if name in ("parent", "merged_into"):
        before, after = names.get(before, before), names.get(after, after)
    if name == "side":
        before, after = (str(Theme.Side(value).label) for value in (before, after))
    if name == "is_retired":
        return f"{label}: {_('yes') if after else _('no')}"
    said = {"field": label, "before": before or "–", "after": after or "–"}
    return _("%(field)s: “%(before)s” became “%(after)s”") % said


def _attached(text: str, name: str) -> HttpResponse:
    return HttpResponse(
        text,
        content_type="application/yaml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="themes-{name}.yaml"'},
    )
