"""What happened between agents and customers, and how a source's file tells of it."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

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

    client = models.ForeignKey(Client, models.PROTECT, related_name="contacts", verbose_name=_("client"))
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
    is_spam = models.BooleanField(_("spam"), default=False)
    is_test = models.BooleanField(_("test"), default=False)
    has_consent = models.BooleanField(_("consent to a survey"), null=True, blank=True)
    tags = models.JSONField(_("tags"), default=list, blank=True)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    content_hash = models.CharField(max_length=64, editable=False)
    received_at = models.DateTimeField(_("received"))
    changed_at = models.DateTimeField(_("changed"))

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
        indexes = [models.Index(fields=["client", "state", "ended_at"])]

    def __str__(self) -> str:
        return self.external_id
