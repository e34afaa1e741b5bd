"""The rows behind a figure, to take along: who gets what of them, read in chunks, so that memory stays flat.

Whoever may read single answers at the provider gets each as it is, those too that do not count, with the reason
(`for_staff`). Whoever looks from the client's side, and every API key, gets the answers that count (`for_clients`):

- none where the figure itself is hidden;
- no agent, no number of a contact or customer, and no moment but the month: by these, one answer could be tied to one
  person who served or was served;
- of month, survey, version, channel, team, language, reason and segment, in this order, only as many as pages would
  show a figure by, together with the filters: at least five answers share what is told, and from there on stands
  `HIDDEN`. So the file picks out no group of fewer than five: not by the order of its rows, nor less what pages show.
  At most `telling.MOST` are told that differ in the period.

Comments are those that were stored: personal data was taken out before.
"""

import csv
import datetime as dt
import io
import math
from array import array
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from tempfile import TemporaryFile

from django.db import connection
from django.db.models import CharField, Func, QuerySet, Value
from django.db.models.functions import Coalesce

from surveys import bulk
from surveys.models import (
    Agent,
    Answer,
    Client,
    Exclusion,
    FlaggedSheet,
    Login,
    Question,
    Response,
    SurveyVersion,
    Team,
    group_of,
    reach_of,
)
from surveys.models.answering import scale_of

from . import counts, disclosure, teams
from .dimensions import By, Where, matching
from .models import Theme, ThemeAssignment
from .periods import Period
from .small_groups import Shown, protect
from .telling import CONTEXT, Context, depths, month_of, surveys_of

CHUNK = 5000  # answers read at a time
HIDDEN = "*"
SAID = ("comment", "answers", "themes")
FOR_CLIENTS = (*map(str, CONTEXT), "score", "group", *SAID)
_COLUMNS = {
    "id": "pk",
    "submitted_at": "submitted_at",
    "completed_at": "completed_at",
    "changed_at": "changed_at",
    "score": "score",
    "group": "group",
    "is_clicked": "is_preselected",
    "door": "door",
    "campaign": "invitation__campaign__name",
    "medium": "invitation__medium",
    "wave": "invitation__wave__number",
    "about_at": "invitation__about_at",
    "source": "invitation__contact__source",
    "external_id": "invitation__contact__external_id",
    "customer_number": "invitation__customer__number",
    "channel": "invitation__channel",
    "reason": "invitation__contact_reason",
    "segment": "invitation__segment",
    "language": "invitation__language",
    "is_goodwill": "invitation__is_goodwill",
}
_NAMED = ("version_id", "invitation__team", "invitation__agent")  # read beside these, told by name
FOR_STAFF = (*_COLUMNS, "survey", "version", "team", "agent", "standing", "because", *SAID)

Row = tuple[str | int | bool | dt.datetime | None, ...]


@dataclass(frozen=True)
class Table:
    """What leaves: about `n` rows, read while they are sent."""

    head: tuple[str, ...]
    rows: Iterator[Row]
    n: int


def for_clients(client: Client, kind: str, period: Period, where: Where) -> Table:
    """The answers that count, without what could point to a person. Whether the figure is shown, the caller has seen.

    All are found before the first one leaves: how much of each may be told, only the whole says. Themes whose figures
    would be hidden are not told, but where answers are filtered by a theme: these share it.
    """
    found = _Found(counts.counting(client, kind, [period], where), client, period)
    told = _told(client, found, depths(client, kind, period, where, found.cells))
    speech = _Speech(client, _hidden_themes(client, kind, period, where, found.n))
    return Table(FOR_CLIENTS, _client_rows(kind, found, told, speech), found.n)


def for_staff(login: Login, client: Client, kind: str, period: Period, where: Where) -> Table:
    """All verified answers of the period within the login's reach, oldest first, each with its `standing`:

    counts · superseded (the same customer answered later) · excluded (by two people, `because` of that reason).
    Analysts get the sheets that bear the marks of a machine, too: flagged, `because` of that evidence. Who also looks
    from a client's side must not come here: agents are named.
    """
    narrow = [matching(by, value) for by, value in where.items()]
    within = {"client": client, "kind": kind, "submitted_at__gte": period.start, "submitted_at__lt": period.end}
    answers = Response.objects.verified().visible_to(login).filter(*narrow, **within)
    flagged = FlaggedSheet.objects.filter(reach_of(login).analyst_rows(), **within, restored_at=None)
    flagged = flagged.none() if By.THEME in where else flagged.filter(*narrow, invitation__isnull=False)
    names = _Names(client)
    rows = _staff_rows(answers, counts.counting(client, kind, [period], where), names, _Speech(client))
    return Table(FOR_STAFF, chain(rows, _flagged_rows(flagged, names)), answers.count() + flagged.count())


