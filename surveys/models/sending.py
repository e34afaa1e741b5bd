"""Whatever leaves the building is a row here first."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .asking import Invitation
from .people import Client


class OutgoingMessage(models.Model):
    """One mail. planned → claimed → handed over → accepted | deferred | failed | unknown, or cancelled with its reason.

    Surveys are rendered when they are sent, from their invitation; all else carries its finished text.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        CLAIMED = "claimed", _("being sent")
        HANDED_OVER = "handed_over", _("handed over")
        ACCEPTED = "accepted", _("accepted")
        DEFERRED = "deferred", _("deferred")
        FAILED = "failed", _("failed")
        UNKNOWN = "unknown", _("unknown")
        CANCELLED = "cancelled", _("cancelled")

    client = models.ForeignKey(Client, models.CASCADE, related_name="messages", verbose_name=_("client"))
    key = models.CharField(_("key"), max_length=80, unique=True, help_text=_("What it is about; sent once."))
    invitation = models.OneToOneField(
        Invitation, models.CASCADE, null=True, blank=True, related_name="message", verbose_name=_("invitation")
    )
    to = models.CharField(_("to"), max_length=254)
    subject = models.CharField(_("subject"), max_length=250, blank=True)
    text = models.TextField(_("text"), blank=True)
    html = models.TextField(blank=True)
    images = models.JSONField(default=dict, blank=True, help_text="content id → PNG in base64")
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.PLANNED)
    due_at = models.DateTimeField(_("due"))
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    handed_over_at = models.DateTimeField(_("handed over"), null=True, blank=True)
    detail = models.CharField(_("detail"), max_length=250, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-due_at", "-pk"]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state__in=["planned", "deferred"]), name="message_due"),
            models.Index(
                fields=["lease_until"], condition=Q(state__in=["claimed", "handed_over"]), name="message_leased"
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def is_to_customer(self) -> bool:
        """Customers get a mail at most once; staff at least once."""
        return self.invitation_id is not None
