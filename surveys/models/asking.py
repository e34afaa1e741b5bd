"""What is asked: surveys, their versions, and the questions of each version."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .people import Client


class Survey(models.Model):
    """What a client asks. `kind` is the score that its first question asks for, and by which it is reported."""

    class Kind(models.TextChoices):
        CSAT = "csat", _("satisfaction after a contact (CSAT)")
        NPS = "nps", _("recommendation (NPS)")
        CES = "ces", _("effort (CES)")

    client = models.ForeignKey(Client, models.CASCADE, related_name="surveys", verbose_name=_("client"))
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=4, choices=Kind.choices)

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        constraints = [models.UniqueConstraint(fields=["client", "name"], name="survey_once_per_client")]

    def __str__(self) -> str:
        return self.name

    @property
    def current(self) -> "SurveyVersion | None":
        """The version that is asked now: the last one published."""
        return self.versions.published().first()

    @property
    def draft(self) -> "SurveyVersion | None":
        return self.versions.filter(published_at=None).first()


class Published(ValidationError):
    """What is published cannot be changed; make a draft."""


class SurveyVersionQuerySet(models.QuerySet):
    def published(self) -> "SurveyVersionQuerySet":
        return self.filter(published_at__isnull=False)


class SurveyVersion(models.Model):
    """One wording. Immutable once published: past answers keep the question that they answered; each starts a series.

    Unpublished it is the survey's draft, of which there is one at most.
    """

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="versions", verbose_name=_("survey"))
    number = models.PositiveSmallIntegerField(_("version"))
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    objects = SurveyVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("survey version")
        verbose_name_plural = _("survey versions")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["survey", "number"], name="version_once_per_survey"),
            models.UniqueConstraint(fields=["survey"], condition=Q(published_at=None), name="one_draft_per_survey"),
        ]

    def __str__(self) -> str:
        return gettext("%(survey)s, version %(number)s") % {"survey": self.survey, "number": self.number}

    def save(self, *args, **kwargs) -> None:
        self.refuse_if_published()
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs) -> tuple[int, dict[str, int]]:
        self.refuse_if_published()
        return super().delete(*args, **kwargs)

    def refuse_if_published(self) -> None:
        """By what is stored: publishing itself is the last change there is. One query."""
        if self.pk and SurveyVersion.objects.published().filter(pk=self.pk).exists():
            raise Published(_("This version is published. Make a draft to change its questions."))


class Question(models.Model):
    """One question of one version.

    `key` names it for the page, the API and exports; the survey's score is “score”. `wording` maps a locale (“de”,
    “de-du”, “en”) to its texts:

        ask                             the question
        detractor, passive, promoter    of a text: asked instead, by the group of the survey's score
        lowest, highest                 of a scale: what its ends mean
        options                         of a choice: {option: label}
        hint                            a line below

    `options` are the keys of a choice in their order. `conditions` must all hold for it to be shown: see
    `questionnaire.Condition`. `standard` names the standard wording that it has; empty: a wording of its own, and
    therefore another instrument.
    """

    class Kind(models.TextChoices):
        NPS = "nps", _("recommendation, 0 to 10")
        CSAT = "csat", _("satisfaction, 1 to 5")
        CES = "ces", _("effort, 1 to 7")
        SOLVED = "solved", _("solved? yes, partly, no")
        YES_NO = "yes_no", _("yes or no")
        SINGLE = "single", _("one of several")
        MULTIPLE = "multiple", _("any of several")
        TEXT = "text", _("open question")

    SCALES = (Kind.NPS, Kind.CSAT, Kind.CES)
    # Whose options are always the same.
    FIXED_OPTIONS = {Kind.SOLVED: ("yes", "partly", "no"), Kind.YES_NO: ("yes", "no")}
    SCORE = "score"  # the key of the question whose answer is the survey's score

    version = models.ForeignKey(SurveyVersion, models.CASCADE, related_name="questions", verbose_name=_("version"))
    position = models.PositiveSmallIntegerField(_("position"))
    key = models.SlugField(_("key"), max_length=40)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    wording = models.JSONField(_("wording"))
    options = models.JSONField(_("options"), default=list, blank=True)
    conditions = models.JSONField(_("shown only if"), default=list, blank=True)
    is_required = models.BooleanField(_("must be answered"), default=False)
    starts_page = models.BooleanField(_("begins a new page"), default=False)
    standard = models.CharField(_("standard wording"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["version", "key"], name="question_once_per_key")]

    def __str__(self) -> str:
        return self.key

    def save(self, *args, **kwargs) -> None:
        self.version.refuse_if_published()
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs) -> tuple[int, dict[str, int]]:
        self.version.refuse_if_published()
        return super().delete(*args, **kwargs)

    @property
    def is_scale(self) -> bool:
        return self.kind in self.SCALES

    @property
    def choices(self) -> tuple[str, ...]:
        """The keys that can be chosen; none for scales and texts."""
        return self.FIXED_OPTIONS.get(self.kind, tuple(self.options))