def _hidden_themes(client: Client, kind: str, period: Period, where: Where, n: int) -> set[str]:
    """Of which pages show no figure here. Without filters as `disclosure` decides it, by counts alone."""
    if By.THEME in where:
        return set()
    if where:
        parts = disclosure.of(client, kind, [period], By.THEME, where)[0].parts
    else:
        naming = counts.counts(client, kind, [period], By.THEME)
        parts = protect({theme: sum(found) for (_place, theme), found in naming.items()}, n, overlapping=True)
    return {theme for theme, shown in parts.items() if shown is Shown.HIDDEN}


class _Found:
    """The answers behind a figure, in the order of their keys: the key and a mark of each, 16 bytes in a file.

    A mark is 16 times the place of the context among `contexts`, plus the score.
    """

    def __init__(self, rows: QuerySet[Response], client: Client, period: Period) -> None:
        self.file, self.numbers = TemporaryFile(), []  # noqa: SIM115 - goes with this object
        context = (
            month_of(client, period), "version_id", "invitation__channel", Coalesce("invitation__team", 0),
            "invitation__language", "invitation__contact_reason", "invitation__segment",
        )  # fmt: skip
        places: dict[Hashable, int] = {}
        read = _streamed(rows.order_by("pk").values_list("pk", "score", *context))
        while block := list(islice(read, CHUNK)):
            self.file.write(array("q", chain.from_iterable(self._entry(places, *row) for row in block)))
        survey_of = surveys_of(client)
        self.contexts = [
            (month, survey_of[version], version, channel, team if team != "0" else "", *rest)
            for month, version, channel, team, *rest in map(_texts, places)
        ]

    @property
    def cells(self) -> dict[Context, int]:
        """Context → number of answers."""
        return dict(zip(self.contexts, self.numbers, strict=True))

    @property
    def n(self) -> int:
        return sum(self.numbers)

    def chunks(self) -> Iterator[tuple[list[int], list[int]]]:
        """Keys and marks. All chunks are nearly equal: there are no last few rows to be told apart."""
        size = math.ceil(self.n / math.ceil(self.n / CHUNK)) if self.n else CHUNK
        self.file.seek(0)
        while block := self.file.read(16 * size):
            entries = array("q", block).tolist()
            yield entries[::2], entries[1::2]

    def _entry(self, places: dict[Hashable, int], pk: int, score: int, context: Hashable) -> tuple[int, int]:
        place = places.get(context)
        if place is None:
            place = places[context] = len(places)
            self.numbers.append(0)
        self.numbers[place] += 1
        return pk, 16 * place + score


def _streamed(rows: QuerySet) -> Iterator[tuple[int, int, Hashable]]:
    """Of each row of a `values_list` two numbers and the rest, of which `_texts` makes texts.

    COPY on PostgreSQL, because a cursor is planned for its first rows, and then takes several times as long to read
    them all. The rest is left as it comes: few differ, and each is read once.
    """
    if connection.vendor != "postgresql":
        yield from ((first, second, tuple(rest)) for first, second, *rest in rows.iterator(CHUNK))
        return
    statement, params = rows.query.sql_with_params()
    copied = "COPY (" + statement + ") TO STDOUT (FORMAT csv)"
    with connection.cursor() as cursor, cursor.copy(copied, params) as lines:
        for line in lines:
            first, second, rest = bytes(line).split(b",", 2)
            yield int(first), int(second), rest


def _texts(rest: tuple | bytes) -> list[str]:
    return next(csv.reader(io.StringIO(rest.decode(), ""))) if isinstance(rest, bytes) else list(map(str, rest))


def _told(client: Client, found: "_Found", depth: Mapping[Context, int]) -> dict[Context, Context]:
    """Every context as it is told: by names, as far as it may be."""
    names, told = _Names(client), {}
    named = teams.told_to_clients([client.pk])
    for path in found.contexts:
        month, _survey, version, channel, team, *rest = path
        survey, number = names.versions[int(version)]
        team = named.get(int(team), HIDDEN) if team else ""
        known = (month or HIDDEN, survey, str(number), channel, team, *rest)[: depth[path]]
        told[path] = (*known, *[HIDDEN] * (len(CONTEXT) - len(known)))
    return told


