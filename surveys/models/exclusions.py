"""Answers that two people took out of the scores, with their reason; and what the client itself counted."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .answering import Response
from .people import Client, Login
from .reach import reach_of


class ExclusionQuerySet(models.QuerySet):
    def visible_to(self, login: Login) -> "ExclusionQuerySet":
        """Analysts see those of their clients."""
        return self.filter(reach_of(login).analyst_rows("response__client"))

    def awaiting(self) -> "ExclusionQuerySet":
        """Proposed, and nobody else has looked yet. The answer counts until then."""
        return self.filter(state=Exclusion.State.PROPOSED)

    def standing(self) -> "ExclusionQuerySet":
        """Confirmed by a second person: these answers count in no score."""
        return self.filter(state=Exclusion.State.CONFIRMED)


class Exclusion(models.Model):
    """One attempt to take an answer out of the scores: it takes two people, and nothing of it is ever deleted.

    A low score is no reason. The answer itself, its case and its text stay as they are and can be read.
    """

    class Reason(models.TextChoices):
        WRONG_PERSON = "wrong_person", _("not from the customer who was asked")
        STAFF = "staff", _("from staff, or a test")
        MACHINE = "machine", _("from a machine")
        DUPLICATE = "duplicate", _("the same person, twice about the same contact")
        SOLICITED = "solicited", _("the score was asked for or rewarded")
        OTHER_COMPANY = "other_company", _("about another company")
        OTHER = "other", _("another reason, see the note")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        CONFIRMED = "confirmed", _("excluded")
        REJECTED = "rejected", _("rejected: it counts")
        WITHDRAWN = "withdrawn", _("withdrawn: it counts")

    response = models.ForeignKey(Response, models.CASCADE, related_name="exclusions", verbose_name=_("response"))
    reason = models.CharField(_("reason"), max_length=13, choices=Reason.choices)
    note = models.CharField(_("note"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.PROPOSED, editable=False)
    proposed_by = models.ForeignKey(Login, models.PROTECT, related_name="+", verbose_name=_("proposed by"))
    proposed_at = models.DateTimeField(_("proposed"))
    decided_by = models.ForeignKey(
        Login, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        Login, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("withdrawn by")
    )
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    objects = ExclusionQuerySet.as_manager()

    class Meta:
        verbose_name = _("exclusion")
        verbose_name_plural = _("exclusions")
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["response"], condition=Q(state__in=["proposed", "confirmed"]), name="exclusion_one_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(decided_by=F("proposed_by")), name="exclusion_by_two_people"),
            models.CheckConstraint(
                condition=Q(decided_by=None, decided_at=None) | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="exclusion_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_at=None, withdrawn_at=None)
                | Q(state__in=["confirmed", "rejected"], decided_at__isnull=False, withdrawn_at=None)
                | Q(state="withdrawn", withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="exclusion_state_as_it_came",
            ),
            models.CheckConstraint(condition=~Q(reason="other", note=""), name="exclusion_other_needs_note"),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {self.get_reason_display()}"


class ReportedCount(models.Model):
    """How many contacts the client itself counted on one day of its calendar, in one queue: what ours are held against.

    `queue` is a channel (“phone”), a team or a contact reason, as `reported` reads it; empty: all contacts of the day.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="reported_counts", verbose_name=_("client"))
    day = models.DateField(_("day"))
    queue = models.CharField(_("queue"), max_length=120, blank=True)
    source = models.SlugField(
        _("counted by"), max_length=50, db_index=False, help_text=_("The client’s system that counted, such as acd.")
    )
    contacts = models.PositiveIntegerField(_("contacts"))
    told_at = models.DateTimeField(_("told"))
    told_by = models.ForeignKey(
        Login, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("uploaded by")
    )

    class Meta:
        verbose_name = _("client’s own count")
        verbose_name_plural = _("client’s own counts")
        ordering = ["-day", "source", "queue"]
        constraints = [models.UniqueConstraint(fields=["client", "day", "queue", "source"], name="reported_count_once")]

    def __str__(self) -> str:
        return f"{self.day}, {self.queue or '–'}: {self.contacts}"


class Honesty(Client):
    """A client, as the pages show it on which provider and client check whether its figures are honest."""

    class Meta:
        proxy = True
        verbose_name = _("honesty of the figures")
        verbose_name_plural = _("honesty of the figures")
