"""The answers behind a figure: the same filters and the same period, the newest first, a page at a time.

They are shown where at least five answers pass the filters; a score or a group picked out of these needs no five of its
own, for it is no group of people. Nobody is named.
"""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics import counts, figures
from analytics.counts import By
from analytics.models import ThemeAssignment
from analytics.series import Part
from analytics.small_groups import Shown
from analytics.templatetags import voice
from surveys.models import Answer, Group, Response, Survey
from surveys.models.answering import scale_of

from .address import Address
from .scope import Scope

PER_PAGE, MOST_PAGES = 25, 40


@dataclass(frozen=True)
class Said:
    """One response as a list shows it: `about` is what stands below the words, `themes` lead to those who name them,
    too. `has_case` and `href` lead into the admin."""

    response: Response
    about: tuple[str, ...]
    texts: tuple[Answer, ...]


@dataclass(frozen=True)
class Listing:
    """One page of answers. `missing` says in two sentences why there is none; `more` leads to the next page.

    `heading`: how many there are, where that is known without counting comments.
    """

    heading: str
    said: tuple[Said, ...] = ()
    more: str = ""
    missing: tuple[str, str] = ("", "")


def newest(scope: Scope, address: Address, now: Part, most: int, language: str) -> list[Said]:
    """The newest comments of the period; none where the group is too small. Four queries."""
    if now.shown is Shown.HIDDEN:
        return []
    rows = _with_words(_behind(scope, address))
    return [said(response, scope, language) for response in _whole(rows)[:most]]


def listing(scope: Scope, address: Address, now: Part, language: str) -> Listing:
    """The page of answers that the address asks for. Four queries."""
    if now.shown is Shown.HIDDEN:
        return Listing(_("Answers"), missing=too_few(now))
    rows = narrowed(_behind(scope, address), address)
    page = min(address.page, MOST_PAGES)
    found = list(_whole(rows)[(page - 1) * PER_PAGE : page * PER_PAGE + 1])
    more = address.query(page=page + 1) if len(found) > PER_PAGE and page < MOST_PAGES else ""
    if not found:
        return Listing(_("Answers"), missing=(_("No answer passes these filters."), _("Take one off to see more.")))
    return Listing(
        _heading(now, address, language), tuple(said(each, scope, language) for each in found[:PER_PAGE]), more
    )


def _heading(now: Part, address: Address, language: str) -> str:
    if address.only_comments:
        return _("Answers with a comment")
    if _tone(address):
        return _("Answers that criticise the theme") if address.tone == "criticised" else _("Answers that praise it")
    n = _picked(now, address)
    return ngettext("%(n)s answer", "%(n)s answers", n) % {"n": figures.count(n, language)}


def narrowed(rows: QuerySet[Response], address: Address) -> QuerySet[Response]:
    if address.score is not None:
        rows = rows.filter(score=address.score)
    if address.group:
        rows = rows.filter(group=address.group)
    rows = _spoken(rows, address) if _tone(address) else rows
    return _with_words(rows) if address.only_comments else rows


def _tone(address: Address) -> str:
    """How the theme that is filtered by must be spoken of; “” for anyhow, and without a theme."""
    return address.tone if address.where.get(By.THEME) else ""


def _spoken(rows: QuerySet[Response], address: Address) -> QuerySet[Response]:
    """The worst that one answer says of the theme decides, as in every report."""
    theme = address.where[By.THEME]
    led = Q(theme=theme, theme__merged_into=None) | Q(theme__merged_into=theme)
    said = ThemeAssignment.objects.filter(led, answer__response=OuterRef("pk"))
    if address.tone == "criticised":
        return rows.filter(Exists(said.filter(sentiment__lt=0)))
    return rows.filter(Exists(said), ~Exists(said.filter(sentiment__lte=0)))


def why_no_voices(now: Part) -> tuple[str, str]:
    """Nobody wrote anything, or too few answered for it to be shown."""
    if now.shown is Shown.HIDDEN:
        return too_few(now)
    return _("No comment in this period."), _("They appear here as soon as customers write some.")


def too_few(now: Part) -> tuple[str, str]:
    """Why the answers of a group stay hidden."""
    if not now.n:
        return _("No answers in this period."), _("Choose another period, or take a filter off.")
    if now.n < 5:
        said = ngettext("Only one answer.", "Only %(n)s answers.", now.n) % {"n": now.n}
        return said, _("Answers are shown from five on, so that nobody can be recognised.")
    return _("These answers are not shown."), _("They would tell who the fewer than five others are.")


def said(response: Response, scope: Scope, language: str) -> Said:
    """Group, day, team and channel in words; what the customer wrote, in the order of the questions."""
    asked = response.invitation
    day = figures.date_short(response.submitted_at.astimezone(scope.client.zone).date(), language)
    team = scope.teams.get(str(asked.team_id), "") if By.TEAM not in scope.fixed else ""
    about = (_group(response), day, team, asked.get_channel_display() if asked.channel else "")
    return Said(response, tuple(filter(None, about)), tuple(voice.texts(response)))


def _group(response: Response) -> str:
    """“2 of 5, unhappy”; of NPS the group, whose number its mark says."""
    word = voice.group_word(response)
    return word if response.kind == Survey.Kind.NPS else f"{response.score} {word}"


def _picked(now: Part, address: Address) -> int:
    scores = [address.score] if address.score is not None else list(scale_of(address.kind))
    if not address.group:
        return sum(now.counts[score] for score in scores)
    if address.score is not None:
        return now.counts[address.score]
    return dict(zip((Group.PROMOTER, Group.PASSIVE, Group.DETRACTOR), now.groups, strict=True))[Group(address.group)]


def _behind(scope: Scope, address: Address) -> QuerySet[Response]:
    return counts.counting(scope.client, address.kind, [address.period], address.where)


def _with_words(rows: QuerySet[Response]) -> QuerySet[Response]:
    return rows.filter(Exists(Answer.objects.filter(response=OuterRef("pk")).exclude(text="")))


def _whole(rows: QuerySet[Response]) -> QuerySet[Response]:
    return (
        rows.order_by("-submitted_at", "-pk")
        .select_related("client", "invitation", "case")
        .prefetch_related(voice.prefetches())
    )
