"""The ledger: the verdict on each contact and on each customer of a wave."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .asking import SurveyVersion
from .campaigns import Campaign, Medium, RulesVersion, Wave
from .contacts import Contact
from .people import LANGUAGES, Agent, Client, Customer, Team


class InvitationQuerySet(models.QuerySet):
    def only_clicked(self) -> "InvitationQuerySet":
        """Provisional: a number was clicked in the mail, and nothing sent since, by a machine neither."""
        return self.filter(clicked_score__isnull=False, response=None, flagged_sheets=None)


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
        AGENT_INITIATED = "agent_initiated", _("we began the contact")
        OUTSIDE_AUDIENCE = "outside_audience", _("outside the audience")
        REOPENED = "reopened", _("reopened")
        NO_ADDRESS = "no_address", _("no address")
        INVALID_ADDRESS = "invalid_address", _("invalid address")
        SUPPRESSED = "suppressed", _("does not want to be asked")
        NO_LEGAL_BASIS = "no_legal_basis", _("no legal basis")
        NO_CONSENT = "no_consent", _("no consent")
        NOT_SAMPLED = "not_sampled", _("not drawn")
        QUARANTINE = "quarantine", _("asked recently")
        QUOTA = "quota", _("quota reached")
        PAUSED = "paused", _("campaign paused")
        UNDELIVERED = "undelivered", _("could not be sent in time")
        WITHDRAWN = "withdrawn", _("withdrawn by hand")

    # Not part of the population: nobody could have been asked about them.
    INELIGIBLE = (Reason.NO_CONVERSATION, Reason.SPAM, Reason.TEST)

    # Verdicts come by the hundred thousand, and each index and each foreign key that the database checks is paid for
    # every one of them. Indexes: only those that are read by (see below). Checked: what can go on its own – campaign,
    # contact, customer, wave. Not checked: the client, which is the campaign's; rules and version, which are written
    # once and go with their campaign or survey; agent and team, which are copied from the contact's own, checked row.
    client = models.ForeignKey(
        Client,
        models.CASCADE,
        db_index=False,
        db_constraint=False,
        related_name="invitations",
        verbose_name=_("client"),
    )
    campaign = models.ForeignKey(
        Campaign, models.CASCADE, db_index=False, related_name="invitations", verbose_name=_("campaign")
    )
    contact = models.ForeignKey(
        Contact,
        models.CASCADE,
        null=True,
        blank=True,
        db_index=False,
        related_name="invitations",
        verbose_name=_("contact"),
    )
    wave = models.ForeignKey(
        Wave, models.CASCADE, null=True, blank=True, db_index=False, related_name="invitations", verbose_name=_("wave")
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
    opened_at = models.DateTimeField(_("page opened"), null=True, blank=True)
    # The first number clicked in the mail: provisional until an answer is sent, and reported apart.
    clicked_at = models.DateTimeField(_("number clicked"), null=True, blank=True)
    clicked_score = models.PositiveSmallIntegerField(_("clicked number"), null=True, blank=True)
    # Frozen context
    rules = models.ForeignKey(
        RulesVersion,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        related_name="invitations",
        verbose_name=_("rules"),
    )
    medium = models.CharField(_("asked by"), max_length=4, choices=Medium.choices, default=Medium.MAIL)
    version = models.ForeignKey(
        SurveyVersion,
        models.PROTECT,
        db_index=False,
        db_constraint=False,
        related_name="invitations",
        verbose_name=_("survey version"),
    )
    email = models.CharField(_("email"), max_length=254, blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)  # E.164, where asked by SMS
    segment = models.CharField(_("segment"), max_length=80, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES)
    form_of_address = models.CharField(_("form of address"), max_length=3, choices=Client.Address.choices)
    agent = models.ForeignKey(
        Agent,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        related_name="+",
        verbose_name=_("agent"),
    )
    team = models.ForeignKey(
        Team,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        related_name="+",
        verbose_name=_("team"),
    )
    channel = models.CharField(_("channel"), max_length=12, choices=Contact.Channel.choices, blank=True)
    contact_reason = models.CharField(_("contact reason"), max_length=120, blank=True)
    is_goodwill = models.BooleanField(_("goodwill given"), default=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-decided_at", "-pk"]
        constraints = [
            # The contact first: whoever looks for its verdicts finds them here.
            models.UniqueConstraint(
                fields=["contact", "campaign"], condition=Q(contact__isnull=False), name="one_verdict_per_contact"
            ),
            models.UniqueConstraint(
                fields=["wave", "customer"], condition=Q(wave__isnull=False), name="one_verdict_per_customer_and_wave"
            ),
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
            models.Index(fields=["client", "phone"], condition=Q(is_asked=True) & ~Q(phone=""), name="asked_by_phone"),
            models.Index(fields=["campaign", "due_at"], condition=Q(is_asked=True), name="asked_by_campaign"),
            # Few addresses have a +tag; the quarantine looks at all of them, because the tag hides the person.
            models.Index(
                fields=["client", "due_at"], condition=Q(is_asked=True, email__contains="+"), name="asked_by_tagged"
            ),
            models.Index(fields=["client", "about_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.contact or self.customer}"

    @property
    def locale(self) -> str:
        """The interface language: “en”, “de” (Sie) or “de-du”."""
        return "de-du" if (self.language, self.form_of_address) == ("de", "du") else self.language
