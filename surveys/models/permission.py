"""With what right we ask: legal bases, and who must not be asked."""

import datetime as dt

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .people import Client


class LegalBasis(models.Model):
    """Why a client may ask at all, from when to when. Without one that covers the day, nothing is sent."""

    class Kind(models.TextChoices):
        CONSENT = "consent", _("consent of each customer")
        EXISTING_CUSTOMER = "existing_customer", _("existing customers, § 7 (3) UWG")

    client = models.ForeignKey(Client, models.CASCADE, related_name="legal_bases", verbose_name=_("client"))
    source = models.CharField(_("source"), max_length=50, blank=True, help_text=_("Empty: contacts of every source."))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    valid_from_on = models.DateField(_("valid from"))
    valid_until_on = models.DateField(_("valid until"), null=True, blank=True)
    note = models.CharField(_("evidence"), max_length=250, help_text=_("Where this is written down."))

    class Meta:
        verbose_name = _("legal basis")
        verbose_name_plural = _("legal bases")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until_on__isnull=True) | Q(valid_until_on__gte=F("valid_from_on")),
                name="legal_basis_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.valid_from_on})"

    def covers(self, source: str, day: dt.date) -> bool:
        """Whether it holds for a source on a local calendar day, both ends included."""
        in_time = self.valid_from_on <= day and (self.valid_until_on is None or day <= self.valid_until_on)
        return in_time and self.source in ("", source)


class Suppression(models.Model):
    """Do not ask, with the reason. Keyed by mailbox or phone number: it holds for every customer row that shares it."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
        HARD_BOUNCE = "hard_bounce", _("address does not exist")
        COMPLAINT = "complaint", _("complaint")
        MANUAL = "manual", _("by hand")
        ERASED = "erased", _("erased")

    client = models.ForeignKey(Client, models.CASCADE, related_name="suppressions", verbose_name=_("client"))
    address = models.CharField(_("email or phone"), max_length=254)
    survey = models.ForeignKey(
        "surveys.Survey",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="suppressions",
        verbose_name=_("survey"),
        help_text=_("Empty: no survey of this client at all."),
    )
    reason = models.CharField(_("reason"), max_length=12, choices=Reason.choices)
    detail = models.CharField(_("detail"), max_length=250, blank=True)
    created_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = [
            models.UniqueConstraint(
                fields=["client", "address"], condition=Q(survey=None), name="suppression_once_per_client"
            ),
            models.UniqueConstraint(fields=["client", "address", "survey"], name="suppression_once_per_survey"),
        ]
        indexes = [
            models.Index(
                fields=["client"],
                condition=Q(address__contains="+") & Q(address__contains="@"),
                name="suppression_of_tagged",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.address}: {self.get_reason_display()}"
