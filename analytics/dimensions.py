"""What numbers are broken down by and filtered by: how a response has a value of it, in the words of the database."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from django.db.models import Case, CharField, Exists, Expression, F, OuterRef, Q, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Left, NullIf
from django.db.models.lookups import Exact

from .models import ThemeAssignment


class By(StrEnum):
    """As it was when the customer was asked. Beside these: a contact's attributes, as `attribute` names them.

    A theme that was merged counts as what it became.
    """

    SURVEY = "survey"
    VERSION = "version"
    CHANNEL = "channel"
    REASON = "reason"
    TEAM = "team"
    AGENT = "agent"
    LANGUAGE = "language"
    SEGMENT = "segment"
    THEME = "theme"
    GOODWILL = "goodwill"


# One of `By` or an attribute → the value it must have: primary keys in digits, “” for none, goodwill “1”.
Where = Mapping[str, str]

LONGEST_VALUE = 120  # characters; contacts' attributes may be longer
ATTRIBUTE = "attr:"
_ROWS = {
    By.SURVEY: "version__survey",
    By.VERSION: "version",
    By.TEAM: "invitation__team",
    By.AGENT: "invitation__agent",
}
_TEXTS = {
    By.CHANNEL: "invitation__channel",
    By.REASON: "invitation__contact_reason",
    By.LANGUAGE: "invitation__language",
    By.SEGMENT: "invitation__segment",
}
ASSIGNED = "answers__assignments__theme"


WITHIN = {By.AGENT: By.TEAM, By.VERSION: By.SURVEY}  # nested in


def attributes_of(names: Iterable[str]) -> list[str]:
    """Those by which views of these are decided on, always in the same order."""
    named = {*names} - {"", By.THEME}
    return sorted(named | {WITHIN[name] for name in named & WITHIN.keys()})


def as_written(by: str, value: str) -> str:
    """The value as a row has it: keys without leading zeros."""
    return str(int(value)) if by in _ROWS and is_key(value) else value


def attribute(name: str) -> str:
    """What a contact's attribute is called among dimensions."""
    return ATTRIBUTE + name


def value_of(by: str) -> Expression:
    """A response's value as text; of themes, those of `ASSIGNED`. ValueError for what is no dimension."""
    if by == "":
        return Value("")
    if by == By.THEME:
        return Cast(Coalesce(f"{ASSIGNED}__merged_into", ASSIGNED), CharField())
    if by in _ROWS:
        return Coalesce(Cast(_ROWS[by], CharField()), Value(""))
    if by in _TEXTS:
        return F(_TEXTS[by])
    if by == By.GOODWILL:
        return Case(When(invitation__is_goodwill=True, then=Value("1")), default=Value(""))
    if by.startswith(ATTRIBUTE):
        return _said(by, "invitation__contact__attributes")
    raise ValueError(f"no breakdown: {by[:40]!r}")


def matching(by: str, value: str) -> Q | Expression:
    """The condition that a response has this value; nothing has a value that there cannot be. ValueError as above."""
    nothing = Q(pk__in=[])
    if by in _ROWS:
        if not value:
            return Q(**{f"{_ROWS[by]}__isnull": True})
        return Q(**{_ROWS[by]: int(value)}) if is_key(value) else nothing
    if by in _TEXTS:
        return Q(**{_TEXTS[by]: value})
    if by == By.GOODWILL:
        return Q(invitation__is_goodwill=value == "1") if value in ("", "1") else nothing
    if by == By.THEME:
        named = ThemeAssignment.objects.filter(answer__response=OuterRef("pk"))
        if not value:
            return ~Exists(named)
        led = Q(theme=value, theme__merged_into=None) | Q(theme__merged_into=value)
        return Exists(named.filter(led)) if is_key(value) else nothing
    return Exact(value_of(by), value)


def asked_matching(by: str, value: str) -> Q | Expression:
    """As `matching`, of invitations. ValueError for a theme, which only an answer has."""
    nothing = Q(pk__in=[])
    if by in _ROWS or by in _TEXTS:
        path = (_ROWS | _TEXTS)[by].removeprefix("invitation__")
        if by in _TEXTS:
            return Q(**{path: value})
        if not value:
            return Q(**{f"{path}__isnull": True})
        return Q(**{path: int(value)}) if is_key(value) else nothing
    if by == By.GOODWILL:
        return Q(is_goodwill=value == "1") if value in ("", "1") else nothing
    if by.startswith(ATTRIBUTE):
        return Exact(_said(by, "contact__attributes"), value)
    raise ValueError(f"invitations have no {by[:40]!r}")


def _said(by: str, attributes: str) -> Expression:
    """An attribute as text; null, which SQLite spells out, is none."""
    text = NullIf(KeyTextTransform(by.removeprefix(ATTRIBUTE), attributes), Value("null"))
    return Coalesce(Left(text, LONGEST_VALUE), Value(""))


def is_key(value: str) -> bool:
    """Whether a row could have this primary key."""
    return value.isascii() and value.isdigit() and len(value) < 19
