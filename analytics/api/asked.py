"""What an address asks for, as dashboards write it: ?kind=csat&period=2026-10&team=12&attr:tariff=gold

Everything wrong with it is told at once, by field, with the mend. What is not the client's does not exist.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers, status
from rest_framework.exceptions import APIException

from surveys.models import Agent, Client, Survey, SurveyVersion, Team

from ..dimensions import ATTRIBUTE, LONGEST_VALUE, By, Where
from ..models import Theme
from ..periods import Period, parse

MOST_FILTERS = 3
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
    field = serializers.CharField(help_text=gettext_lazy("The parameter that it is about."))
    code = serializers.CharField(help_text=gettext_lazy("The same in every language, for programs."))
    message = serializers.CharField(help_text=gettext_lazy("What is wrong and how to mend it, in plain words."))


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
    description=gettext_lazy("A whole week, month, quarter or year of your calendar, as in 2026-W45, 2026-10 …"),
    examples=[
        OpenApiExample("a month", value="2026-10"),
        OpenApiExample("a week", value="2026-W45"),
        OpenApiExample("a quarter", value="2026-Q3"),
        OpenApiExample("a year", value="2026"),
    ],
)
KIND = OpenApiParameter(
    "kind", enum=Survey.Kind.values, required=True, description=gettext_lazy("Which score; they are never added up.")
)
BY = OpenApiParameter(
    "by",
    required=True,
    description=gettext_lazy("Into what: channel, goodwill, language, reason, segment, survey, team, theme, version."),
    examples=[OpenApiExample("teams", value="team"), OpenApiExample("your own attribute", value="attr:tariff")],
)
_ABOUT = {
    By.TEAM: gettext_lazy("Only this team, by its id."),
    By.THEME: gettext_lazy("Only answers that name this theme, by its id."),
    By.SURVEY: gettext_lazy("Only this survey, by its id."),
    By.VERSION: gettext_lazy("Only this version of a survey, by its id."),
    By.CHANNEL: gettext_lazy("Only this channel."),
    By.REASON: gettext_lazy("Only this contact reason, in your word."),
    By.LANGUAGE: gettext_lazy("Only those asked in this language."),
    By.SEGMENT: gettext_lazy("Only this customer segment."),
    By.GOODWILL: gettext_lazy("1: only contacts in which something was given; -: only the others."),
}
NARROWING = [OpenApiParameter(str(by), description=about) for by, about in _ABOUT.items()] + [
    OpenApiParameter(
        f"{ATTRIBUTE}NAME",
        description=gettext_lazy(
            "Only contacts with this value of an attribute of yours, as in attr:tariff=gold. At most three filters at "
            "once; - means “none”, as in team=-."
        ),
    )
]
ERRORS = {
    400: OpenApiResponse(WrongAddressSerializer, gettext_lazy("What is wrong with the address, field by field.")),
    403: OpenApiResponse(description=gettext_lazy("No valid key.")),
    404: OpenApiResponse(description=gettext_lazy("You have no such team, theme or survey.")),
}


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
    by = _by(params.get("by", ""), wrong) if "by" in also else ""
    known = {"period", *(["kind"] if has_kind else []), *also}
    where = {}
    for name in params:
        if name in known:
            continue
        if name in filters or (name.startswith(ATTRIBUTE) and name != ATTRIBUTE and By.VERSION in filters):
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


def _by(text: str, wrong: list[dict]) -> str:
    if text == By.AGENT:
        wrong.append(_agents("by"))
    elif text not in FILTERS and not (text.startswith(ATTRIBUTE) and text != ATTRIBUTE and text.isprintable()):
        message = _("Say by what: by=%(known)s, or an attribute of yours, as in by=attr:tariff.")
        wrong.append(_wrong("by", "invalid" if text else "required", message % {"known": ", ".join(FILTERS)}))
    return text


def _value(name: str, text: str, wrong: list[dict]) -> str:
    """As `dimensions` writes it."""
    if not text or len(text) > LONGEST_VALUE or not text.isprintable() or not name.isprintable():
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
