"""How a client's pages look: its colour, typeface and logo, within limits that keep everything readable."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .people import Client

COLOUR_OR_NONE = r"^(#[0-9a-f]{6})?\Z"


class Appearance(models.Model):
    """Of one client; without it, the house's own. Colours are “#rrggbb”, checked for contrast before they are saved."""

    class Typeface(models.TextChoices):
        """Typefaces that every device has: a page loads none."""

        HOUSE = "house", _("plain (sans serif)")
        SERIF = "serif", _("classic (serif)")
        ROUNDED = "rounded", _("soft (rounded)")
        HUMANIST = "humanist", _("friendly (humanist)")

    client = models.OneToOneField(Client, models.CASCADE, related_name="appearance", verbose_name=_("client"))
    accent = models.CharField(_("colour"), max_length=7, blank=True, help_text=_("As in #155e5c. Empty: our own."))
    accent_dark = models.CharField(
        _("colour on dark ground"), max_length=7, blank=True, help_text=_("Empty: made from the colour above.")
    )
    typeface = models.CharField(_("typeface"), max_length=8, choices=Typeface.choices, default=Typeface.HOUSE)
    logo = models.BinaryField(null=True, blank=True)  # WebP, as `appearance.logos.logo_of` made it
    logo_hash = models.CharField(max_length=12, blank=True, editable=False)
    logo_width = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    logo_height = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    logo_plate = models.CharField(max_length=5, blank=True, editable=False)  # as logos.Plate names it
    review_url = models.URLField(
        _("link to public reviews"),
        blank=True,
        help_text=_("On the thank-you page, for all who answer, whatever their score; empty: for nobody."),
    )
    embed_origins = models.TextField(
        _("pages that may embed a form"),
        blank=True,
        help_text=_("One origin a line, as in https://help.example.org. Nobody else can frame your forms."),
    )

    class Meta:
        verbose_name = _("appearance")
        verbose_name_plural = _("appearances")
        constraints = [
            models.CheckConstraint(
                condition=Q(accent__regex=COLOUR_OR_NONE, accent_dark__regex=COLOUR_OR_NONE),
                name="appearance_colours_are_hex",
            ),
            models.CheckConstraint(
                condition=Q(typeface__in=["house", "serif", "rounded", "humanist"]), name="appearance_typeface_known"
            ),
        ]

    def __str__(self) -> str:
        return str(self.client)

    @property
    def origins(self) -> list[str]:
        """Those that may frame this client's forms, as they stand in `frame-ancestors`."""
        return self.embed_origins.split()
