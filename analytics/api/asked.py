"""What an address asks for, as dashboards write it: ?kind=csat&period=2026-10&team=12&attr:tariff=gold

Everything wrong with it is told at once, by field, with the mend. What is not the client's does not exist.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers, status
from rest_framework.exceptions import APIException

from surveys.models import Agent, Client, Survey, SurveyVersion, Team

from .. import teams
from ..dimensions import ATTRIBUTE, LONGEST_VALUE, By, Where, attribute
from ..disclosure import MOST_FILTERS
from ..models import ChosenAttribute, Theme
from ..periods import Period, parse

NONE = "-"  # answers without any value
FILTERS = tuple(by for by in By if by != By.AGENT)  # by API; of the provider's own staff, see the admin
_ROWS: dict[str, Callable[[Client], QuerySet]] = {
    By.AGENT: lambda client: Agent.objects.filter(client=client),
    By.TEAM: lambda client: Team.objects.filter(client=client),
    By.THEME: lambda client: Theme.objects.filter(client=client),
    By.SURVEY: lambda client: Survey.objects.filter(client=client),
    By.VERSION: lambda client: SurveyVersion.objects.filter(survey__client=client),
}


@dataclass(frozen=True)
class Asked:
    """`kind` is empty where a figure has none."""

    client: Client
    kind: str
    period: Period
    where: Where
    by: str = ""


class WrongSerializer(serializers.Serializer):
    field = serializers.CharField(help_text="The parameter that it is about.")
    code = serializers.CharField(help_text="The same in every language, for programs.")
    message = serializers.CharField(help_text="What is wrong and how to mend it, in plain words.")


class WrongAddressSerializer(serializers.Serializer):
    """Everything that is wrong with the address."""

    errors = WrongSerializer(many=True)


class WrongAddress(APIException):
    """400: `errors` as in `WrongAddressSerializer`."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "wrong_address"

    def __init__(self, *errors: dict) -> None:
        super().__init__({"errors": list(errors)})


PERIOD = OpenApiParameter(
    "period",
    required=True,
    description="A whole week, month, quarter or year of your calendar, as in 2026-W45, 2026-10 …",
    examples=[
        OpenApiExample("a month", value="2026-10"),
        OpenApiExample("a week", value="2026-W45"),
        OpenApiExample("a quarter", value="2026-Q3"),
        OpenApiExample("a year", value="2026"),
    ],
)
KIND = OpenApiParameter(
    "kind", enum=Survey.Kind.values, required=True, description="Which score; they are never added up."
)
BY = OpenApiParameter(
    "by",
    required=True,
    description="Into what: channel, goodwill, language, reason, segment, survey, team, theme, version.",
    examples=[OpenApiExample("teams", value="team"), OpenApiExample("your own attribute", value="attr:tariff")],
)
_ABOUT = {
    By.TEAM: "Only this team, by its id.",
    By.THEME: "Only answers that name this theme, by its id.",
    By.SURVEY: "Only this survey, by its id.",
    By.VERSION: "Only this version of a survey, by its id.",
    By.CHANNEL: "Only this channel.",
    By.REASON: "Only this contact reason, in your word.",
    By.LANGUAGE: "Only those asked in this language.",
    By.SEGMENT: "Only this customer segment.",
    By.GOODWILL: "1: only contacts in which something was given; -: only the others.",
}
_ABOUT_ATTRIBUTES = (
    "Only contacts with this value of an attribute that was chosen for breakdowns, as in attr:tariff=gold. At most "
    "three filters at once; - means “none”, as in team=-."
)
ERRORS = {
    400: OpenApiResponse(WrongAddressSerializer, "What is wrong with the address, field by field."),
    403: OpenApiResponse(description="No valid key."),
    404: OpenApiResponse(description="You have no such team, theme or survey."),
}


def narrowing(filters: Sequence[str] = FILTERS) -> list[OpenApiParameter]:
    """The parameters of these filters."""
    own = {f"{ATTRIBUTE}NAME": _ABOUT_ATTRIBUTES} if _has_attributes(filters) else {}
    about = {by: text for by, text in _ABOUT.items() if by in filters} | own
    return [OpenApiParameter(str(by), description=text) for by, text in about.items()]


