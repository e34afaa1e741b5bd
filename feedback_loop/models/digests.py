"""Digests: what a client receives for one period."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from surveys.models import Client
from surveys.models.people import STAFF_LANGUAGES


class DigestSubscription(models.Model):
    """Who receives a client's digest, how often and in which language."""

    class Kind(models.TextChoices):
        WEEK = "week", _("weekly")
        MONTH = "month", _("monthly")

    client = models.ForeignKey(Client, models.CASCADE, related_name="digest_subscriptions", verbose_name=_("client"))
    kind = models.CharField(_("rhythm"), max_length=5, choices=Kind.choices)
    email = models.EmailField(_("email"))
    salutation = models.CharField(
        _("salutation"), max_length=120, blank=True, help_text=_("How the mail begins, such as “Guten Tag Frau Brook”.")
    )
    language = models.CharField(_("language"), max_length=2, choices=STAFF_LANGUAGES, default="de")
    send_hour = models.PositiveSmallIntegerField(_("hour"), default=7, help_text=_("In the client's time zone."))
    starts_on = models.DateField(_("from"), help_text=_("Periods that end before this day are not reported."))
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("digest subscription")
        verbose_name_plural = _("digest subscriptions")
        constraints = [
            models.UniqueConstraint(fields=["client", "kind", "email"], name="subscription_once_per_address"),
            models.CheckConstraint(condition=Q(send_hour__lt=24), name="subscription_hour_of_day"),
        ]

    def __str__(self) -> str:
        return f"{self.client}, {self.get_kind_display()}, {self.email}"


class Digest(models.Model):
    """What one subscription received for one period. Frozen once sent; an empty one is kept, but not sent."""

    class State(models.TextChoices):
        CLAIMED = "claimed", _("being built")
        EMPTY = "empty", _("nothing to report")
        SENT = "sent", _("sent")

    client = models.ForeignKey(Client, models.CASCADE, related_name="digests", verbose_name=_("client"))
    subscription = models.ForeignKey(
        DigestSubscription, models.CASCADE, related_name="digests", verbose_name=_("subscription")
    )
    kind = models.CharField(_("rhythm"), max_length=5, choices=DigestSubscription.Kind.choices)
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    language = models.CharField(_("language"), max_length=2, choices=STAFF_LANGUAGES)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.CLAIMED)
    claimed_at = models.DateTimeField(_("claimed"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    content = models.JSONField(_("content"), default=dict)
    chart_svg = models.TextField(blank=True)

    class Meta:
        verbose_name = _("digest")
        verbose_name_plural = _("digests")
        ordering = ["-first_on", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["subscription", "kind", "first_on"], name="digest_once_per_period"),
            models.CheckConstraint(condition=Q(first_on__lte=F("last_on")), name="digest_days_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.client}, {self.first_on}"
