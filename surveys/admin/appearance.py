"""The admin of appearances: a client's colours, typeface and logo, with the customer's page beside the form."""

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from csp.constants import SELF
from csp.decorators import csp_replace
from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin

from .. import appearance, wording
from ..admin_scope import BY_CLIENT, ByAnalysts, OneClientForm
from ..appearance import colours, logos
from ..appearance.stylesheets import Wish
from ..appearance.tokens import Scheme
from ..models import Appearance, Client, Question, reach_of
from ..pages import frame

MOST_ORIGINS = 20
_FIELDS = {Scheme.LIGHT: "accent", Scheme.DARK: "accent_dark"}


@dataclass(frozen=True)
class Figure:
    """How well a colour can be read in one scheme; where it cannot, the shade to take instead, and its field."""

    sentence: str
    field: str = ""
    offer: str = ""


def figures(accent: str, accent_dark: str) -> list[Figure]:
    """What there is to say about these colours, “#rrggbb” or empty. Without any, nothing."""
    found = [_figure(accent, Scheme.LIGHT)] if accent else []
    if accent_dark:
        return [*found, _figure(accent_dark, Scheme.DARK)]
    return [*found, _figure(colours.for_dark(accent), Scheme.DARK)] if accent else found


def ratio_in_words(ratio: float) -> str:
    """“5.2:1, easy to read”. Cut off rather than rounded: 4.49 is not yet 4.5."""
    said = number_format(int(ratio * 10) / 10, decimal_pos=1)
    if ratio < colours.READABLE:
        return _("%(ratio)s:1, hard to read") % {"ratio": said}
    if ratio < colours.EASILY_READABLE:
        return _("%(ratio)s:1, easy to read") % {"ratio": said}
    return _("%(ratio)s:1, very easy to read") % {"ratio": said}


