"""What was learned from people's judgements: trained versions, the re-reading of history, and what drifted since."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from surveys.models import Client, Login
from surveys.models.people import LANGUAGES


class ThemeModel(models.Model):
    """One trained version for one client and language. `data` is opened only if `signature` is ours (see `versions`).

    `card` is what was measured on the held-out labels when it was trained (see `analytics.cards`).
    """

    class State(models.TextChoices):
        CANDIDATE = "candidate", _("not in use")
        ACTIVE = "active", _("in use")
        FORMER = "former", _("was in use")

    client = models.ForeignKey(Client, models.CASCADE, related_name="theme_models", verbose_name=_("client"))
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES)
    number = models.PositiveIntegerField(_("number"))
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.CANDIDATE)
    trained_at = models.DateTimeField(_("trained"))
    trained_by = models.ForeignKey(
        Login, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("trained by")
    )
    promoted_at = models.DateTimeField(_("taken into use"), null=True, blank=True)
    promoted_by = models.ForeignKey(
        Login, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("taken into use by")
    )
    label_count = models.PositiveIntegerField(_("labels learned from"))
    held_out_count = models.PositiveIntegerField(_("labels held out"))
    card = models.JSONField(_("model card"), default=dict)
    objections = models.JSONField(_("what speaks against it"), default=list)  # by the rule of promotion; empty: nothing
    data = models.BinaryField()
    signature = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("model")
        verbose_name_plural = _("models")
        ordering = ["client", "language", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["client", "language", "number"], name="theme_model_numbered_once"),
            models.UniqueConstraint(
                fields=["client", "language"], condition=Q(state="active"), name="theme_model_one_in_use"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client.slug}-{self.version}"

    @property
    def version(self) -> str:
        """As readings name it: “de-3”."""
        return f"{self.language}-{self.number}"


class Training(models.Model):
    """A person's order to train a version. Whoever takes it holds it by `started_at` until its lease has passed."""

    class Failure(models.TextChoices):
        NOTHING = "nothing", _("nobody has corrected a comment yet, or all of them alike")
        BROKEN = "broken", _("something went wrong; the server’s log says what")

    client = models.ForeignKey(Client, models.CASCADE, related_name="trainings", verbose_name=_("client"))
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES)
    asked_by = models.ForeignKey(
        Login, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    failure = models.CharField(_("why nothing came of it"), max_length=8, choices=Failure.choices, blank=True)
    result = models.ForeignKey(
        ThemeModel, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("model")
    )

    class Meta:
        verbose_name = _("training")
        verbose_name_plural = _("trainings")
        constraints = [
            models.UniqueConstraint(
                fields=["client", "language"], condition=Q(finished_at=None), name="training_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client}, {self.get_language_display()}"


class Rereading(models.Model):
    """A person's order to read a client's history again with what is in use now. How far it is, the rows say."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="rereadings", verbose_name=_("client"))
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES)
    asked_by = models.ForeignKey(
        Login, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("re-reading")
        verbose_name_plural = _("re-readings")
        constraints = [
            models.UniqueConstraint(
                fields=["client", "language"], condition=Q(finished_at=None), name="rereading_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client}, {self.get_language_display()}"


class DriftAlert(models.Model):
    """Something in a client's comments has moved away from what the model was taught, in the week that begins so."""

    class Kind(models.TextChoices):
        UNCLASSIFIED = "unclassified", _("more comments remain unclassified")
        MARGIN = "margin", _("the model is less sure")
        THEME = "theme", _("a theme became much more or much less frequent")
        UNSEEN = "unseen", _("more words that the model has never seen")

    client = models.ForeignKey(Client, models.CASCADE, related_name="drift_alerts", verbose_name=_("client"))
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES)
    kind = models.CharField(_("what moved"), max_length=12, choices=Kind.choices)
    theme = models.ForeignKey("Theme", models.CASCADE, null=True, blank=True, verbose_name=_("theme"))
    week_on = models.DateField(_("week from"))
    expected = models.FloatField(_("before"))
    found = models.FloatField(_("in that week"))
    comments = models.PositiveIntegerField(_("comments of the week"))
    chance = models.FloatField(_("probability by chance"))  # 0 to 1: of so large a move where nothing has changed
    noted_at = models.DateTimeField(_("noted"))
    seen_by = models.ForeignKey(
        Login, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("seen by")
    )
    seen_at = models.DateTimeField(_("seen"), null=True, blank=True)

    class Meta:
        verbose_name = _("drift alert")
        verbose_name_plural = _("drift alerts")
        ordering = ["-week_on", "kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "language", "kind", "week_on"],
                condition=Q(theme=None),
                name="drift_alert_once_a_week",
            ),
            models.UniqueConstraint(fields=["theme", "language", "week_on"], name="drift_alert_once_a_week_and_theme"),
        ]

    def __str__(self) -> str:
        return f"{self.client}: {self.get_kind_display()}"
