"""The admin of open links: what hangs on a counter or stands on a help page or at a kiosk, and how to put it there."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..admin_scope import BY_CLIENT, ByAnalysts, headed, own_page
from ..delivery import handout, links
from ..models import Appearance, Door, OpenLink
from ..pages import doors

# What a form in a frame needs and no more: to post, its script, its own draft, and to open the privacy notice outside.
SANDBOX = "allow-forms allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox"
FRAME_HEIGHT = 720  # pixels; a score and a text on a phone


@admin.register(OpenLink)
class OpenLinkAdmin(ByAnalysts):
    """Whoever comes by may answer; nobody knows who it was, so its answers are counted apart."""

    list_display = ("name", "door", "survey", "client", "team", "answers", "is_active")
    list_filter = (BY_CLIENT, ("door", headed(gettext_lazy("kind of link"))), "is_active")
    list_select_related = ("client", "survey", "team")
    search_fields = ("name",)
    fields = ("client", "name", "door", "survey", "team", "is_active")
    change_form_template = "admin/surveys/openlink/change_form.html"
    empty_state = gettext_lazy(
        "There is no open link yet. Add one for a counter, an invoice, a help page or a kiosk: its answers are "
        "unverified and counted apart."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(answered=Count("responses"))

    def get_readonly_fields(self, request: HttpRequest, obj: OpenLink | None = None) -> tuple:
        """Its address stands on paper by now, and its answers are to these questions."""
        fields = super().get_readonly_fields(request, obj)
        return (*fields, "door", "survey") if obj and obj.answered else fields

    @admin.display(description=gettext_lazy("answers"), ordering="answered")
    def answers(self, link: OpenLink) -> str:
        said = ngettext("%(count)s answer, unverified", "%(count)s answers, unverified", link.answered)
        return said % {"count": number_format(link.answered, force_grouping=True)}

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        if link := self.get_object(request, object_id):
            extra_context = {**_how_to(link), "answers": self.answers(link), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, extra_context)

    @own_page
    def qr_svg(self, request: HttpRequest, link: OpenLink) -> HttpResponse:
        return _picture(handout.qr_svg(_address(link)), "image/svg+xml", f"qr-{link.pk}.svg")

    @own_page
    def qr_png(self, request: HttpRequest, link: OpenLink) -> HttpResponse:
        return _picture(handout.qr_png(_address(link)), "image/png", f"qr-{link.pk}.png")


def _address(link: OpenLink) -> str:
    return links.absolute(doors.path_of(link))


def _how_to(link: OpenLink) -> dict:
    """What the page tells of putting it up."""
    told = {"address": _address(link), "is_published": link.survey.current is not None}
    if link.door == Door.EMBED:
        appearance = Appearance.objects.filter(client=link.client).first()
        page = reverse("admin:surveys_appearance_changelist") + f"?client__id__exact={link.client_id}"
        told |= {"snippet": _snippet(link), "origins": appearance.origins if appearance else [], "origins_page": page}
    return told


def _snippet(link: OpenLink) -> str:
    """To copy into a page. Its title is read out to those who cannot see the frame."""
    return format_html(
        '<iframe src="{}" title="{}" loading="lazy" width="100%" height="{}" style="border:0" sandbox="{}"></iframe>',
        _address(link),
        _("Your opinion"),
        FRAME_HEIGHT,
        SANDBOX,
    )


def _picture(content: bytes, content_type: str, name: str) -> HttpResponse:
    """A picture and nothing else, should it ever be opened by itself."""
    headers = {
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "Content-Disposition": f'inline; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(content, content_type=content_type, headers=headers)
