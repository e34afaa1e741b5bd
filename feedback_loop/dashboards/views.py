"""The dashboards as pages, for whoever may sign in to the admin. What lies outside their reach does not exist.

Nothing here changes anything: every page is a GET, and its address says all. Script only swaps what has changed.
"""

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language

from analytics.look import one_look
from analytics.small_groups import Shown
from surveys import tables

from . import answers, below, board, headlines, scope, taking
from .board import View
from .overview import overview_of, rates_of


@admin.site.admin_view
def overview(request: HttpRequest) -> HttpResponse:
    """All clients of the login; with only one, straight to it."""
    clients = scope.clients_of(request.user)
    if len(clients) == 1:
        return redirect("dashboard", clients[0].slug)
    if not clients:
        raise Http404("no client within reach")
    shown = overview_of(request.user, clients, request.GET.get("period", ""), timezone.now(), _language())
    return render(request, "feedback_loop/dashboard/overview.html", {"overview": shown, "method": headlines.method()})


@admin.site.admin_view
def rates(request: HttpRequest, slug: str) -> HttpResponse:
    """What the list of all clients fetches for a row that comes into view; and a page of its own."""
    found = scope.scope_of(request.user, slug)
    told = rates_of(found, request.GET.get("period", ""), timezone.now(), _language())
    return render(request, "feedback_loop/dashboard/rates.html", {"rates": told})


@admin.site.admin_view
def dashboard(request: HttpRequest, slug: str) -> HttpResponse:
    """One client's figures."""
    found = scope.scope_of(request.user, slug)
    if tidy := _without_blanks(request):
        return tidy
    with one_look():
        view = _view(request, found)
        shown = board.board_of(view, request.user)
    page = {"view": view, "board": shown, "form": board.form_of(view), "below": below.parts_of(view)}
    page |= {"method": headlines.method(), "files": taking.files_of(view, request.user, shown.is_hidden)}
    return render(request, "feedback_loop/dashboard/client.html", page)


@admin.site.admin_view
def answer_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The answers behind a figure, by the same address."""
    found = scope.scope_of(request.user, slug)
    if tidy := _without_blanks(request):
        return tidy
    view = _view(request, found)
    now = board.shown_series(view, view.address.kind, [view.address.period], broken=()).now
    listing = answers.listing(view.scope, board.answered(view), now, view.language)
    page = {"view": view, "form": board.form_of(view), "listing": listing, "narrowing": board.narrowing(view)}
    page["files"] = taking.files_of(view, request.user, now.shown is Shown.HIDDEN)
    return render(request, "feedback_loop/dashboard/answers.html", page)


@admin.site.admin_view
def part(request: HttpRequest, slug: str, part: str) -> HttpResponse:
    """A part of the dashboard, which fetches it once it comes into view; and a page of its own."""
    within = scope.scope_of(request.user, slug)
    if tidy := _without_blanks(request):
        return tidy
    with one_look():
        view = _view(request, within)
        found = below.page_of(view, part)
    page = {"view": view, "form": board.form_of(view), "part": part, "page": found}
    return render(request, "feedback_loop/dashboard/part.html", page)


@admin.site.admin_view
def figures(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    """The figures of the dashboard whose address this is, as a file."""
    found = scope.scope_of(request.user, slug)
    if form not in tables.FORMATS:
        raise Http404("no such format")
    with one_look():
        view = _view(request, found)
        told = list(taking.rows(view))
    name = f"{found.client.slug}-figures-{view.address.kind}-{view.address.period.text}"
    return tables.download(name, form, taking.HEAD, told)


def _view(request: HttpRequest, found: scope.Scope) -> View:
    return board.view_of(found, request.GET.dict(), timezone.now(), _language())


def _language() -> str:
    return (get_language() or "en")[:2]


def _without_blanks(request: HttpRequest) -> HttpResponseRedirect | None:
    """A form sends every field; what says nothing need not stand in an address that people pass on."""
    if all(request.GET.values()):
        return None
    kept = request.GET.copy()
    for name in [name for name, value in request.GET.items() if not value]:
        del kept[name]
    return HttpResponseRedirect(f"{request.path}?{kept.urlencode(safe=':')}" if kept else request.path)
