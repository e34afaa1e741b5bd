"""The rules of a campaign as people write and read them: the forms, and what changed from one version to the next."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import DateField, Field, Q, QuerySet
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..admin_scope import OneClientForm
from ..invitations import rules
from ..models import Access, AudienceCondition, Campaign, Client, Contact, Login, Medium, RulesVersion
from ..models.people import LANGUAGES

WAVES_ONLY = ("panels", "first_after_days", "reask_days")
DAYS = [(number + 1, name) for number, name in WEEKDAYS.items()]
NOTHING = "–"
RECENT, MOST = 5_000, 20  # contacts looked at, values shown


class CampaignForm(OneClientForm):
    """Rules that fit together, and an owner who can act on what they hear."""

    sending_days = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Sending days"),
        choices=DAYS,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        initial=Campaign._meta.get_field("sending_days").get_default,
        help_text=Campaign._meta.get_field("sending_days").help_text,
        error_messages={"required": gettext_lazy("Choose at least one day.")},
    )

    def clean(self) -> dict:
        cleaned = super().clean()
        client = cleaned.get("client") or getattr(self.instance, "client", None)
        if (cleaned.get("kind") or self.instance.kind) == Campaign.Kind.POST_CONTACT:
            self._refuse_rules_of_waves(cleaned)
        if cleaned.get("medium") == Medium.LINK and cleaned.get("reminder_days"):
            self.add_error("reminder_days", ValidationError(_("A link that your own system shows has no reminder.")))
        if cleaned.get("medium") == Medium.SMS and client and not (client.sms_sender and client.sms_budget_per_day):
            sentence = _("First enter an SMS sender and a daily budget on the client’s page.")
            self.add_error("medium", ValidationError(sentence))
        if (owner := cleaned.get("owner")) and client and owner not in possible_owners([client.pk]):
            self.add_error("owner", ValidationError(_("This login does not see the campaigns of this client.")))
        return cleaned

    def _refuse_rules_of_waves(self, cleaned: dict) -> None:
        for name in WAVES_ONLY:
            if name in cleaned and cleaned[name] != Campaign._meta.get_field(name).get_default():
                self.add_error(name, ValidationError(_("Needed for waves, and only for them.")))


class ValuesField(forms.CharField):
    """A list as people write it: separated by commas."""

    def prepare_value(self, value: object) -> object:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: object) -> list[str]:
        words = [" ".join(word.split()) for word in str(value or "").split(",")]
        return list(dict.fromkeys(word for word in words if word))

    def has_changed(self, initial: object, data: object) -> bool:
        return self.to_python(data) != (initial or [])


class AudienceForm(forms.ModelForm):
    """Channels and languages are written by their names and kept by the keys that contacts carry."""

    values = ValuesField(label=gettext_lazy("values"), help_text=gettext_lazy("Separated by commas."))

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        names = _names(self.instance.attribute)
        self.initial["values"] = [str(names.get(value, value)) for value in self.instance.values]

    def clean(self) -> dict:
        cleaned = super().clean()
        if (names := _names(cleaned.get("attribute", ""))) and "values" in cleaned:
            keys = {str(word).casefold(): key for key, name in names.items() for word in (key, name)}
            unknown = [value for value in cleaned["values"] if value.casefold() not in keys]
            if unknown:
                told = {"unknown": ", ".join(unknown), "known": ", ".join(map(str, names.values()))}
                self.add_error("values", ValidationError(_("Unknown: %(unknown)s. Known: %(known)s.") % told))
            else:
                cleaned["values"] = list(dict.fromkeys(keys[value.casefold()] for value in cleaned["values"]))
        return cleaned


def possible_owners(clients: Iterable[int] | None) -> QuerySet[Login]:
    """Who sees the campaigns of (one of) these clients, None: of any: their analysts, and superusers."""
    accesses = Access.objects.filter(role=Access.Role.ANALYST)
    if clients is not None:
        accesses = accesses.filter(client__in=clients)
    sees = Q(is_superuser=True) | Q(pk__in=accesses.values("login"))
    return Login.objects.filter(sees, is_active=True).order_by("last_name", "first_name", "username")


def _names(attribute: str) -> dict[str, str]:
    """The closed lists of values: key → name. Of the other attributes every client has its own."""
    closed = {
        AudienceCondition.Attribute.CHANNEL: Contact.Channel.choices,
        AudienceCondition.Attribute.LANGUAGE: LANGUAGES,
    }
    return dict(closed.get(attribute, ()))


# --- What the rules were ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Changed:
    """One rule that is not what it was, in words."""

    rule: str
    before: str
    after: str


def history(campaign: Campaign) -> list[tuple[RulesVersion, list[Changed]]]:
    """Every version of the rules, newest first, with what it changed; the first changed nothing. Two queries."""
    versions = list(campaign.rules_versions.select_related("made_by"))
    surveys = dict(campaign.client.surveys.values_list("pk", "name"))
    changes = [
        [_changed(*change, surveys) for change in rules.changes(older, newer) if change[0] != "salt"]
        for newer, older in pairwise(versions)
    ]
    return list(zip_longest(versions, changes, fillvalue=[]))


def _changed(name: str, before: object, after: object, surveys: dict[int, str]) -> Changed:
    if name.startswith("audience "):
        *_other, attribute = name.split()
        wanted = _("none of") if " not " in name else _("one of")
        rule = f"{AudienceCondition.Attribute(attribute).label}, {wanted}"
        return Changed(rule, *(_listed(values, _names(attribute)) for values in (before, after)))
    field = Campaign._meta.get_field(name)
    return Changed(str(field.verbose_name), *(_in_words(field, value, surveys) for value in (before, after)))


def _in_words(field: Field, value: object, surveys: dict[int, str]) -> str:
    if value is None:
        return NOTHING
    if field.name == "survey":
        return surveys.get(value, NOTHING)
    if field.name == "sending_days":
        return _listed(value, dict(DAYS))
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return date_format(dt.date.fromisoformat(value)) if isinstance(field, DateField) else str(value)


def _listed(values: Iterable | None, names: dict) -> str:
    return ", ".join(str(names.get(value, value)) for value in values or ()) or NOTHING


# --- What contacts carry ----------------------------------------------------------------------------------------------


def values_in_use(client: Client) -> list[tuple[str, list[str]]]:
    """What an audience can be chosen by at this client: each attribute with its most frequent values.

    Read from the latest `RECENT` contacts, so that the page stays quick at a client with millions.
    """
    recent = Contact.objects.filter(client=client).order_by("-pk")
    rows = recent.values_list("channel", "reason", "team__name", "language", "customer__segment", "tags")[:RECENT]
    counts = {attribute: Counter() for attribute in AudienceCondition.Attribute}
    for *single, tags in rows:
        for attribute, value in zip(AudienceCondition.Attribute, single, strict=False):
            counts[attribute][value] += 1
        counts[AudienceCondition.Attribute.TAG].update(tags)
    return [
        (attribute.label, [str(_names(attribute).get(value, value)) for value, _n in count.most_common(MOST) if value])
        for attribute, count in counts.items()
        if any(count)
    ]
