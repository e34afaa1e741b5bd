"""What is asked, of whom, when, and with what right: contacts, surveys, campaigns, and the verdict on each contact."""

import datetime as dt
import secrets
import uuid

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .contacts import Contact
from .people import LANGUAGES, Agent, Client, Customer, Team


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
    """Do not ask, with the reason. Keyed by the mailbox, so it holds for every customer row that shares it."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
        HARD_BOUNCE = "hard_bounce", _("address does not exist")
        COMPLAINT = "complaint", _("complaint")
        MANUAL = "manual", _("by hand")
        ERASED = "erased", _("erased")

    client = models.ForeignKey(Client, models.CASCADE, related_name="suppressions", verbose_name=_("client"))
    email = models.CharField(_("email"), max_length=254)
    reason = models.CharField(_("reason"), max_length=12, choices=Reason.choices)
    created_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = [models.UniqueConstraint(fields=["client", "email"], name="suppression_once_per_client")]

    def __str__(self) -> str:
        return f"{self.email}: {self.get_reason_display()}"


class Survey(models.Model):
    class Kind(models.TextChoices):
        CSAT = "csat", _("satisfaction after a contact (CSAT)")
        NPS = "nps", _("recommendation (NPS)")

    client = models.ForeignKey(Client, models.CASCADE, related_name="surveys", verbose_name=_("client"))
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=4, choices=Kind.choices)

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        constraints = [models.UniqueConstraint(fields=["client", "name"], name="survey_once_per_client")]

    def __str__(self) -> str:
        return self.name


class SurveyVersion(models.Model):
    """One published wording. Immutable once published: past answers keep the question that they answered."""

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="versions", verbose_name=_("survey"))
    number = models.PositiveSmallIntegerField(_("version"))
    published_at = models.DateTimeField(_("published"))

    class Meta:
        verbose_name = _("survey version")
        verbose_name_plural = _("survey versions")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["survey", "number"], name="version_once_per_survey")]

    def __str__(self) -> str:
        return f"{self.survey} {self.number}"


class Question(models.Model):
    """One question of one version. `wording` maps a language (“de”, “de-du”, “en”) to its texts; see `wording.py`."""

    class Kind(models.TextChoices):
        SCORE = "score", _("score")
        COMMENT = "comment", _("open question")

    version = models.ForeignKey(SurveyVersion, models.CASCADE, related_name="questions", verbose_name=_("version"))
    position = models.PositiveSmallIntegerField(_("position"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    wording = models.JSONField(_("wording"))

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["version", "kind"], name="question_once_per_kind")]

    def __str__(self) -> str:
        return self.get_kind_display()


class Campaign(models.Model):
    """Asks a survey: after each contact, or in waves. Its rules are data; `eligibility` applies them."""

    class Kind(models.TextChoices):
        POST_CONTACT = "post_contact", _("after each contact")
        PERIODIC = "periodic", _("in waves")

    client = models.ForeignKey(Client, models.CASCADE, related_name="campaigns", verbose_name=_("client"))
    survey = models.ForeignKey(Survey, models.PROTECT, related_name="campaigns", verbose_name=_("survey"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=120)
    starts_on = models.DateField(_("starts on"), help_text=_("Contacts that ended before this day are not judged."))
    is_paused = models.BooleanField(_("paused"), default=False)
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
        help_text=_("No second mail to one customer within, over all surveys of the client."),
    )
    delay_hours = models.PositiveSmallIntegerField(
        _("delay in hours"), default=2, help_text=_("After the contact ended.")
    )
    stale_days = models.PositiveSmallIntegerField(
        _("stale after days"), default=14, help_text=_("Contacts that ended longer ago are not asked about.")
    )
    skips_goodwill = models.BooleanField(
        _("leave out contacts with goodwill"), default=True, help_text=_("A gift makes a rosy picture.")
    )
    hour_from = models.PositiveSmallIntegerField(_("send from (hour)"), default=9, validators=[MaxValueValidator(23)])
    hour_until = models.PositiveSmallIntegerField(
        _("send until (hour)"), default=19, validators=[MinValueValidator(1), MaxValueValidator(24)]
    )
    sends_on_weekends = models.BooleanField(_("send on weekends"), default=False)
    link_days = models.PositiveSmallIntegerField(
        _("link valid for days"), default=14, validators=[MinValueValidator(1)]
    )
    wave_days = models.PositiveSmallIntegerField(
        _("days between waves"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Periodic only.")
    )

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
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        errors = {}
        if (self.kind == self.Kind.PERIODIC) != bool(self.wave_days):
            errors["wave_days"] = _("Needed for waves, and only for them.")
        if None not in (self.hour_from, self.hour_until) and self.hour_from >= self.hour_until:
            errors["hour_until"] = _("Sending must end later than it begins.")
        if errors:
            raise ValidationError(errors)

    def sending_time(self, at: dt.datetime) -> dt.datetime:
        """The first moment at or after `at` that lies in the sending hours, in the client's zone."""
        local = at.astimezone(self.client.zone)
        opens = local.replace(hour=self.hour_from, minute=0, second=0, microsecond=0)
        if local.hour >= self.hour_until:
            opens += dt.timedelta(days=1)
        while opens.weekday() >= 5 and not self.sends_on_weekends:
            opens += dt.timedelta(days=1)
        return max(at, opens.astimezone(dt.UTC))


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


