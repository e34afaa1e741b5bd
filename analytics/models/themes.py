"""The topics of one client's customers, and everything that was ever done to them."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from surveys.models import Client, Login


class Theme(models.Model):
    """A topic of one client's customers; the starter taxonomy to begin with. `key` is stable, names are for readers.

    Two levels: a theme may stand below another that stands below none (`themes` sees to it). A retired theme is no
    longer found, but what it named keeps its name; a merged one says what it became.
    """

    class Side(models.TextChoices):
        SERVICE = "service", _("the contact centre")
        CLIENT = "client", _("the client company")
        BOTH = "both", _("both")

    client = models.ForeignKey(Client, models.CASCADE, related_name="themes", verbose_name=_("client"))
    key = models.SlugField(_("key"))
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )
    name_en = models.CharField(_("English name"), max_length=80)
    name_de = models.CharField(_("German name"), max_length=80)
    side = models.CharField(_("who can mend it"), max_length=8, choices=Side.choices)
    definition_en = models.TextField(_("English definition"), blank=True)
    definition_de = models.TextField(_("German definition"), blank=True)
    included_en = models.TextField(_("what belongs here, in English"), blank=True)
    included_de = models.TextField(_("what belongs here, in German"), blank=True)
    excluded_en = models.TextField(_("what belongs elsewhere, in English"), blank=True)
    excluded_de = models.TextField(_("what belongs elsewhere, in German"), blank=True)
    words_en = models.TextField(_("English words that name it"), blank=True)
    words_de = models.TextField(_("German words that name it"), blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_retired = models.BooleanField(_("retired"), default=False)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", verbose_name=_("merged into")
    )

    class Meta:
        verbose_name = _("theme")
        verbose_name_plural = _("themes")
        ordering = ["position", "key"]
        constraints = [
            models.UniqueConstraint(fields=["client", "key"], name="theme_once_per_client"),
            models.CheckConstraint(condition=Q(parent=None) | ~Q(parent=F("id")), name="theme_not_below_itself"),
            models.CheckConstraint(condition=Q(merged_into=None) | Q(is_retired=True), name="theme_merged_is_retired"),
        ]

    def __str__(self) -> str:
        return self.name(get_language() or "en")

    def name(self, language: str) -> str:
        return self.name_de if language.startswith("de") else self.name_en

    def full_name(self, language: str) -> str:
        """With what it is part of: “Invoice & payment: debited twice”."""
        return f"{self.parent.name(language)}: {self.name(language)}" if self.parent else self.name(language)


class ThemeEvent(models.Model):
    """One thing done to a client's taxonomy: who, when, what; never changed afterwards."""

    class Verb(models.TextChoices):
        ADDED = "added", _("added")
        CHANGED = "changed", _("changed")
        MERGED = "merged", _("merged")
        SPLIT = "split", _("split")
        RETIRED = "retired", _("retired")
        RESTORED = "restored", _("taken up again")

    client = models.ForeignKey(Client, models.CASCADE, related_name="theme_events", verbose_name=_("client"))
    theme = models.ForeignKey(Theme, models.CASCADE, related_name="events", verbose_name=_("theme"))
    verb = models.CharField(_("what"), max_length=8, choices=Verb.choices)
    details = models.JSONField(_("details"), default=dict)  # {field: [before, after]}, {"into": key}, {"parts": [key]}
    by = models.ForeignKey(Login, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("change of the themes")
        verbose_name_plural = _("changes of the themes")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.theme}: {self.get_verb_display()}"
