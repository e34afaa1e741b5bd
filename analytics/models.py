"""Themes, and what was read out of each answer: by rules, by a model, or by a person, who beats both for good."""

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from surveys.models import Answer, Client, Login


class Theme(models.Model):
    """A topic of one client's customers; the starter taxonomy to begin with. `key` is stable, names are for readers."""

    class Side(models.TextChoices):
        SERVICE = "service", _("the contact centre")
        CLIENT = "client", _("the client company")
        BOTH = "both", _("both")

    client = models.ForeignKey(Client, models.CASCADE, related_name="themes", verbose_name=_("client"))
    key = models.SlugField(_("key"))
    name_en = models.CharField(_("English name"), max_length=80)
    name_de = models.CharField(_("German name"), max_length=80)
    side = models.CharField(_("who can mend it"), max_length=8, choices=Side.choices)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_retired = models.BooleanField(_("retired"), default=False)

    class Meta:
        verbose_name = _("theme")
        verbose_name_plural = _("themes")
        ordering = ["position", "key"]
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="theme_once_per_client")]

    def __str__(self) -> str:
        return self.name(get_language() or "en")

    def name(self, language: str) -> str:
        return self.name_de if language.startswith("de") else self.name_en


class Reading(models.Model):
    """The judgement on one answer as a whole: its language, its signals, and whether themes were found.

    `text_hash` ties a machine's judgement to the text it read; a person's (`source` person) is never overwritten.
    """

    class Outcome(models.TextChoices):
        THEMES = "themes", _("themes found")
        UNCLASSIFIED = "unclassified", _("unclassified")
        EMPTY = "empty", _("no content")

    class Source(models.TextChoices):
        RULES = "rules", _("rule-based")
        MODEL = "model", _("model")
        PERSON = "person", _("by hand")

    answer = models.OneToOneField(Answer, models.CASCADE, related_name="reading", verbose_name=_("answer"))
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices)
    language = models.CharField(_("language"), max_length=2)
    signals = models.JSONField(_("signals"), default=list)
    source = models.CharField(_("source"), max_length=8, choices=Source.choices)
    version = models.CharField(_("version"), max_length=40)
    text_hash = models.CharField(max_length=64)
    read_by = models.ForeignKey(Login, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))
    read_at = models.DateTimeField(_("read"))

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")

    def __str__(self) -> str:
        return f"{self.answer}: {self.get_outcome_display()}"


class ThemeAssignment(models.Model):
    """A topic in one answer, with its sentiment there and the words that decided (`start` to `end`, in characters)."""

    class Sentiment(models.IntegerChoices):
        NEGATIVE = -1, _("negative")
        NEUTRAL = 0, _("neutral")
        POSITIVE = 1, _("positive")

    answer = models.ForeignKey(Answer, models.CASCADE, related_name="assignments", verbose_name=_("answer"))
    theme = models.ForeignKey(Theme, models.PROTECT, related_name="assignments", verbose_name=_("theme"))
    sentiment = models.SmallIntegerField(_("sentiment"), choices=Sentiment.choices)
    source = models.CharField(_("source"), max_length=8, choices=Reading.Source.choices)
    version = models.CharField(_("version"), max_length=40)
    confidence = models.FloatField(_("confidence"), null=True, blank=True, help_text=_("0 to 1; empty for a person."))
    start = models.PositiveIntegerField(null=True, blank=True)
    end = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("theme assignment")
        verbose_name_plural = _("theme assignments")
        ordering = ["theme__position"]
        constraints = [
            models.UniqueConstraint(fields=["answer", "theme"], name="theme_once_per_answer"),
            models.CheckConstraint(condition=Q(sentiment__in=[-1, 0, 1]), name="assignment_sentiment_known"),
        ]

    def __str__(self) -> str:
        return f"{self.theme}: {self.get_sentiment_display()}"
