"""Whatever leaves the building is a row here first."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .campaigns import Medium
from .people import Client
from .verdicts import Invitation


class OutgoingMessage(models.Model):
    """One mail, SMS or link. planned → claimed → handed over → accepted | deferred | failed | unknown, or cancelled.

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

    # Not checked, as with Invitation: it is the client of what the message is about. Indexes below begin with it.
    client = models.ForeignKey(
        Client,
        models.CASCADE,
        db_index=False,
        db_constraint=False,
        related_name="messages",
        verbose_name=_("client"),
    )
    key = models.CharField(_("key"), max_length=80, help_text=_("What it is about; sent once."))
    medium = models.CharField(_("goes by"), max_length=4, choices=Medium.choices, default=Medium.MAIL)
    invitation = models.ForeignKey(
        Invitation,
        models.CASCADE,
        null=True,
        blank=True,
        db_index=False,  # the constraint on it has one
        related_name="messages",
        verbose_name=_("invitation"),
    )
    is_reminder = models.BooleanField(_("reminder"), default=False)
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
    provider_id = models.CharField(_("number at the provider"), max_length=120, blank=True)
    price = models.DecimalField(_("price in euros"), max_digits=7, decimal_places=4, null=True, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-due_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="message_once"),
            models.UniqueConstraint(
                fields=["invitation", "is_reminder"],
                condition=Q(invitation__isnull=False),
                name="message_and_one_reminder",
            ),
            models.CheckConstraint(
                condition=Q(is_reminder=False) | Q(invitation__isnull=False), name="message_reminder_of_invitation"
            ),
        ]
        indexes = [
            models.Index(
                fields=["client", "due_at"], condition=Q(state__in=["planned", "deferred"]), name="message_due"
            ),
            models.Index(fields=["client", "handed_over_at"], condition=Q(medium="sms"), name="sms_by_day"),
            models.Index(fields=["provider_id"], condition=~Q(provider_id=""), name="message_at_provider"),
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


class DeliveryEvent(models.Model):
    """What a provider or a mailbox reports of a message, in our words; the unknown stays unknown, the raw is kept."""

    class Kind(models.TextChoices):
        DELIVERED = "delivered", _("delivered")
        DELAYED = "delayed", _("delayed")
        HARD_BOUNCE = "hard_bounce", _("address does not exist")
        SOFT_BOUNCE = "soft_bounce", _("refused for now")
        REJECTED = "rejected", _("refused")
        COMPLAINT = "complaint", _("complaint")
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
        UNKNOWN = "unknown", _("unknown")

    client = models.ForeignKey(Client, models.CASCADE, related_name="delivery_events", verbose_name=_("client"))
    message = models.ForeignKey(OutgoingMessage, models.CASCADE, related_name="events", verbose_name=_("message"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    source = models.CharField(_("told by"), max_length=30)
    event_id = models.CharField(_("number of the event"), max_length=200)
    happened_at = models.DateTimeField(_("happened"))
    detail = models.CharField(_("detail"), max_length=250, blank=True)
    raw = models.TextField(_("as it came"), blank=True)

    class Meta:
        verbose_name = _("delivery event")
        verbose_name_plural = _("delivery events")
        ordering = ["-happened_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["source", "event_id"], name="delivery_event_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.message}"


class SendingCount(models.Model):
    """How many messages were handed over in a minute: what rate caps count. No client: the whole house."""

    client = models.ForeignKey(Client, models.CASCADE, null=True, related_name="+")
    domain = models.CharField(max_length=254, blank=True)  # of the recipient; empty: all of them
    minute = models.DateTimeField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "domain", "minute"], name="sending_count_once"),
            models.UniqueConstraint(
                fields=["domain", "minute"], condition=Q(client=None), name="sending_count_once_for_the_house"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.domain or self.client_id}, {self.minute:%H:%M}: {self.count}"
