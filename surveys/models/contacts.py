"""What happened between agents and customers, and how a source's file tells of it."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .. import bulk
from .people import Agent, Client, Customer, Team


class ImportProfile(models.Model):
    """How one source's file reads: columns, encoding, dates, status words. `rules`: see ingestion.profiles."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="import_profiles", verbose_name=_("client"))
    name = models.SlugField(_("name"))
    rules = models.JSONField(_("rules"), default=dict)

    class Meta:
        verbose_name = _("import profile")
        verbose_name_plural = _("import profiles")
        constraints = [models.UniqueConstraint(fields=["client", "name"], name="profile_once_per_client")]

    def __str__(self) -> str:
        return self.name


class ContactQuerySet(models.QuerySet):
    def mark(self) -> None:
        """Have these contacts judged, again if need be. Only within `alone_at(client)`; see `invitations.contacts`."""
        bulk.insert_selected(Mark, ("contact_id", "client_id"), self.order_by().values_list("pk", "client_id"))


class Contact(models.Model):
    """One interaction with a customer: call, mail, chat, ticket. Updated when its source says more, never doubled."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        FINISHED = "finished", _("finished")
        DISCARDED = "discarded", _("no conversation")  # deleted, wrong number, hung up

    class Channel(models.TextChoices):
        PHONE = "phone", _("Phone")
        EMAIL = "email", _("Email")
        CHAT = "chat", _("Chat")
        MESSENGER = "messenger", _("Messenger")
        WEB = "web", _("Web form")
        OTHER = "other", _("Other")

    client = models.ForeignKey(
        Client, models.PROTECT, db_index=False, related_name="contacts", verbose_name=_("client")
    )
    source = models.CharField(_("source"), max_length=50)
    external_id = models.CharField(_("number"), max_length=120)
    customer = models.ForeignKey(
        Customer, models.SET_NULL, null=True, blank=True, related_name="contacts", verbose_name=_("customer")
    )
    email = models.CharField(
        _("email"), max_length=254, blank=True, help_text=_("As it came, even if it is no address.")
    )
    agent = models.ForeignKey(
        Agent, models.SET_NULL, null=True, blank=True, related_name="contacts", verbose_name=_("agent")
    )
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="contacts", verbose_name=_("team")
    )
    channel = models.CharField(_("channel"), max_length=12, choices=Channel.choices, default=Channel.OTHER)
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    subject = models.CharField(_("subject"), max_length=250, blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    is_solved = models.BooleanField(_("solved"), null=True, blank=True)
    wait_seconds = models.PositiveIntegerField(_("wait in seconds"), null=True, blank=True)
    talk_seconds = models.PositiveIntegerField(_("talk in seconds"), null=True, blank=True)
    reopened_count = models.PositiveSmallIntegerField(_("reopened"), default=0)
    is_transferred = models.BooleanField(_("handed on"), default=False)
    is_goodwill = models.BooleanField(_("goodwill given"), default=False)
    is_agent_initiated = models.BooleanField(_("we began it"), default=False)
    is_spam = models.BooleanField(_("spam"), default=False)
    is_test = models.BooleanField(_("test"), default=False)
    has_consent = models.BooleanField(_("consent to a survey"), null=True, blank=True)
    tags = models.JSONField(_("tags"), default=list, blank=True)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    # When the source itself last changed it, where it says so: an event that is older than that comes too late.
    told_at = models.DateTimeField(_("as of"), null=True, blank=True)
    content_hash = models.CharField(max_length=64, editable=False)
    received_at = models.DateTimeField(_("received"))
    changed_at = models.DateTimeField(_("changed"))

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["client", "source", "external_id"], name="contact_once_per_source"),
            models.CheckConstraint(condition=~Q(external_id=""), name="contact_has_external_id"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")), name="contact_ends_after_start"
            ),
            models.CheckConstraint(
                condition=~Q(state="finished") | Q(ended_at__isnull=False), name="contact_finished_has_end"
            ),
        ]
        indexes = [
            models.Index(fields=["client", "state", "ended_at"]),
        ]

    def __str__(self) -> str:
        return self.external_id


class Mark(models.Model):
    """A contact that awaits its verdicts: marked when its source says something new, unmarked when it was judged.

    A row of its own, because a flag on the contact would have its wide row and all its indexes written once more. It
    is not checked by the database: it comes with its contact, and a mark without one is none.
    """

    contact = models.OneToOneField(Contact, models.CASCADE, primary_key=True, db_constraint=False, related_name="mark")
    client = models.ForeignKey(Client, models.CASCADE, db_index=False, db_constraint=False, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["client", "contact"], name="mark_by_client")]

    def __str__(self) -> str:
        return f"{self.contact_id}"


class Inlet(models.Model):
    """A door for one helpdesk of one client: events come in by webhook, signed with a secret that both sides know."""

    class Kind(models.TextChoices):
        ZENDESK = "zendesk", "Zendesk"
        FRESHDESK = "freshdesk", "Freshdesk"
        ZAMMAD = "zammad", "Zammad"
        GENESYS = "genesys", "Genesys Cloud"

    client = models.ForeignKey(Client, models.CASCADE, related_name="inlets", verbose_name=_("client"))
    kind = models.CharField(_("kind"), max_length=9, choices=Kind.choices)
    name = models.SlugField(_("source"), help_text=_("Contacts of this inlet bear it as their source."))
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    secret = models.CharField(_("secret"), max_length=200, blank=True)
    previous_secret = models.CharField(_("previous secret"), max_length=200, blank=True)
    mapping = models.JSONField(_("mapping"), default=dict, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("inlet")
        verbose_name_plural = _("inlets")
        constraints = [models.UniqueConstraint(fields=["client", "name"], name="inlet_once_per_client")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.name}"


class InletEvent(models.Model):
    """One event that an inlet took, once; what came of it, for whoever asks why a contact is missing."""

    class Outcome(models.TextChoices):
        TAKEN = "taken", _("taken")
        TOO_LATE = "too_late", _("older than what we know")
        IGNORED = "ignored", _("not about a contact")
        REFUSED = "refused", _("refused")

    inlet = models.ForeignKey(Inlet, models.CASCADE, related_name="events", verbose_name=_("inlet"))
    event_id = models.CharField(_("number of the event"), max_length=120)
    received_at = models.DateTimeField(_("received"))
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome.choices)
    detail = models.CharField(_("detail"), max_length=250, blank=True)
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="inlet_events", verbose_name=_("contact")
    )
    payload = models.JSONField(_("as it came"), default=dict)

    class Meta:
        verbose_name = _("inlet event")
        verbose_name_plural = _("inlet events")
        ordering = ["-received_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["inlet", "event_id"], name="event_once_per_inlet")]

    def __str__(self) -> str:
        return self.event_id


class IdempotentRequest(models.Model):
    """An API request that came with an Idempotency-Key, and what it was answered: the same again gets the same."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    reply = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="idempotent_request_once")]

    def __str__(self) -> str:
        return self.key
