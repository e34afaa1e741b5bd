"""Clients, those who serve, those who are asked, and who may see what."""

import datetime as dt
import unicodedata
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from holidays import HolidayBase, country_holidays
from rest_framework_api_key.models import AbstractAPIKey

# In which staff and clients read and write to us.
STAFF_LANGUAGES = [("de", _("German")), ("en", _("English"))]
# In which customers are asked.
LANGUAGES = [
    *STAFF_LANGUAGES,
    ("tr", _("Turkish")),
    ("pl", _("Polish")),
    ("fr", _("French")),
    ("it", _("Italian")),
    ("es", _("Spanish")),
    ("nl", _("Dutch")),
    ("ar", _("Arabic")),
]


def ending_of(phone: str) -> str:
    """The last two digits, enough for the customer to know which number is meant."""
    return "".join(c for c in phone if c.isdigit())[-2:]


@lru_cache(maxsize=1000)
def zone_of(name: str) -> ZoneInfo | None:
    """The zone of that name; None where there is none. Customers' names for it come from outside, by the thousand."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def validate_zone(name: str) -> None:
    if zone_of(name) is None:
        raise ValidationError(_("“%(name)s” is no time zone. Write it as in Europe/Berlin."), params={"name": name})


@cache
def holidays_of(region: str) -> HolidayBase:
    """The public holidays of a region such as “DE-NI” or “GB-ENG”; it works them out year by year as it is asked."""
    country, _, part = region.partition("-")
    return country_holidays(country, subdiv=part or None)


def validate_region(region: str) -> None:
    try:
        holidays_of(region)
    except NotImplementedError:  # that is how `holidays` says that it knows no such region
        raise ValidationError(
            _("“%(region)s” is no region that we know. Write it as in DE-NI, AT-9, CH-ZH or GB-ENG."),
            params={"region": region},
        ) from None


def email_key(address: str) -> str:
    """One spelling per mailbox: trimmed, composed, lower case, the domain in letters and without the root's dot.

    Two customers with one key are the same person.
    """
    # ASCII is composed already, and most addresses are nothing else.
    key = (address if address.isascii() else unicodedata.normalize("NFC", address)).strip().lower()
    name, at, domain = key.rpartition("@")
    if domain.endswith(".") or "xn--" in domain:
        domain = ".".join(_label_in_letters(label) for label in domain.removesuffix(".").split("."))
    return f"{name}{at}{domain}"


def _label_in_letters(label: str) -> str:
    """“xn--mnchen-3ya” is “münchen” (RFC 3492). What is no Punycode, or hides another address, stays as it is."""
    if not label.startswith("xn--"):
        return label
    try:
        letters = unicodedata.normalize("NFC", label[4:].encode("ascii").decode("punycode")).lower()
    except UnicodeError:
        return label
    is_forged = letters.isascii() or not letters.isprintable() or set(letters) & set(".@ ")
    return label if is_forged else letters


def person_key(mailbox: str) -> str:
    """The person behind an `email_key`: “kim+shop@example.org” reads what comes to “kim@example.org”."""
    if "+" not in mailbox:
        return mailbox
    name, at, domain = mailbox.rpartition("@")
    plain = name.partition("+")[0]
    return f"{plain}{at}{domain}" if plain and not name.startswith('"') else mailbox


class Login(AbstractUser):
    """A person who may sign in. What they see follows from `Access` and from the agents tied to the login."""

    language = models.CharField(_("language"), max_length=2, choices=STAFF_LANGUAGES, default="de")

    class Meta(AbstractUser.Meta):
        verbose_name = _("login")
        verbose_name_plural = _("logins")


class Client(models.Model):
    """The company whose customers are asked. A boundary: nothing of one client is ever seen from another."""

    class Address(models.TextChoices):
        FORMAL = "sie", _("formal (Sie)")
        INFORMAL = "du", _("informal (du)")

    slug = models.SlugField(
        _("short name"), unique=True, help_text=_("For commands and files: letters, digits, hyphen.")
    )
    name = models.CharField(_("name"), max_length=120)
    sentence_name_de = models.CharField(
        _("name in a German sentence"),
        max_length=140,
        blank=True,
        help_text=_("With its article, as after “dass Sie …”: “die Stadtwerke Nordheim”."),
    )
    language = models.CharField(_("language"), max_length=2, choices=STAFF_LANGUAGES, default="de")
    form_of_address = models.CharField(
        _("form of address"),
        max_length=3,
        choices=Address.choices,
        default=Address.FORMAL,
        help_text=_("How customers are addressed, in languages that make the difference."),
    )
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/Berlin", validators=[validate_zone])
    from_name = models.CharField(_("sender's name"), max_length=120)
    from_email = models.EmailField(_("sender's address"))
    reply_to = models.EmailField(_("reply address"), blank=True)
    imprint = models.CharField(_("imprint line"), max_length=250, help_text=_("Legal name and postal address."))
    imprint_url = models.URLField(_("link to the imprint"), blank=True)
    privacy_url = models.URLField(_("link to the privacy notice"))
    service_email = models.EmailField(_("customer service address"), blank=True)
    call_back_days = models.PositiveSmallIntegerField(
        _("working days until a call back"), default=2, help_text=_("Promised to customers, and the due time of cases.")
    )
    holiday_region = models.CharField(
        _("region of public holidays"),
        max_length=8,
        blank=True,
        validators=[validate_region],
        help_text=_("As in DE-NI or GB-ENG. Empty: none are observed."),
    )
    messages_per_hour = models.PositiveIntegerField(
        _("most messages an hour"), null=True, blank=True, help_text=_("To customers. Empty: no limit.")
    )
    messages_per_domain_and_hour = models.PositiveIntegerField(
        _("most messages an hour to one mail domain"),
        null=True,
        blank=True,
        help_text=_("Some mail providers refuse more from a new sender. Empty: no limit."),
    )
    dkim_selectors = models.CharField(
        _("DKIM selectors"),
        max_length=250,
        blank=True,
        help_text=_("Of the sending mail server, separated by commas: what stands before ._domainkey in the DNS."),
    )
    sms_sender = models.CharField(
        _("SMS sender"), max_length=16, blank=True, help_text=_("A number that can take replies such as STOP.")
    )
    sms_budget_per_day = models.DecimalField(
        _("SMS budget a day, in euros"), max_digits=8, decimal_places=2, default=0, help_text=_("At 0, no SMS is sent.")
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def is_holiday(self, day: dt.date) -> bool:
        return bool(self.holiday_region) and day in holidays_of(self.holiday_region)

    def name_in_sentence(self, language: str) -> str:
        """The name as it stands in the middle of a sentence; German needs an article there."""
        return (self.sentence_name_de or self.name) if language.startswith("de") else self.name

    def call_back_by(self, at: dt.datetime, days: int | None = None) -> dt.datetime:
        """18:00 local time, `call_back_days` working days (Monday to Friday) after `at`. Told to customers, kept by us.

        `days` replaces the client's own number, for what cannot wait that long.
        """
        day, left = at.astimezone(self.zone).date(), self.call_back_days if days is None else days
        while left:
            day += dt.timedelta(days=1)
            left -= day.weekday() < 5
        return dt.datetime.combine(day, dt.time(18), self.zone).astimezone(dt.UTC)


class Team(models.Model):
    client = models.ForeignKey(Client, models.PROTECT, related_name="teams", verbose_name=_("client"))
    name = models.CharField(_("name"), max_length=120)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["client", "name"], name="team_once_per_client")]

    def __str__(self) -> str:
        return self.name


class Agent(models.Model):
    """Who served. `key` is what the source calls them: an id where it has one, else the tidied name."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="agents", verbose_name=_("client"))
    key = models.CharField(_("key"), max_length=120)
    name = models.CharField(_("name"), max_length=120)
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="agents", verbose_name=_("team")
    )
    login = models.ForeignKey(
        Login,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="agents",
        verbose_name=_("login"),
        help_text=_("Empty for agents who do not sign in."),
    )

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="agent_once_per_client")]

    def __str__(self) -> str:
        return self.name