def _client_rows(kind: str, found: "_Found", told: Mapping[Context, Context], speech: "_Speech") -> Iterator[Row]:
    """Each chunk in the order of what it tells."""
    groups = {score: group_of(kind, score).value for score in scale_of(kind)}
    for pks, marks in found.chunks():
        said = speech.of(pks)
        begins = {mark: (*told[found.contexts[mark // 16]], mark % 16, groups[mark % 16]) for mark in set(marks)}
        alike = defaultdict(list)
        for pk, mark in zip(pks, marks, strict=True):
            alike[begins[mark]].append(said[pk])
        for begin in sorted(alike):
            yield from (begin + rest for rest in sorted(alike[begin]))


def _staff_rows(
    answers: QuerySet[Response], counting: QuerySet[Response], names: "_Names", speech: "_Speech"
) -> Iterator[Row]:
    told = [_Moment(path) if path.endswith("_at") else path for path in _COLUMNS.values()]
    details = Response.objects.order_by("submitted_at", "pk").values_list(*told, *_NAMED)
    for pks in _chunks(answers.order_by("submitted_at", "pk").values_list("pk", flat=True)):
        said = speech.of(pks)
        do_count = set(counting.filter(bulk.among("pk", pks)).values_list("pk", flat=True))
        excluded = Exclusion.objects.standing().filter(bulk.among("response_id", pks)).order_by()
        reasons = dict(excluded.values_list("response", "reason"))
        for *cells, version, team, agent in details.filter(bulk.among("pk", pks)):
            pk = cells[0]
            standing = "counts" if pk in do_count else "excluded" if pk in reasons else "superseded"
            yield (*cells, *names.of(version, team, agent), standing, reasons.get(pk, ""), *said[pk])


class _Moment(Func):
    """As `tables` writes it, by the database: Python would read and write four in each row."""

    template = "to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    output_field = CharField()

    def as_sqlite(self, compiler, connection, **extra):
        template = "strftime('%%%%Y-%%%%m-%%%%dT%%%%H:%%%%M:%%%%SZ', %(expressions)s)"
        return self.as_sql(compiler, connection, template=template, **extra)


def _flagged_rows(sheets: QuerySet[FlaggedSheet], names: "_Names") -> Iterator[Row]:
    known = {field.name for field in FlaggedSheet._meta.get_fields()} | {"pk"}
    paths = [path if path.partition("__")[0] in known else Value(None, CharField()) for path in _COLUMNS.values()]
    read = sheets.order_by("submitted_at", "pk").values_list(*paths, *_NAMED, "evidence", "sheet__said")
    for *cells, version, team, agent, evidence, said in read.iterator(CHUNK):
        others = "; ".join(f"{key}={value}" for key, value in said.items() if key not in (Question.SCORE, "comment"))
        told = (said.get("comment", ""), others, "")
        yield (*cells, *names.of(version, team, agent), "flagged", "; ".join(evidence), *told)


def _chunks(pks: QuerySet[int]) -> Iterator[list[int]]:
    found = pks.iterator(CHUNK)
    while chunk := list(islice(found, CHUNK)):
        yield chunk


class _Names:
    """What a client's survey versions, teams and agents are called."""

    def __init__(self, client: Client) -> None:
        versions = SurveyVersion.objects.filter(survey__client=client)
        rows = versions.values_list("pk", "survey__name", "number")
        self.versions = {pk: (name, number) for pk, name, number in rows}
        self.teams = dict(Team.objects.filter(client=client).values_list("pk", "name"))
        self.agents = dict(Agent.objects.filter(client=client).values_list("pk", "name"))

    def of(self, version: int, team: int | None, agent: int | None) -> tuple[str, int, str, str]:
        """Survey, number of its version, team, agent."""
        return (*self.versions[version], self.teams.get(team, ""), self.agents.get(agent, ""))


class _Speech:
    """What was said on each sheet: the comment, the other answers by question key, the themes by theme key."""

    def __init__(self, client: Client, hidden: Collection[str] = ()) -> None:
        """`hidden`: primary keys of the themes that are not told."""
        self.questions = dict(Question.objects.filter(version__survey__client=client).values_list("pk", "key"))
        rows = list(Theme.objects.filter(client=client).values_list("pk", "key", "merged_into"))
        keys = {pk: key for pk, key, _into in rows}
        self.themes = {pk: keys[into or pk] for pk, _key, into in rows if str(into or pk) not in hidden}

    def of(self, pks: Sequence[int]) -> dict[int, tuple[str, str, str]]:
        """By a response's key. Two queries."""
        texts, others, named = defaultdict(list), defaultdict(list), defaultdict(dict)
        sheets = {}
        answers = Answer.objects.filter(bulk.among("response_id", pks)).order_by("question_id", "pk")
        for pk, sheet, question, text, value, choice in answers.values_list(
            "pk", "response_id", "question_id", "text", "value", "choice"
        ):
            if text:
                texts[sheet].append(text)
                sheets[pk] = sheet
            else:
                others[sheet].append(f"{self.questions[question]}={choice or value}")
        assigned = ThemeAssignment.objects.filter(bulk.among("answer_id", list(sheets))).order_by()
        for answer, theme, sentiment in assigned.values_list("answer_id", "theme_id", "sentiment"):
            if key := self.themes.get(theme):
                own = named[sheets[answer]]
                own[key] = min(sentiment, own.get(key, sentiment))  # the worst, as in every report
        return {
            pk: ("\n".join(texts[pk]) if pk in texts else "",
                 "; ".join(others[pk]) if pk in others else "",
                 _themes(named[pk]) if pk in named else "")
            for pk in pks
        }  # fmt: skip


def _themes(sentiments: Mapping[str, int]) -> str:
    """staff:positive; waiting_time:negative."""
    return "; ".join(f"{key}:{_SENTIMENTS[sentiment]}" for key, sentiment in sorted(sentiments.items()))


_SENTIMENTS = {int(sentiment): sentiment.name.lower() for sentiment in ThemeAssignment.Sentiment}
