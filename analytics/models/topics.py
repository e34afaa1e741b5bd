"""What people begin to talk about and no theme names yet: suggestions, until a person decides."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from surveys.models import Answer, Client, Login
from surveys.models.people import LANGUAGES

from .themes import Theme


class Topic(models.Model):
    """A cluster among unclassified and low-margin comments. It becomes a theme, part of one, or nothing."""

    class State(models.TextChoices):
        OPEN = "open", _("new")
        ACCEPTED = "accepted", _("became a theme")
        MERGED = "merged", _("joined a theme")
        DISMISSED = "dismissed", _("dismissed")

    client = models.ForeignKey(Client, models.CASCADE, related_name="topics", verbose_name=_("client"))
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES)
    words = models.JSONField(_("typical words"), default=list)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.OPEN)
    theme = models.ForeignKey(
        Theme, models.PROTECT, null=True, blank=True, related_name="topics", verbose_name=_("theme")
    )
    found_at = models.DateTimeField(_("found"))
    seen_until = models.DateTimeField(_("last found"))
    decided_by = models.ForeignKey(
        Login, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("emerging topic")
        verbose_name_plural = _("emerging topics")
        ordering = ["-seen_until", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["accepted", "merged"], theme__isnull=False)
                | Q(state__in=["open", "dismissed"], theme=None),
                name="topic_theme_if_taken",
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(self.words[:3])

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


class TopicMember(models.Model):
    """One comment of a topic; `distance` from its middle, 0 to 2 (cosine): the nearest say best what it is about."""

    topic = models.ForeignKey(Topic, models.CASCADE, related_name="members", verbose_name=_("emerging topic"))
    answer = models.ForeignKey(Answer, models.CASCADE, related_name="+", verbose_name=_("answer"))
    distance = models.FloatField(_("distance"))

    class Meta:
        verbose_name = _("comment of an emerging topic")
        verbose_name_plural = _("comments of emerging topics")
        ordering = ["distance", "pk"]
        constraints = [models.UniqueConstraint(fields=["topic", "answer"], name="topic_member_once")]

    def __str__(self) -> str:
        return str(self.answer)


class TopicLook(models.Model):
    """When a client's comments were last searched for topics: once a week, by whoever gets there first."""

    client = models.OneToOneField(Client, models.CASCADE, related_name="topic_look", verbose_name=_("client"))
    looked_at = models.DateTimeField(_("looked"))

    class Meta:
        verbose_name = _("search for topics")
        verbose_name_plural = _("searches for topics")

    def __str__(self) -> str:
        return f"{self.client}: {self.looked_at:%Y-%m-%d}"