class Access(models.Model):
    """What a login may see of a client. Agents need none: they see their own contacts."""

    class Role(models.TextChoices):
        LEAD = "lead", _("team lead")
        ANALYST = "analyst", _("analyst of the provider")
        VIEWER = "viewer", _("viewer at the client")

    login = models.ForeignKey(Login, models.CASCADE, related_name="accesses", verbose_name=_("login"))
    client = models.ForeignKey(Client, models.CASCADE, related_name="accesses", verbose_name=_("client"))
    role = models.CharField(_("role"), max_length=8, choices=Role.choices)
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="leads", verbose_name=_("team"))

    class Meta:
        verbose_name = _("access")
        verbose_name_plural = _("accesses")
        constraints = [
            models.UniqueConstraint(fields=["login", "client", "role", "team"], name="access_once_per_team"),
            models.UniqueConstraint(
                fields=["login", "client", "role"], condition=Q(team=None), name="access_once_per_client"
            ),
            models.CheckConstraint(
                condition=Q(role="lead", team__isnull=False) | (~Q(role="lead") & Q(team__isnull=True)),
                name="access_team_only_for_leads",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.login}: {self.get_role_display()}, {self.team or self.client}"

    def clean(self) -> None:
        if self.role == self.Role.LEAD and not self.team:
            raise ValidationError({"team": _("A team lead needs a team.")})
        if self.team and self.team.client_id != self.client_id:
            raise ValidationError({"team": _("This team belongs to another client.")})


class Customer(models.Model):
    """A person at one client. `key` tells them apart: the client's customer number, else the mailbox."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="customers", verbose_name=_("client"))
    key = models.CharField(_("key"), max_length=270)
    number = models.CharField(_("customer number"), max_length=64, blank=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.CharField(_("email"), max_length=254, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)
    segment = models.CharField(_("segment"), max_length=80, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, validators=[validate_zone])
    first_seen_at = models.DateTimeField(_("first seen"))

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="customer_once_per_client")]
        indexes = [models.Index(fields=["client", "email"])]

    def __str__(self) -> str:
        return self.name or self.number or self.email or str(self.pk)

    @property
    def zone(self) -> ZoneInfo | None:
        """The customer's own zone, where it is known and real."""
        return zone_of(self.time_zone)

    @property
    def phone_ending(self) -> str:
        return ending_of(self.phone)


class ApiKey(AbstractAPIKey):
    """A key that lets a client's systems hand in contacts: for that client, nothing else."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="api_keys", verbose_name=_("client"))

    class Meta(AbstractAPIKey.Meta):
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
