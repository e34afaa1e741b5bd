"""How a survey is asked: campaigns with their rules, what the rules were at any time, and the waves."""

import datetime as dt
import secrets
from functools import partial
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .asking import Survey
from .people import Client, Login

WORKING_DAYS = (1, 2, 3, 4, 5)  # ISO weekdays: Monday is 1


class Medium(models.TextChoices):
    """How an invitation reaches its customer."""

    MAIL = "mail", _("email")
    SMS = "sms", _("text message (SMS)")
    LINK = "link", _("link that your own system shows")


class Campaign(models.Model):
    """Asks a survey: after each contact, or in waves. Its rules are data; `eligibility` applies them."""

    class Kind(models.TextChoices):
        POST_CONTACT = "post_contact", _("after each contact")
        PERIODIC = "periodic", _("in waves")

    client = models.ForeignKey(Client, models.CASCADE, related_name="campaigns", verbose_name=_("client"))
    survey = models.ForeignKey(Survey, models.PROTECT, related_name="campaigns", verbose_name=_("survey"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=120)
    medium = models.CharField(_("asks by"), max_length=4, choices=Medium.choices, default=Medium.MAIL)
    owner = models.ForeignKey(
        Login,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="campaigns",
        verbose_name=_("owner"),
        help_text=_("Hears of it when sending is stopped after repeated errors."),
    )
    starts_on = models.DateField(_("starts on"), help_text=_("Contacts that ended before this day are not judged."))
    is_paused = models.BooleanField(_("paused"), default=False)
    paused_because = models.CharField(_("paused because"), max_length=250, blank=True, editable=False)
    # --- Who is asked
    share_percent = models.DecimalField(
        _("share asked, in percent"),
        max_digits=5,
        decimal_places=2,
        default=100,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text=_("Drawn by a hash that nobody can choose; the same contact always gets the same answer."),
    )
    salt = models.CharField(max_length=64, default=secrets.token_hex, editable=False)
    quarantine_days = models.PositiveSmallIntegerField(
        _("quarantine in days"),
        default=30,
        help_text=_("Nobody is asked again within, over all surveys of the client."),
    )
    kind_quarantine_days = models.PositiveSmallIntegerField(
        _("quarantine of the same kind, in days"),
        default=0,
        help_text=_("Nobody is asked the same kind of survey (CSAT, NPS) again within."),
    )
    stale_days = models.PositiveSmallIntegerField(
        _("stale after days"), default=14, help_text=_("Contacts that ended longer ago are not asked about.")
    )
    skips_goodwill = models.BooleanField(
        _("leave out contacts with goodwill"), default=True, help_text=_("A gift makes a rosy picture.")
    )
    skips_agent_initiated = models.BooleanField(
        _("leave out contacts that we began"),
        default=True,
        help_text=_("Outbound calls and messages: the customer wanted nothing of us."),
    )
    quota_per_day = models.PositiveIntegerField(
        _("at most a day"), null=True, blank=True, help_text=_("Customers asked on one day. Empty: no limit.")
    )
    quota_per_agent_and_week = models.PositiveIntegerField(
        _("at most for each agent and week"),
        null=True,
        blank=True,
        help_text=_("So that a few busy agents do not fill the picture. Empty: no limit."),
    )
    # --- When
    delay_hours = models.PositiveSmallIntegerField(
        _("delay in hours"), default=2, help_text=_("After the contact ended.")
    )
    hour_from = models.PositiveSmallIntegerField(_("send from (hour)"), default=9, validators=[MaxValueValidator(23)])
    hour_until = models.PositiveSmallIntegerField(
        _("send until (hour)"), default=19, validators=[MinValueValidator(1), MaxValueValidator(24)]
    )
    sending_days = models.JSONField(
        _("sending days"),
        default=partial(list, WORKING_DAYS),
        help_text=_("In the customer's time zone where it is known."),
    )
    sends_on_holidays = models.BooleanField(
        _("send on public holidays"), default=False, help_text=_("Those of the client's region.")
    )
    link_days = models.PositiveSmallIntegerField(
        _("link valid for days"), default=14, validators=[MinValueValidator(1)]
    )
    reminder_days = models.PositiveSmallIntegerField(
        _("reminder after days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Once, to those who have not answered. Empty: none."),
    )
    # --- Waves
    wave_days = models.PositiveSmallIntegerField(
        _("days between waves"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Periodic only.")
    )
    panels = models.PositiveSmallIntegerField(
        _("rotating panels"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(366)],
        help_text=_("The customers of the first day are spread over so many waves: 12 asks another twelfth each time."),
    )
    first_after_days = models.PositiveSmallIntegerField(
        _("first after days"), default=0, help_text=_("A customer is asked for the first time after so many days.")
    )
    reask_days = models.PositiveSmallIntegerField(
        _("asked again after days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_(
            "Counted for each customer from when they were last judged. Empty: whenever waves and panels come round."
        ),
    )
    # The first day from which contacts are marked for judging; the planner's own note, see `invitations`.
    judged_from_on = models.DateField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        constraints = [
            models.UniqueConstraint(fields=["client", "name"], name="campaign_once_per_client"),
            models.CheckConstraint(condition=Q(hour_from__lt=F("hour_until")), name="campaign_hours_in_order"),
            models.CheckConstraint(
                condition=Q(kind="post_contact", wave_days__isnull=True)
                | Q(kind="periodic", wave_days__isnull=False, wave_days__gte=1),
                name="campaign_wave_days_if_periodic",
            ),
            models.CheckConstraint(condition=Q(panels__gte=1), name="campaign_has_a_panel"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        errors = {}
        if (self.kind == self.Kind.PERIODIC) != bool(self.wave_days):
            errors["wave_days"] = _("Needed for waves, and only for them.")
        if None not in (self.hour_from, self.hour_until) and self.hour_from >= self.hour_until:
            errors["hour_until"] = _("Sending must end later than it begins.")
        days = self.sending_days
        if not isinstance(days, list) or not days or not set(days) <= {1, 2, 3, 4, 5, 6, 7}:
            errors["sending_days"] = _("Choose at least one day.")
        if self.reminder_days and self.link_days and self.reminder_days >= self.link_days:
            errors["reminder_days"] = _("The link would no longer be valid. Remind earlier, or let it live longer.")
        if errors:
            raise ValidationError(errors)

    def sending_time(self, at: dt.datetime, zone: ZoneInfo | None = None) -> dt.datetime:
        """The first moment at or after `at` on a sending day within the sending hours of `zone` (else the client's)."""
        local = at.astimezone(zone or self.client.zone)
        opens = local.replace(hour=self.hour_from, minute=0, second=0, microsecond=0)
        if local.hour >= self.hour_until:
            opens += dt.timedelta(days=1)
        while not self._sends_on(opens.date()):
            opens += dt.timedelta(days=1)
        return max(at, opens.astimezone(dt.UTC))

    def _sends_on(self, day: dt.date) -> bool:
        return day.isoweekday() in self.sending_days and (self.sends_on_holidays or not self.client.is_holiday(day))


class AudienceCondition(models.Model):
    """One condition on who is asked; all conditions of a campaign must hold."""

    class Attribute(models.TextChoices):
        CHANNEL = "channel", _("channel")
        REASON = "reason", _("contact reason")
        TEAM = "team", _("team")
        LANGUAGE = "language", _("language")
        SEGMENT = "segment", _("segment")
        TAG = "tag", _("tag")

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="audience", verbose_name=_("campaign"))
    attribute = models.CharField(_("attribute"), max_length=8, choices=Attribute.choices)
    is_excluded = models.BooleanField(_("none of these"), default=False)
    values = models.JSONField(_("values"), default=list)

    class Meta:
        verbose_name = _("audience condition")
        verbose_name_plural = _("audience")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "attribute", "is_excluded"], name="audience_once_per_attribute")
        ]

    def __str__(self) -> str:
        word = _("none of") if self.is_excluded else _("one of")
        return f"{self.get_attribute_display()}: {word} {', '.join(map(str, self.values))}"


class RulesVersion(models.Model):
    """The rules of a campaign as they stood when a verdict was made. Written once, never changed."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="rules_versions", verbose_name=_("campaign"))
    number = models.PositiveIntegerField(_("version"))
    made_at = models.DateTimeField(_("since"))
    made_by = models.ForeignKey(
        Login, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("changed by")
    )
    rules = models.JSONField(_("rules"))

    class Meta:
        verbose_name = _("version of the rules")
        verbose_name_plural = _("versions of the rules")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["campaign", "number"], name="rules_version_once_per_campaign")]

    def __str__(self) -> str:
        return f"{self.campaign} {self.number}"


class Wave(models.Model):
    """One run of a periodic campaign. `planned_at` is set when every customer has a verdict."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="waves", verbose_name=_("campaign"))
    number = models.PositiveIntegerField(_("number"))
    starts_on = models.DateField(_("starts on"))
    planned_at = models.DateTimeField(_("planned"), null=True, blank=True)

    class Meta:
        verbose_name = _("wave")
        verbose_name_plural = _("waves")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["campaign", "number"], name="wave_once_per_campaign")]

    def __str__(self) -> str:
        return f"{self.campaign} {self.number}"
