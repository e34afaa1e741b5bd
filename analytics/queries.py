"""Every read over responses: the client first, then the period; frozen dataclasses out. "No data" is None, never zero.

What counts are verified responses: of customers whom we asked, with a score, whether they filled in the rest or not,
and not excluded by two people.
One counts in the period in which it was begun; where one customer answered a kind of survey several times in a period,
the latest counts. What stands beside them (open links, flagged sheets, clicks) is counted apart. An invitation counts
in the period that it is about (`about_at`), and its response with it. CSAT, CES and NPS are never added up. What fewer
than `SHOWN_FROM` answers stand behind stays hidden; fewer than `VALUE_FROM` are too few for a claim: such a period is
drawn in no chart and compared with nothing.
"""

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from operator import add

from django.db.models import (
    Case,
    Count,
    F,
    Min,
    Q,
    QuerySet,
    SmallIntegerField,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, RowNumber

from surveys.models import Answer, Client, Group, Response, Survey, SurveyVersion

from . import scores
from .beside import Beside as Beside
from .beside import beside as beside
from .counts import SCORES, By, counts, groups
from .found import LED
from .found import Found as Found
from .found import found as found
from .funnels import Funnel as Funnel
from .funnels import funnels as funnels
from .funnels import total as total
from .models import Reading, Theme, ThemeAssignment
from .periods import Period, run_back
from .scores import SHOWN_FROM, VALUE_FROM, Change, Estimate, Groups, Verdict

TREND_LENGTH = 8

Kind = Survey.Kind
ALL = tuple(Kind.values)


@dataclass(frozen=True)
class PeriodScore:
    """The answers of one period: promoters, passives, detractors (for CSAT happy, middling, unhappy) and their score.

    NPS in points; CSAT as the share of 4 and 5 of 5, CES as that of 5 to 7 of 7, in percent. `estimate` is None below
    `SHOWN_FROM` answers.
    """

    period: Period
    groups: Groups
    estimate: Estimate | None

    @property
    def n(self) -> int:
        return sum(self.groups)

    @property
    def is_firm(self) -> bool:
        return self.n >= VALUE_FROM


@dataclass(frozen=True)
class Score:
    """One kind of survey over consecutive periods, oldest first; the last is the one reported.

    From the place `begins` on, each survey kept its wording: nothing is compared across a series break. `change` is
    against the period before: None where a side is too thin, and in the first period of a series.
    """

    kind: str
    run: tuple[PeriodScore, ...]
    begins: int
    change: Change | None

    @property
    def now(self) -> PeriodScore:
        return self.run[-1]

    @property
    def before(self) -> PeriodScore:
        return self.run[-2]

    @property
    def is_new_series(self) -> bool:
        return self.begins == len(self.run) - 1


@dataclass(frozen=True)
class Mentions:
    """In how many comments a theme is named, by its sentiment there; the worst one, where texts of one disagree."""

    negative: int = 0
    neutral: int = 0
    positive: int = 0

    @property
    def total(self) -> int:
        return self.negative + self.neutral + self.positive


@dataclass(frozen=True)
class ThemeShare:
    """One theme: its share of all comments now and before, and what the tests say after Benjamini–Hochberg.

    A theme counts with all that was merged into it. A part stands for itself; its names say what it is part of.
    `verdict` is on being named at all, `criticism` on being named negatively; None where nothing can be compared.
    """

    theme: int
    name_en: str
    name_de: str
    side: str
    now: Mentions
    before: Mentions
    share: Estimate | None
    share_before: Estimate | None
    verdict: Verdict | None
    criticism: Verdict | None


@dataclass(frozen=True)
class Themes:
    """What comments are about; a comment is all that a customer wrote on one sheet.

    `comments` have content and have been read; `unclassified`: no theme was found in any of their texts, and nobody has
    said that none fits; `shares` by frequency, empty if too few.
    """

    comments: int
    comments_before: int
    unclassified: int
    shares: tuple[ThemeShare, ...]

    @property
    def is_compared(self) -> bool:
        return any(share.verdict for share in self.shares)


@dataclass(frozen=True)
class Voice:
    """One redacted comment, without who served."""

    group: str
    score: int
    top: int
    text: str
    language: str
    on: dt.date
    channel: str


def score(client: Client, period: Period, kind: str) -> Score:
    """The score of a kind of survey in this and the periods before, with the change against the last one."""
    run = run_back(period, TREND_LENGTH)
    counted = counts(client, kind, run, By.VERSION)
    surveys = dict(SurveyVersion.objects.filter(survey__client=client).values_list("pk", "survey"))
    sums = [[0] * len(SCORES) for _ in run]
    versions = [defaultdict(set) for _ in run]
    for (place, version), numbers in counted.items():
        sums[place] = list(map(add, sums[place], numbers))
        versions[place][surveys[int(version)]].add(int(version))
    found = Score(
        kind,
        tuple(_period_score(kind, part, groups(kind, number)) for part, number in zip(run, sums, strict=True)),
        begins=_series_start(versions),
        change=None,
    )
    if found.is_new_series or not (found.before.is_firm and found.now.is_firm):
        return found
    return replace(found, change=_change(kind, found.before.groups, found.now.groups))


def themes(client: Client, period: Period, told: Sequence[Collection[str]] = (ALL, ALL)) -> Themes:
    """Which share of the comments names which theme, in this and the previous period. Three queries.

    `told`: the kinds of survey that are looked at, in the period before and in this one.
    """
    run = run_back(period, 2)
    settled = Q(reading__outcome=Reading.Outcome.THEMES) | Q(reading__source=Reading.Source.PERSON)
    texts = _read_comments(client, run, told).order_by().values_list("place", "response")
    comments = [0, 0]
    unclassified = 0
    for place, _response, settled_texts in texts.annotate(settled=Count("pk", filter=settled)):
        comments[place] += 1
        unclassified += place == 1 and not settled_texts
    shares = _theme_shares(client, run, comments, told) if comments[1] >= SHOWN_FROM else ()
    return Themes(comments[1], comments[0], unclassified, shares)


def voices(client: Client, period: Period, kinds: Collection[str] = ALL) -> list[Voice]:
    """One comment of each group, unhappiest first, drawn by a hash: reproducible, and nobody can choose it.

    Of these kinds of survey. None at all where fewer than `SHOWN_FROM` people answered. Three queries.
    """
    run = [period]
    if _counting(client, run, [kinds]).count() < SHOWN_FROM:
        return []
    drawn = {}
    for pk, group in _read_comments(client, run, [kinds]).values_list("pk", "response__group"):
        drawn[group] = min(drawn.get(group, pk), pk, key=lambda answer: _lot(answer, period))
    answers = Answer.objects.filter(pk__in=drawn.values()).select_related("response__invitation", "reading")
    by_group = {answer.response.group: answer for answer in answers}
    return [_voice(by_group[group], client) for group in Group.values if group in by_group]


def _counting(client: Client, run: list[Period], told: Sequence[Collection[str]]) -> QuerySet[Response]:
    """The responses of each period's kinds that count, each with the `place` of its period in `run`."""
    within = Q(pk__in=[])
    for period, kinds in zip(run, told, strict=True):
        within |= Q(submitted_at__gte=period.start, submitted_at__lt=period.end, kind__in=list(kinds))
    return latest(Response.objects.counting().filter(within, client=client), run)


def latest(responses: QuerySet[Response], run: list[Period]) -> QuerySet[Response]:
    """Of each customer the latest of a kind and period, each with the `place` of its period in `run`.

    One whose customer was erased stands for a person of its own.
    """
    person = Coalesce("customer_id", -F("pk"))
    latest_first = Window(
        RowNumber(), partition_by=[F("kind"), F("place"), person], order_by=[F("submitted_at").desc(), F("pk").desc()]
    )
    return (
        responses.filter(submitted_at__gte=run[0].start, submitted_at__lt=run[-1].end)
        .annotate(place=_place("submitted_at", run))
        .annotate(rank=latest_first)
        .filter(rank=1)
        .order_by()
    )


def _read_comments(client: Client, run: list[Period], told: Sequence[Collection[str]]) -> QuerySet[Answer]:
    """Texts of the responses that count, which have been read and say something."""
    return (
        Answer.objects.filter(response__client=client, response__in=_counting(client, run, told).values("pk"))
        .filter(reading__outcome__in=[Reading.Outcome.THEMES, Reading.Outcome.UNCLASSIFIED])
        .annotate(place=_place("response__submitted_at", run))
    )


def _place(column: str, run: list[Period]) -> Case:
    ranges = (Q(**{f"{column}__gte": period.start, f"{column}__lt": period.end}) for period in run)
    places = (When(within, then=Value(place)) for place, within in enumerate(ranges))
    return Case(*places, output_field=SmallIntegerField())


def _period_score(kind: str, period: Period, groups: Groups) -> PeriodScore:
    is_shown = sum(groups) >= SHOWN_FROM
    estimate = scores.nps(*groups) if kind == Kind.NPS else scores.share(groups[0], sum(groups))
    return PeriodScore(period, groups, estimate if is_shown else None)


def _change(kind: str, before: Groups, now: Groups) -> Change | None:
    if kind == Kind.NPS:
        return scores.nps_change(before, now)
    return scores.share_change((before[0], sum(before)), (now[0], sum(now)))


def _series_start(versions: list[dict[int, set[int]]]) -> int:
    """The place from which on each survey kept the wording it has at the end."""
    newest: dict[int, set[int]] = {}
    for place in range(len(versions) - 1, -1, -1):
        for survey, asked in versions[place].items():
            if asked != newest.setdefault(survey, asked):
                return place + 1
    return 0


def _theme_shares(
    client: Client, run: list[Period], comments: list[int], told: Sequence[Collection[str]]
) -> tuple[ThemeShare, ...]:
    """Themes by frequency now. Two families of tests, on being named and on being named negatively."""
    mentions = _mentions(client, run, told)
    themes = Theme.objects.filter(client=client).select_related("parent")
    named = [theme for theme in themes if mentions[0][theme.pk] or mentions[1][theme.pk]]
    pairs = [(_sentiments(mentions[0][theme.pk]), _sentiments(mentions[1][theme.pk])) for theme in named]
    at_all = _verdicts([(was.total, now.total) for was, now in pairs], comments)
    critical = _verdicts([(was.negative, now.negative) for was, now in pairs], comments)
    shares = [
        ThemeShare(
            theme.pk,
            theme.full_name("en"),
            theme.full_name("de"),
            theme.side,
            now,
            was,
            scores.share(now.total, comments[1]),
            scores.share(was.total, comments[0]) if comments[0] >= SHOWN_FROM else None,
            verdict,
            criticism,
        )
        for theme, (was, now), verdict, criticism in zip(named, pairs, at_all, critical, strict=True)
    ]
    return tuple(sorted(shares, key=lambda share: -share.now.total))


def _mentions(client: Client, run: list[Period], told: Sequence[Collection[str]]) -> list[dict[int, Counter]]:
    """Per place in `run`: theme → sentiment → number of comments. A theme in two texts of one is in one comment."""
    found = [defaultdict(Counter), defaultdict(Counter)]
    assignments = ThemeAssignment.objects.filter(answer__in=_read_comments(client, run, told).values("pk"))
    rows = assignments.annotate(place=_place("answer__response__submitted_at", run)).order_by()
    comments = rows.values_list("place", LED, "answer__response").annotate(worst=Min("sentiment"))
    for place, theme, _response, worst in comments:
        found[place][theme][worst] += 1
    return found


def _sentiments(count: Counter) -> Mentions:
    kinds = ThemeAssignment.Sentiment
    return Mentions(count[kinds.NEGATIVE], count[kinds.NEUTRAL], count[kinds.POSITIVE])


def _verdicts(pairs: list[tuple[int, int]], comments: list[int]) -> list[Verdict | None]:
    """What each change of a share claims, once all of them are compared together (Benjamini and Hochberg)."""
    if min(comments) < VALUE_FROM:
        return [None] * len(pairs)
    changes = [scores.share_change((was, comments[0]), (now, comments[1])) for was, now in pairs]
    news = scores.benjamini_hochberg([change.p for change in changes])
    return [
        change.verdict if is_news else Verdict.NO_CLEAR_CHANGE for change, is_news in zip(changes, news, strict=True)
    ]


def _lot(answer_id: int, period: Period) -> str:
    return hashlib.sha256(f"{answer_id}:{period.kind}:{period.first_on}".encode()).hexdigest()


def _voice(answer: Answer, client: Client) -> Voice:
    response = answer.response
    return Voice(
        group=response.group,
        score=response.score,
        top=response.top,
        text=answer.text,
        language=answer.reading.language,
        on=response.submitted_at.astimezone(client.zone).date(),
        channel=response.invitation.channel,
    )
