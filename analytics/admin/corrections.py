"""Where people correct what machines read: one comment at a time, a second reading, and the list of all judgements."""

from dataclasses import replace

from django.contrib import admin, messages
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from surveys.admin_scope import ReadOnly, headed, names_agents
from surveys.models import Answer, Client, Reach, reach_of
from surveys.models.people import LANGUAGES
from surveys.templatetags import moments

from .. import agreement, corrections, desks
from ..corrections import Shown
from ..desks import Desk
from ..forms import CorrectionForm
from ..models import Correction, Reading, Theme
from ..templatetags import judgements, voice

ASIDE = 200  # comments that one sign-in lays aside at most; the first ones come back then
LATE = {
    corrections.Taken: gettext_lazy("Somebody else judged this comment meanwhile. Theirs stands; yours was not saved."),
    corrections.Different: gettext_lazy(
        "This comment changed while you were reading. Nothing was saved; this is how it stands now."
    ),
}


@admin.register(Correction)
class CorrectionAdmin(ReadOnly):
    """Every judgement of a person: who, when, what. None is ever changed; a new one is made at the desk."""

    client_path = "answer__response__client"
    list_filter = (
        ("answer__response__client", RelatedOnlyFieldListFilter),
        ("drawn", headed(gettext_lazy("why it was looked at"))),
    )
    list_select_related = ("by", "answer__response__client", "answer__reading")
    search_fields = ("answer__text",)
    empty_state = gettext_lazy("Nobody has judged a comment yet. Each one that is corrected or confirmed appears here.")
    change_list_template = "admin/analytics/correction/change_list.html"

    def rows(self, reach: Reach) -> Q:
        return desks.within(reach, "answer__")

    def may_look(self, reach: Reach) -> bool:
        return reach.is_analyst or bool(reach.teams)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        themes = Prefetch("answer__response__client__themes", Theme.objects.order_by("position", "key"))
        return super().get_queryset(request).prefetch_related(themes)

    def get_list_display(self, request: HttpRequest) -> tuple:
        return ("comment", "said", *self._who(request), "drawn", "when")

    def get_fields(self, request: HttpRequest, obj: Correction | None = None) -> tuple:
        return ("comment", "stood", "said", *self._who(request), "drawn", "when")

    def get_readonly_fields(self, request: HttpRequest, obj: Correction | None = None) -> tuple:
        return self.get_fields(request, obj)

    @admin.display(description=gettext_lazy("Comment"))
    def comment(self, correction: Correction) -> SafeString:
        return voice.quoted(voice.words(correction.answer.text), correction.answer.response.language)

    @admin.display(description=gettext_lazy("before"))
    def stood(self, correction: Correction) -> SafeString:
        return self._chips(correction, correction.before)

    @admin.display(description=gettext_lazy("after"))
    def said(self, correction: Correction) -> SafeString:
        return self._chips(correction, correction.after)

    @admin.display(description=gettext_lazy("by"), ordering="by__last_name")
    def who(self, correction: Correction) -> str:
        return judgements.name_of(correction.by)

    @admin.display(description=gettext_lazy("when"), ordering="at")
    def when(self, correction: Correction) -> str:
        return moments.moment(correction.at, correction.answer.response.client.zone)

    def _who(self, request: HttpRequest) -> tuple:
        return ("who",) if names_agents(request.user) else ()

    def _chips(self, correction: Correction, judgement: dict) -> SafeString | str:
        themes = {theme.key: theme for theme in correction.answer.response.client.themes.all()}
        pairs = corrections.named(judgement.get("themes", {}), themes)
        chips = format_html_join("", "<li>{}</li>", ((judgements.kept(pair),) for pair in pairs))
        return format_html('<ul class="chips">{}</ul>', chips) if chips else _("no theme")

    # --- The desk ----------------------------------------------------------------------------------------------------

    def get_urls(self) -> list:
        pages = [(name, self.admin_site.admin_view(getattr(self, name))) for name in ("queue", "second")]
        own = [path(f"{name}/", view, name=f"analytics_correction_{name}") for name, view in pages]
        return [*own, *super().get_urls()]

    def queue(self, request: HttpRequest) -> HttpResponse:
        """One comment as a machine read it, to be confirmed or corrected. What is shown is in this person's hands."""
        return self._at_desk(request, "queue")

    def second(self, request: HttpRequest) -> HttpResponse:
        """One comment that somebody else has judged, without their judgement; and how far people agree."""
        return self._at_desk(request, "second")

    def _at_desk(self, request: HttpRequest, page: str) -> HttpResponse:
        if request.method not in ("GET", "POST"):
            return HttpResponseNotAllowed(["GET", "POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        clients = list(desks.clients_of(request.user))
        client = _chosen(clients, request.GET.get("client", ""))
        waiting = desks.waiting(client, request.user)
        desk = _desk(request, client, waiting)
        if request.method == "POST":
            return self._pressed(request, desk, page)
        return self._show(request, desk, page, clients=clients, waiting=waiting)

    def _show(self, request: HttpRequest, desk: Desk, page: str, clients: list[Client], waiting: dict) -> HttpResponse:
        is_second = page == "second"
        today = desks.second_today(desk) if is_second else desks.judged_today(desk)
        chosen = None if is_second else request.GET.get("answer")
        answer, lease = None, None
        if chosen:
            answer = _answer(desk, chosen)
            lease = desks.pick(answer, desk)
        elif lease := desks.hand_out_second(desk) if is_second else desks.hand_out(desk, today):
            answer = _answer(desk, lease.answer_id)
        context = {
            "title": _("Read a second time") if is_second else _("Correct comments"),
            "desk": desk,
            "is_second": is_second,
            "clients": [(client, _address(page, client)) for client in clients] if len(clients) > 1 else [],
            "languages": _languages(desk, waiting, page),
            "places": {name: _address(name, desk.client, desk.language) for name in ("queue", "second")},
            "today": today,
            "wait": waiting.get(desk.language, 0),
            "is_all": sum(waiting.values()) < desks.COUNTED,
            "wait_second": desks.awaiting_second(desk).count(),
        }
        if is_second:
            context["agreement"] = told = agreement.of(desk.client, desk.language)
            own = Theme.objects.filter(client=desk.client, key__in=told.themes)
            context["kappas"] = [(theme, told.themes[theme.key]) for theme in own]
            context["disagreements"] = agreement.disagreements(desk.client, desk.language, request.user)
        if answer:
            context |= _before_eyes(answer, is_blind=is_second) | {"lease": lease}
        return self.page(request, None, "desk", **context)

    def _pressed(self, request: HttpRequest, desk: Desk, page: str) -> HttpResponse:
        """Do what the button says, then on to the next comment; or back to this one, if it must be looked at again."""
        here = _address(page, desk.client, desk.language)
        if "undo" in request.POST:
            return redirect(self._take_back(request, desk, page) or here)
        answer = _answer(desk, request.POST.get("answer", ""))
        if "skip" in request.POST:
            desks.lay_aside(answer, request.user)
            _lay_aside(request, desk, answer)
            return redirect(here)
        try:
            self._save(request, desk, answer, page)
        except corrections.AlreadySaved:
            pass  # the button was pressed twice
        except (corrections.Taken, corrections.Different) as late:
            self.message_user(request, LATE[type(late)], messages.WARNING)
            if isinstance(late, corrections.Different) and page == "queue":
                return redirect(_address(page, desk.client, desk.language, answer))
        return redirect(here)

    def _take_back(self, request: HttpRequest, desk: Desk, page: str) -> str:
        """Where to go on: to the comment whose judgement is taken back, "" for the next one."""
        answer = corrections.undo_second(desk) if page == "second" else corrections.undo(desk)
        said = _("Your last judgement is taken back.") if answer else _("Today there is nothing to take back.")
        self.message_user(request, said, messages.SUCCESS if answer else messages.WARNING)
        if answer is None or page == "second" or not Reading.objects.filter(answer=answer).exists():
            return ""  # a second reading lies in this person's hands, and comes back as the next
        return _address(page, desk.client, desk.language, answer)

    def _save(self, request: HttpRequest, desk: Desk, answer: Answer, page: str) -> None:
        form = CorrectionForm(answer, get_language() or "en", request.POST, is_blind=page == "second")
        if not form.is_valid():
            raise BadRequest("a judgement that the form does not offer")
        shown = _shown(answer, request.POST)
        if page == "second":
            corrections.judge_second(desk, shown, form.sentiments)
        elif "accept" in request.POST:
            corrections.judge(desk, shown, form.stood, is_accepted=True)
        else:
            corrections.judge(desk, shown, form.sentiments, form.dropped)


# --- From the address, and into it -----------------------------------------------------------------------------------


def _chosen(clients: list[Client], slug: str) -> Client:
    """The client that the address names, else the first. What lies outside does not exist."""
    found = [client for client in clients if slug in ("", client.slug)]
    if not found:
        raise Http404
    return found[0]


def _desk(request: HttpRequest, client: Client, waiting: dict[str, int]) -> Desk:
    """In the language that the address names, else the one in which most comments wait."""
    language = request.GET.get("language") or next(iter(waiting), client.language)
    if language not in dict(LANGUAGES):
        raise Http404
    desk = Desk(client, language, request.user, timezone.now())
    laid = request.session.get("aside", {})
    return replace(desk, aside=laid["answers"]) if laid.get("day") == f"{desk.today:%Y-%m-%d}" else desk


def _lay_aside(request: HttpRequest, desk: Desk, answer: Answer) -> None:
    """Not to be seen again by this person today."""
    request.session["aside"] = {"day": f"{desk.today:%Y-%m-%d}", "answers": [*desk.aside, answer.pk][-ASIDE:]}


def _address(page: str, client: Client, language: str = "", answer: Answer | None = None) -> str:
    query = QueryDict(mutable=True)
    query["client"] = client.slug
    if language:
        query["language"] = language
    if answer:
        query["answer"] = str(answer.pk)
    return f"{reverse(f'admin:analytics_correction_{page}')}?{query.urlencode()}"


def _languages(desk: Desk, waiting: dict[str, int], page: str) -> list[tuple[str, str, str]]:
    """(code, name, address) of each language in which comments were read; none where there is but this one."""
    names = dict(LANGUAGES)
    codes = dict.fromkeys([*waiting, desk.language])
    offered = [(code, names.get(code, code), _address(page, desk.client, code)) for code in codes]
    return offered if len(offered) > 1 else []


# --- The comment -----------------------------------------------------------------------------------------------------


def _answer(desk: Desk, pk: str | int) -> Answer:
    """A comment within reach, with all that the page shows of it; else it does not exist."""
    if not str(pk).isdecimal() or len(str(pk)) > 18:
        raise Http404
    within = desks.within(reach_of(desk.login))
    read = Answer.objects.filter(within, response__client=desk.client, reading__isnull=False)
    related = ("response__client", "question", "reading__read_by")
    return get_object_or_404(read.select_related(*related).prefetch_related("assignments__theme__merged_into"), pk=pk)


def _before_eyes(answer: Answer, is_blind: bool) -> dict:
    """What the page shows of a comment. Words that changed since they were read are judged from nothing, too."""
    is_current = voice.is_current(answer)
    form = CorrectionForm(answer, get_language() or "en", is_blind=is_blind or not is_current)
    told = {} if is_blind else corrections.history(answer.response.client, [answer])
    return {
        "answer": answer,
        "response": answer.response,
        "form": form,
        "shown": corrections.as_shown(answer),
        "is_current": is_current,
        "found": [] if is_blind or not is_current else voice.themes(answer),
        "usual": {"detractor": -1, "passive": 0, "promoter": 1}[answer.response.group],
        "history": told.get(answer.pk, []),
    }


def _shown(answer: Answer, sent: QueryDict) -> Shown:
    judged = sent.get("judged", "")
    return Shown(answer.pk, sent.get("text_hash", ""), int(judged) if judged.isdecimal() else 0, sent.get("stood", ""))
