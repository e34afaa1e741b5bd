"""What comes back: one answer sheet per invitation, never edited."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .asking import Question, Survey
from .people import LANGUAGES, Client
from .reach import reach_of
from .verdicts import Invitation


class Group(models.TextChoices):
    """The three groups of a score; for CSAT the unhappy (1–2), the middling (3) and the happy (4–5)."""

    DETRACTOR = "detractor", _("Detractor")
    PASSIVE = "passive", _("Passive")
    PROMOTER = "promoter", _("Promoter")


# The first score of the middle and of the upper group, and the last score of the scale.
SCALES = {Survey.Kind.NPS: (0, 7, 9, 10), Survey.Kind.CSAT: (1, 3, 4, 5)}


def scale_of(kind: str) -> range:
    """Every score of the scale, lowest first."""
    first, _middle, _upper, last = SCALES[Survey.Kind(kind)]
    return range(first, last + 1)


def group_of(kind: str, score: int) -> Group:
    """The group of a score: NPS 0–6, 7–8, 9–10; CSAT 1–2, 3, 4–5. ValueError outside the scale."""
    first, middle, upper, last = SCALES[Survey.Kind(kind)]
    if not first <= score <= last:
        raise ValueError(f"{score} is outside {first} to {last}")
    return Group.DETRACTOR if score < middle else Group.PASSIVE if score < upper else Group.PROMOTER


class ResponseQuerySet(models.QuerySet):
    def visible_to(self, login) -> "ResponseQuerySet":
        """Agents see answers to their own contacts, leads their team's, analysts and viewers their clients'."""
        return self.filter(reach_of(login).rows(agent="invitation__agent", team="invitation__team"))


class Response(models.Model):
    client = models.ForeignKey(Client, models.CASCADE, related_name="responses", verbose_name=_("client"))
    invitation = models.OneToOneField(Invitation, models.CASCADE, related_name="response", verbose_name=_("invitation"))
    kind = models.CharField(_("kind"), max_length=4, choices=Survey.Kind.choices)
    score = models.PositiveSmallIntegerField(_("score"))
    group = models.CharField(_("group"), max_length=9, choices=Group.choices, editable=False)
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES)
    wants_call = models.BooleanField(_("may be called"), default=False)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    is_preselected = models.BooleanField(_("clicked in the mail"), default=False)
    submitted_at = models.DateTimeField(_("submitted"))

    objects = ResponseQuerySet.as_manager()

    class Meta:
        verbose_name = _("response")
        verbose_name_plural = _("responses")
        ordering = ["-submitted_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="nps", score__range=(0, 10)) | Q(kind="csat", score__range=(1, 5)),
                name="response_score_on_scale",
            ),
        ]
        indexes = [models.Index(fields=["client", "kind", "submitted_at"])]

    def __str__(self) -> str:
        return f"{self.score}, {self.get_group_display()}"

    def save(self, *args, **kwargs) -> None:
        self.group = group_of(self.kind, self.score)
        super().save(*args, **kwargs)

    @property
    def top(self) -> int:
        """The last score of the scale: “3 of 10”."""
        return scale_of(self.kind)[-1]


class Answer(models.Model):
    """The words that answer an open question, redacted before they were stored."""

    response = models.ForeignKey(Response, models.CASCADE, related_name="answers", verbose_name=_("response"))
    question = models.ForeignKey(Question, models.PROTECT, related_name="answers", verbose_name=_("question"))
    text = models.TextField(_("text"))

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints = [
            models.UniqueConstraint(fields=["response", "question"], name="answer_once_per_question"),
            models.CheckConstraint(condition=~Q(text=""), name="answer_has_words"),
        ]

    def __str__(self) -> str:
        return self.text[:60]