class AppearanceForm(OneClientForm):
    """Refuses what could not be read, and offers the nearest shade that can; draws the logo anew."""

    logo_file = forms.FileField(
        label=gettext_lazy("Logo"),
        required=False,
        help_text=gettext_lazy("PNG, JPEG or WebP, up to 2 MB. We draw it anew, at most 192 by 48 pixels on the page."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )
    logo_removed = forms.BooleanField(label=gettext_lazy("Remove the logo"), required=False)

    class Meta:
        model = Appearance
        fields = ("client", "accent", "accent_dark", "typeface", "review_url", "embed_origins")
        widgets = {
            "accent": forms.TextInput(attrs={"data-colour": "", "size": 9, "spellcheck": "false"}),
            "accent_dark": forms.TextInput(attrs={"data-colour": "", "size": 9, "spellcheck": "false"}),
            "embed_origins": forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        }
        error_messages = {"review_url": {"invalid": gettext_lazy("Please give an address that begins with https://.")}}

    def clean_accent(self) -> str:
        return self._colour("accent", Scheme.LIGHT)

    def clean_accent_dark(self) -> str:
        return self._colour("accent_dark", Scheme.DARK)

    def clean_review_url(self) -> str:
        url = self.cleaned_data["review_url"]
        if url and urlsplit(url).scheme != "https":
            raise ValidationError(_("Please give an address that begins with https://."))
        return url

    def clean_embed_origins(self) -> str:
        """One origin a line, as browsers write it."""
        origins = list(dict.fromkeys(_origin(line) for line in self.cleaned_data["embed_origins"].split()))
        if len(origins) > MOST_ORIGINS:
            raise ValidationError(_("Please give 20 origins at most."))
        return "\n".join(origins)

    def clean_logo_file(self) -> logos.Drawn | None:
        upload = self.cleaned_data["logo_file"]
        try:
            # Of a file that is too large, no more is read than tells so.
            return logos.logo_of(upload.read(logos.LARGEST_FILE + 1)) if upload else None
        except logos.BadLogo as error:
            raise ValidationError(str(error)) from error

    def save(self, commit: bool = True) -> Appearance:
        drawn, row = self.cleaned_data["logo_file"], self.instance
        if drawn:
            row.logo, row.logo_hash, row.logo_plate = drawn.content, drawn.hash, drawn.plate
            row.logo_width, row.logo_height = drawn.width, drawn.height
        elif self.cleaned_data.get("logo_removed"):
            row.logo, row.logo_hash, row.logo_plate, row.logo_width, row.logo_height = None, "", "", None, None
        return super().save(commit)

    def _colour(self, name: str, scheme: Scheme) -> str:
        if not (text := self.cleaned_data[name]):
            return ""
        try:
            colour = colours.tidy(text)
        except ValueError:
            raise ValidationError(_("Please write a colour as in #155e5c.")) from None
        if not colours.is_readable(colour, scheme):
            raise ValidationError(_figure(colour, scheme).sentence)
        return colour


@admin.register(Appearance)
class AppearanceAdmin(ByAnalysts):
    """One for each client that wants its own."""

    form = AppearanceForm
    list_display = ("client", "accent", "typeface", "has_logo")
    list_filter = (BY_CLIENT,)
    list_select_related = ("client",)
    search_fields = ("client__name",)
    empty_state = gettext_lazy("No client has an appearance of its own yet. Until then, pages look like the house.")
    fieldsets = (
        (None, {"fields": ("client",)}),
        (gettext_lazy("Colour and typeface"), {"fields": ("accent", "accent_dark", "typeface")}),
        (gettext_lazy("Logo"), {"fields": ("logo_file", "logo_removed")}),
        (gettext_lazy("After the answer"), {"fields": ("review_url",)}),
        (gettext_lazy("On the client's own pages"), {"fields": ("embed_origins",)}),
    )

    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    class Media:
        js = (forms.Script("nachklang/appearance.js", defer=True),)

    def get_fieldsets(self, request: HttpRequest, obj: Appearance | None = None) -> list:
        """A logo can be removed where there is one."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj and obj.logo_hash:
            return fieldsets
        kept = lambda fields: [name for name in fields if name != "logo_removed"]  # noqa: E731
        return [(title, {**options, "fields": kept(options["fields"])}) for title, options in fieldsets]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("logo")

    @admin.display(description=gettext_lazy("logo"), boolean=True)
    def has_logo(self, row: Appearance) -> bool:
        return bool(row.logo_hash)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict:
        initial = super().get_changeform_initial_data(request)
        return {"client": initial["client"]} if "client" in initial else {}

    def get_urls(self) -> list:
        own = [
            path("figures/", self.admin_site.admin_view(self.figures), name="surveys_appearance_figures"),
            path("sample/", self.admin_site.admin_view(self.sample), name="surveys_appearance_sample"),
        ]
        return [*own, *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: dict, *args, obj=None, **kwargs) -> HttpResponse:
        """The form as it stands, refused or not, with its figures and the page that it makes."""
        form = context["adminform"].form
        values = {name: form[name].value() or "" for name in ("accent", "accent_dark", "typeface")}
        client = obj.client_id if obj else form["client"].value()
        context |= _about(values["accent"], values["accent_dark"])
        context["samples"] = {
            scheme: f"{reverse('admin:surveys_appearance_sample')}?"
            + urlencode({**values, "client": client or "", "only": scheme})
            for scheme in Scheme
        }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def figures(self, request: HttpRequest) -> HttpResponse:
        """The figures of colours that are not saved yet, for the form's script."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        about = _about(*(request.GET.get(name, "") for name in _FIELDS.values()))
        return render(request, "admin/surveys/appearance/figures.html", about)

    @method_decorator(csp_replace({"frame-ancestors": [SELF]}))
    @method_decorator(xframe_options_sameorigin)
    def sample(self, request: HttpRequest) -> HttpResponse:
        """The customer's page as these values would make it; nothing on it works. Only our own form may frame it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        number = request.GET.get("client", "")
        reached = Client.objects.filter(reach_of(request.user).analyst_rows("pk"))
        client = reached.select_related("appearance").filter(pk=number if number.isdecimal() else 0).first()
        if number and client is None:
            raise Http404
        client = client or Client(name=_("Your client"), slug="-", language=translation.get_language()[:2])
        with translation.override(frame.locale_of(client.language, client.form_of_address)):
            context = {"look": _unsaved(client, request), "score": _score_texts(client)}
            return frame.page("sample", client, [], context)


def _about(accent: str, accent_dark: str) -> dict:
    """For the template: the figures, and the colour that a page shows for each field, filled in or not."""
    wish = Wish(_colour_or_none(accent), _colour_or_none(accent_dark))
    shown = {name: wish.palette(scheme).accent for scheme, name in _FIELDS.items()}
    return {"figures": figures(wish.accent, wish.accent_dark), "shown": shown}


def _unsaved(client: Client, request: HttpRequest) -> appearance.Look:
    """The look that the form describes; what cannot be one yet is left out."""
    asked = request.GET
    typeface, only = asked.get("typeface"), asked.get("only")
    saved = getattr(client, "appearance", None) or Appearance(client=client)
    saved.accent, saved.accent_dark = (_colour_or_none(asked.get(name, "")) for name in _FIELDS.values())
    saved.typeface = typeface if typeface in Appearance.Typeface.values else Appearance.Typeface.HOUSE
    return appearance.look_of(client, saved, only=Scheme(only) if only in set(Scheme) else None)


def _score_texts(client: Client) -> dict:
    question = Question(kind=Question.Kind.CSAT, wording=wording.STANDARDS["csat"])
    return wording.texts(question, client.language, client.form_of_address, client)


def _figure(colour: str, scheme: Scheme) -> Figure:
    said = {"colour": colour, "contrast": ratio_in_words(colours.ratio(colour, scheme))}
    ground = {
        Scheme.LIGHT: _("On light ground, %(colour)s has a contrast of %(contrast)s."),
        Scheme.DARK: _("On dark ground, %(colour)s has a contrast of %(contrast)s."),
    }
    sentence = ground[scheme] % said
    if colours.is_readable(colour, scheme):
        return Figure(sentence)
    offer = colours.nearest(colour, scheme)
    wanted = number_format(colours.READABLE, decimal_pos=1)
    needed = _("It takes %(least)s:1; the nearest shade that has it is %(shade)s.") % {"least": wanted, "shade": offer}
    return Figure(f"{sentence} {needed}", _FIELDS[scheme], offer)


def _colour_or_none(text: str) -> str:
    try:
        return colours.tidy(text)
    except ValueError:
        return ""


def _origin(line: str) -> str:
    """“https://help.example.org”, with a port where there is one. ValidationError for anything else."""
    try:
        parts = urlsplit(line.lower().rstrip("/"))
        plain = f"https://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
        URLValidator(schemes=["https"])(plain)
        if plain == parts.geturl() and plain.isascii():
            return plain
    except (ValidationError, ValueError):  # no host, no such port, a bracket left open
        pass
    said = _("“%(line)s” is no origin. Write it as in https://help.example.org, without a path.")
    raise ValidationError(said, params={"line": line})