def read(
    client: Client,
    params: Mapping[str, str],
    has_kind: bool = True,
    filters: Sequence[str] = FILTERS,
    also: Sequence[str] = (),
) -> Asked:
    """What is asked of this client. `filters` are those that the figure knows, `also` what else may stand there.

    Raises WrongAddress with all that is wrong, and Http404 for a row of somebody else.
    """
    wrong: list[dict] = []
    kind = _kind(params.get("kind", ""), wrong) if has_kind else ""
    period = _period(params.get("period", ""), client, wrong)
    own = _attributes(client) if any(map(_is_attribute, [*params, params.get("by", "")])) else []
    by = _by(params.get("by", ""), own, wrong) if "by" in also else ""
    known = {"period", *(["kind"] if has_kind else []), *also}
    where = {}
    for name in params:
        if name in known:
            continue
        if name in filters:
            where[name] = _value(name, params[name], wrong)
        elif _is_attribute(name) and _has_attributes(filters):
            _chosen(name, name, own, wrong)
            where[name] = _value(name, params[name], wrong)
        else:
            wrong.append(_unknown(name, filters))
    if len(where) > MOST_FILTERS:
        wrong.append(_wrong("", "too_many_filters", _("At most three filters at once. Leave one out.")))
    if by and by in where:
        wrong.append(_wrong("by", "filtered", _("What is filtered by “%(by)s” has one value of it.") % {"by": by}))
    if wrong:
        raise WrongAddress(*wrong)
    for name in where.keys() & _ROWS.keys():
        if where[name] and not _ROWS[name](client).filter(pk=where[name]).exists():
            raise Http404
    if where.get(By.TEAM) and By.AGENT not in filters and int(where[By.TEAM]) not in teams.told_to_clients([client.pk]):
        raise Http404
    return Asked(client, kind, period, where, by)


def _wrong(field: str, code: str, message: str) -> dict:
    return {"field": field[:120], "code": code, "message": message}


def _kind(text: str, wrong: list[dict]) -> str:
    if text not in Survey.Kind.values:
        message = _("Name the score: kind=nps, kind=csat or kind=ces.")
        wrong.append(_wrong("kind", "invalid" if text else "required", message))
    return text


def _period(text: str, client: Client, wrong: list[dict]) -> Period | None:
    try:
        return parse(text, client.time_zone)
    except ValueError:
        message = _("Name a whole period, as in period=2026-10, 2026-W45, 2026-Q3 or 2026.")
        wrong.append(_wrong("period", "invalid" if text else "required", message))
        return None


def _by(text: str, own: Sequence[str], wrong: list[dict]) -> str:
    if text == By.AGENT:
        wrong.append(_agents("by"))
    elif _is_attribute(text):
        _chosen("by", text, own, wrong)
    elif text not in FILTERS:
        message = _("Say by what: by=%(known)s, or an attribute of yours, as in by=attr:tariff.")
        wrong.append(_wrong("by", "invalid" if text else "required", message % {"known": ", ".join(FILTERS)}))
    return text


def _has_attributes(filters: Sequence[str]) -> bool:
    """Figures of answers have."""
    return By.VERSION in filters


def _is_attribute(name: str) -> bool:
    return name.startswith(ATTRIBUTE) and name != ATTRIBUTE


def _attributes(client: Client) -> list[str]:
    """Those by which pages break down, too."""
    names = ChosenAttribute.objects.filter(client=client).order_by("name").values_list("name", flat=True)
    return list(map(attribute, names))


def _chosen(field: str, name: str, own: Sequence[str], wrong: list[dict]) -> None:
    if name not in own:
        message = _("Attributes chosen for breakdowns: %(known)s. Take one of them, or have this one chosen as well.")
        wrong.append(_wrong(field, "not_chosen", message % {"known": ", ".join(own) or "–"}))


def _value(name: str, text: str, wrong: list[dict]) -> str:
    """As `dimensions` writes it."""
    if not text or len(text) > LONGEST_VALUE or not text.isprintable():
        message = _("Give a value of up to 120 printable characters, or - for answers without any.")
        wrong.append(_wrong(name, "invalid", message))
    elif text == NONE:
        return ""
    elif name in _ROWS and not (text.isascii() and text.isdigit() and len(text) < 19):
        wrong.append(_wrong(name, "invalid", _("Give its id, a number; or - for answers without any.")))
    elif name == By.GOODWILL and text != "1":
        wrong.append(_wrong(name, "invalid", _("Send 1 for contacts with goodwill, - for those without.")))
    return text


def _unknown(name: str, filters: Sequence[str]) -> dict:
    if name == By.AGENT and filters:
        return _agents(name)
    message = _("There is no such parameter here. Leave it out; filters are: %(known)s.")
    return _wrong(name, "unknown", message % {"known": ", ".join(filters) or "–"})


def _agents(field: str) -> dict:
    message = _("Figures of single people who serve do not leave by API. Ask by team.")
    return _wrong(field, "no_agents", message)