class Invitation(models.Model):
    """The verdict on one contact (or one customer in one wave): asked, or the reason why not.

    The context is copied here when the verdict is made: a later reassignment changes no past number.
    """

    class Reason(models.TextChoices):
        """Why not. The first group was never there to be asked; the second counts against coverage."""

        NO_CONVERSATION = "no_conversation", _("no conversation")
        SPAM = "spam", _("spam")
        TEST = "test", _("test")
        STALE = "stale", _("too long ago")
        GOODWILL = "goodwill", _("goodwill was given")
        REOPENED = "reopened", _("reopened")
        NO_ADDRESS = "no_address", _("no address")
        INVALID_ADDRESS = "invalid_address", _("invalid address")
        SUPPRESSED = "suppressed", _("does not want to be asked")
        NO_LEGAL_BASIS = "no_legal_basis", _("no legal basis")
        NO_CONSENT = "no_consent", _("no consent")
        NOT_SAMPLED = "not_sampled", _("not drawn")
        QUARANTINE = "quarantine", _("asked recently")
        PAUSED = "paused", _("campaign paused")
        UNDELIVERED = "undelivered", _("could not be sent in time")
        WITHDRAWN = "withdrawn", _("withdrawn by hand")

    # Not part of the population: nobody could have been asked about them.
    INELIGIBLE = (Reason.NO_CONVERSATION, Reason.SPAM, Reason.TEST)

    client = models.ForeignKey(Client, models.CASCADE, related_name="invitations", verbose_name=_("client"))
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="invitations", verbose_name=_("campaign"))
    contact = models.ForeignKey(
        Contact, models.CASCADE, null=True, blank=True, related_name="invitations", verbose_name=_("contact")
    )
    wave = models.ForeignKey(
        Wave, models.CASCADE, null=True, blank=True, related_name="invitations", verbose_name=_("wave")
    )
    customer = models.ForeignKey(
        Customer, models.SET_NULL, null=True, blank=True, related_name="invitations", verbose_name=_("customer")
    )
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    is_asked = models.BooleanField(_("asked"))
    reason = models.CharField(_("why not"), max_length=16, choices=Reason.choices, blank=True)
    decided_at = models.DateTimeField(_("decided"))
    # The moment it is about, by which it counts in reports: the contact's end, or the wave's start.
    about_at = models.DateTimeField(_("about"))
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    expires_at = models.DateTimeField(_("link valid until"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    # Frozen context
    version = models.ForeignKey(
        SurveyVersion, models.PROTECT, related_name="invitations", verbose_name=_("survey version")
    )
    email = models.CharField(_("email"), max_length=254, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES)
    form_of_address = models.CharField(_("form of address"), max_length=3, choices=Client.Address.choices)
    agent = models.ForeignKey(Agent, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("agent"))
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("team"))
    channel = models.CharField(_("channel"), max_length=12, choices=Contact.Channel.choices, blank=True)
    contact_reason = models.CharField(_("contact reason"), max_length=120, blank=True)
    is_goodwill = models.BooleanField(_("goodwill given"), default=False)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-decided_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "contact"], name="one_verdict_per_contact"),
            models.UniqueConstraint(fields=["wave", "customer"], name="one_verdict_per_customer_and_wave"),
            models.CheckConstraint(
                condition=Q(contact__isnull=False, wave__isnull=True) | Q(contact__isnull=True, wave__isnull=False),
                name="verdict_on_contact_or_wave",
            ),
            models.CheckConstraint(
                condition=Q(is_asked=True, reason="", due_at__isnull=False, expires_at__isnull=False)
                | (Q(is_asked=False) & ~Q(reason="")),
                name="verdict_asked_or_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["client", "email", "due_at"], condition=Q(is_asked=True), name="asked_by_address"),
            models.Index(fields=["client", "about_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.contact or self.customer}"

    @property
    def locale(self) -> str:
        """The interface language: “en”, “de” (Sie) or “de-du”."""
        return "de-du" if (self.language, self.form_of_address) == ("de", "du") else self.language
