"""Answers → themes: has each text read, stores what was read, and lets a person correct it for good.

The truth is the gap: a text without a `Reading` has not been read, and one that its customer changed after the machine
read it is read again. Who reads is a matter of `readers`.
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from surveys.models import Answer, Client, Login
from surveys.models.people import LANGUAGES

from . import text, themes
from .models import Correction, Reading, Theme, ThemeAssignment
from .readers import Judgement, Reader, reader_for
from .rules import Finding

log = logging.getLogger(__name__)

SPOKEN = tuple(code for code, _name in LANGUAGES)
# A change is dated when its page was posted, and seen once it is committed: for so long its texts are looked at again.
COMMITTED_WITHIN = dt.timedelta(minutes=5)
AT_ONCE = 200  # texts judged and stored in one transaction


@dataclass(frozen=True)
class _Said:
    """What a reader said of one answer, on its way into the database."""

    answer: Answer
    language: str
    reader: Reader
    judgement: Judgement
    found: dict[Theme, Finding]

    def columns(self, at: dt.datetime) -> dict:
        outcome = self.judgement.outcome
        nothing_left = outcome == Reading.Outcome.THEMES and not self.found  # what it found, the client has given up
        return {
            "outcome": Reading.Outcome.UNCLASSIFIED if nothing_left else outcome,
            "language": self.language,
            "signals": list(self.judgement.signals),
            "source": self.reader.source,
            "version": self.reader.version,
            "text_hash": text.fingerprint(self.answer.text),
            "margin": self.judgement.margin,
            "unseen": self.judgement.unseen,
            "read_at": at,
        }

    def assignments(self) -> Iterator[ThemeAssignment]:
        for theme, finding in self.found.items():
            yield ThemeAssignment(
                answer=self.answer,
                theme=theme,
                sentiment=finding.sentiment,
                source=self.reader.source,
                version=self.reader.version,
                confidence=finding.confidence,
                start=finding.start,
                end=finding.end,
            )


def read(answer: Answer) -> Reading:
    """Judge one text and store the judgement; what a person judged, or judges these words already, stays as it is."""
    return read_all([answer])[0]


def read_all(answers: Sequence[Answer], again: bool = False) -> list[Reading]:
    """Judge texts of any clients together and store what was said; each one's reading, in order.

    What a person judged stays. So does a machine's judgement on the same words, unless it is to be made `again`.
    """
    standing = _standing(answers)
    due = [answer for answer in answers if _is_due(answer, standing.get(answer.pk), again)]
    said = {
        one.answer.pk: one for client, language, members in _groups(due) for one in _said(client, language, members)
    }
    looked_at = [pk for pk in standing if pk not in said]
    machines = Reading.objects.exclude(source=Reading.Source.PERSON)
    machines.filter(answer__in=looked_at).update(read_at=timezone.now())
    if said:
        with transaction.atomic():
            _store(said)
    standing = _standing(answers)
    return [standing[answer.pk] for answer in answers]


def unread() -> QuerySet[Answer]:
    """Texts that nobody has read, and those that may have changed since a machine read them."""
    is_stale = Q(reading__read_at__lte=F("response__changed_at") + COMMITTED_WITHIN)
    machines = ~Q(reading__source=Reading.Source.PERSON)
    return Answer.objects.exclude(text="").filter(Q(reading=None) | (is_stale & machines))


def read_missing(limit: int = 1000) -> int:
    """Read every text that is still unread, oldest first; the number looked at. One that fails holds up no other."""
    due = list(unread().select_related("response__client").order_by("pk")[:limit])
    return sum(read_or_log(due[start : start + AT_ONCE]) for start in range(0, len(due), AT_ONCE))


def read_or_log(answers: Sequence[Answer], again: bool = False) -> int:
    """The number that could be read, together or, if that fails, one by one."""
    try:
        return len(read_all(answers, again))
    except Exception:
        if len(answers) == 1:
            log.exception("answer %s could not be read; the next sweep tries again", answers[0].pk)
            return 0
        return sum(read_or_log([answer], again) for answer in answers)


def correct(
    answer: Answer,
    sentiments: dict[Theme, int],
    by: Login,
    dropped: Iterable[str] = (),
    drawn: str = Correction.Drawn.CHOSEN,
) -> Reading:
    """A person's judgement: exactly these themes with these sentiments. It replaces the machine's for good.

    Without any, it is a comment to which no theme fits; where the machine saw no content, one that says nothing.
    `dropped` names signals that the person takes back; `drawn` says why this comment was looked at. What stood there
    before is kept as a `Correction`. ValueError for a theme of another client.
    """
    client_id = answer.response.client_id
    if any(theme.client_id != client_id for theme in sentiments):
        raise ValueError("a theme of another client")
    now = timezone.now()
    judged = {"source": Reading.Source.PERSON, "version": ""}
    with transaction.atomic():
        before = Reading.objects.select_for_update().filter(answer=answer).first()
        assigned = list(answer.assignments.select_related("theme"))
        signals = [key for key in (before.signals if before else []) if key not in set(dropped)]
        reading, _ = Reading.objects.update_or_create(
            answer=answer,
            defaults={
                "outcome": _outcome(sentiments, before),
                "language": before.language if before else answer.response.language,
                "signals": signals,
                "text_hash": text.fingerprint(answer.text),
                "read_by": by,
                "read_at": now,
                **judged,
            },
        )
        spans = {found.theme.merged_into_id or found.theme_id: (found.start, found.end) for found in assigned}
        answer.assignments.all().delete()
        said = ThemeAssignment.objects.bulk_create(
            ThemeAssignment(
                answer=answer, theme=theme, sentiment=sentiment, confidence=None, start=start, end=end, **judged
            )
            for theme, sentiment in sentiments.items()
            for start, end in [spans.get(theme.pk, (None, None))]
        )
        Correction.objects.create(
            answer=answer,
            by=by,
            at=now,
            drawn=drawn,
            before=account(before, assigned),
            after=account(reading, said),
        )
    return reading


def _outcome(sentiments: dict[Theme, int], before: Reading | None) -> str:
    if sentiments:
        return Reading.Outcome.THEMES
    says_nothing = before is not None and before.outcome == Reading.Outcome.EMPTY
    return Reading.Outcome.EMPTY if says_nothing else Reading.Outcome.UNCLASSIFIED


def account(reading: Reading | None, found: Iterable[ThemeAssignment]) -> dict:
    """How a judgement stands, as a correction keeps it: all that it takes to restore it; empty if there is none."""
    if reading is None:
        return {}
    kept = {name: getattr(reading, name) for name in ("source", "version", "outcome", "signals", "text_hash")}
    found = list(found)
    return {
        **kept,
        "themes": {one.theme.key: one.sentiment for one in found},
        "found": {one.theme.key: [one.confidence, one.start, one.end] for one in found},
    }


def _standing(answers: Sequence[Answer]) -> dict[int, Reading]:
    return {reading.answer_id: reading for reading in Reading.objects.filter(answer__in=answers)}


def _is_due(answer: Answer, standing: Reading | None, again: bool) -> bool:
    if standing is None:
        return True
    if standing.source == Reading.Source.PERSON:
        return False
    return again or standing.text_hash != text.fingerprint(answer.text)


def _groups(answers: Sequence[Answer]) -> Iterator[tuple[Client, str, list[Answer]]]:
    """The answers apart by client and language: a reader knows one of each."""
    groups: dict[tuple[Client, str], list[Answer]] = defaultdict(list)
    for answer in answers:
        language = text.language_of(answer.text, SPOKEN, fallback=answer.response.language)
        groups[answer.response.client, language].append(answer)
    for (client, language), members in groups.items():
        yield client, language, members


def _said(client: Client, language: str, answers: list[Answer]) -> Iterator[_Said]:
    reader, in_use = reader_for(client, language), themes.in_use(client)
    judgements = reader.judge([answer.text for answer in answers])
    for answer, judgement in zip(answers, judgements, strict=True):
        surest_last = sorted(judgement.findings, key=lambda finding: finding.confidence)
        found = {in_use[finding.theme]: finding for finding in surest_last if finding.theme in in_use}
        yield _Said(answer, language, reader, judgement, found)


def _store(said: dict[int, _Said]) -> None:
    """Whoever reads the same texts meanwhile waits at the rows; what a person has said by then stays."""
    now = timezone.now()
    fresh = [Reading(answer=said[pk].answer, **said[pk].columns(now)) for pk in sorted(said)]
    Reading.objects.bulk_create(fresh, ignore_conflicts=True)
    machines = Reading.objects.filter(answer__in=said).exclude(source=Reading.Source.PERSON)
    mine = list(machines.select_for_update().order_by("answer"))
    for reading in mine:
        columns = said[reading.answer_id].columns(now)
        for name, value in columns.items():
            setattr(reading, name, value)
    if mine:
        Reading.objects.bulk_update(mine, columns)
    judged = [reading.answer_id for reading in mine]
    ThemeAssignment.objects.filter(answer__in=judged).delete()
    ThemeAssignment.objects.bulk_create(row for pk in judged for row in said[pk].assignments())
