"""What was read out of each answer: by rules, by a model, or by a person, who beats both for good."""

from django.db import models
from django.db.models import CharField, Func, Q
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from surveys.models import Answer, Login

from .themes import Theme


def lot(purpose: str) -> Func:
    """The lot that a comment draws for a purpose, 32 hexadecimal digits: by its number alone, whatever it says.

    The purpose stands in the statement itself: SQLite finds no index by an expression with a parameter in it.
    """
    template = f"MD5('{purpose} ' || %(expressions)s)"
    return Func(Cast("answer", CharField()), template=template, output_field=CharField())


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
    margin = models.FloatField(_("margin"), null=True, blank=True)  # 0 to 1: how far the nearest theme was from its bar
    unseen = models.FloatField(_("unseen words"), null=True, blank=True)  # 0 to 1: share of words no model was taught
    read_by = models.ForeignKey(Login, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))
    read_at = models.DateTimeField(_("read"))

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        indexes = [
            # The queues of `desks`: a look at the head of one takes as long among millions as among a hundred.
            models.Index(fields=["source", "margin"], name="reading_by_margin"),
            models.Index("language", lot("first"), name="reading_by_lot", condition=~Q(source="person")),
            models.Index(
                fields=["language", "-outcome", "-answer"],
                name="reading_unmeasured",
                condition=Q(margin=None) & ~Q(source="person"),
            ),
        ]

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


class Correction(models.Model):
    """One judgement of a person: who, when, what stood there and what stands there now. The labels models learn from.

    `drawn` says why this comment was looked at. Only the random ones tell how the machine does on the whole.
    """

    class Drawn(models.TextChoices):
        MARGIN = "margin", _("because the machine was least sure")
        RANDOM = "random", _("by chance")
        CHOSEN = "chosen", _("by choice")
        TOPIC = "topic", _("as part of an emerging topic")
        UNDO = "undo", _("to take a judgement back")

    answer = models.ForeignKey(Answer, models.CASCADE, related_name="corrections", verbose_name=_("answer"))
    by = models.ForeignKey(Login, models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("when"))
    drawn = models.CharField(_("looked at"), max_length=6, choices=Drawn.choices)
    before = models.JSONField(_("before"), default=dict)  # {"source", "version", "themes": {key: sentiment}, "signals"}
    after = models.JSONField(_("after"), default=dict)

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["answer", "-at"], name="correction_by_answer")]

    def __str__(self) -> str:
        return f"{self.answer}: {self.at:%Y-%m-%d}"


class Lease(models.Model):
    """A comment that lies before somebody until `until`: nobody else is handed it meanwhile, and `drawn` says why."""

    answer = models.OneToOneField(Answer, models.CASCADE, related_name="lease", verbose_name=_("answer"))
    by = models.ForeignKey(Login, models.CASCADE, related_name="+", verbose_name=_("by"))
    until = models.DateTimeField(_("until"))
    drawn = models.CharField(_("looked at"), max_length=6, choices=Correction.Drawn.choices)

    class Meta:
        verbose_name = _("comment in somebody’s hands")
        verbose_name_plural = _("comments in somebody’s hands")

    def __str__(self) -> str:
        return f"{self.answer}: {self.by}"


class SecondReading(models.Model):
    """A second person's judgement on a comment that one had judged, made without seeing the first one's."""

    answer = models.OneToOneField(Answer, models.CASCADE, related_name="second_reading", verbose_name=_("answer"))
    by = models.ForeignKey(Login, models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("when"))
    first = models.JSONField(_("the first"), default=dict)  # {key: sentiment} as it stood when the second was made
    second = models.JSONField(_("the second"), default=dict)
    text_hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("second reading")
        verbose_name_plural = _("second readings")

    def __str__(self) -> str:
        return str(self.answer)
