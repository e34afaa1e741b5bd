"""Text → themes: reads an answer, stores what was read, and lets a person correct it for good.

The truth is the gap: a text without a `Reading` has not been read, and one that its customer changed after the machine
read it is read again. Rules read today, by `rules.read` alone; they know German and English, and say so of the rest.
"""

import datetime as dt
import logging
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from surveys.models import Answer, Client, Login
from surveys.models.people import LANGUAGES

from . import rules, text
from .models import Reading, Theme, ThemeAssignment
from .taxonomy import THEMES

log = logging.getLogger(__name__)

SPOKEN = tuple(code for code, _name in LANGUAGES)
# A change is dated when its page was posted, and seen once it is committed: for so long its texts are looked at again.
COMMITTED_WITHIN = dt.timedelta(minutes=5)


def adopt_starter_taxonomy(client: Client) -> dict[str, Theme]:
    """The client's themes by key; a client that has none yet starts with the starter taxonomy."""
    themes = {theme.key: theme for theme in Theme.objects.filter(client=client)}
    if not themes:
        Theme.objects.bulk_create(
            [
                Theme(client=client, key=t.key, name_en=t.name_en, name_de=t.name_de, side=t.side, position=position)
                for position, t in enumerate(THEMES)
            ],
            ignore_conflicts=True,
        )
        themes = {theme.key: theme for theme in Theme.objects.filter(client=client)}
    return themes


def read(answer: Answer) -> Reading:
    """Judge one text by rules and store the judgement; what a person judged, or judges these words, stays as it is."""
    existing = Reading.objects.filter(answer=answer).first()
    text_hash = text.fingerprint(answer.text)
    if existing and existing.source == Reading.Source.PERSON:
        return existing
    if existing and existing.text_hash == text_hash:
        Reading.objects.filter(pk=existing.pk, text_hash=text_hash).update(read_at=timezone.now())
        return existing
    client = answer.response.client
    language = text.language_of(answer.text, SPOKEN, fallback=answer.response.language)
    found = rules.read(answer.text, language)
    themes = adopt_starter_taxonomy(client)
    judged = {"source": Reading.Source.RULES, "version": rules.RULES_VERSION}
    try:
        with transaction.atomic():
            if existing and not _clear(existing):
                return Reading.objects.get(answer=answer)
            reading = Reading.objects.create(
                answer=answer,
                outcome=found.outcome,
                language=language,
                signals=list(found.signals),
                text_hash=text_hash,
                read_at=timezone.now(),
                **judged,
            )
            ThemeAssignment.objects.bulk_create(
                ThemeAssignment(
                    answer=answer,
                    theme=themes[finding.theme],
                    sentiment=finding.sentiment,
                    confidence=finding.confidence,
                    start=finding.start,
                    end=finding.end,
                    **judged,
                )
                for finding in found.findings
                if finding.theme in themes and not themes[finding.theme].is_retired
            )
    except IntegrityError:  # another worker read it first
        return Reading.objects.get(answer=answer)
    return reading


def unread() -> QuerySet[Answer]:
    """Texts that nobody has read, and those that may have changed since a machine read them."""
    is_stale = Q(reading__read_at__lte=F("response__changed_at") + COMMITTED_WITHIN)
    machines = ~Q(reading__source=Reading.Source.PERSON)
    return Answer.objects.exclude(text="").filter(Q(reading=None) | (is_stale & machines))


def read_missing(limit: int = 1000) -> int:
    """Read every text that is still unread, oldest first; the number looked at. One that fails holds up no other."""
    done = 0
    for answer in unread().select_related("response__client").order_by("pk")[:limit]:
        try:
            read(answer)
            done += 1
        except Exception:
            log.exception("answer %s could not be read; the next sweep tries again", answer.pk)
    return done


def correct(answer: Answer, sentiments: dict[Theme, int], by: Login, dropped: Iterable[str] = ()) -> Reading:
    """A person's judgement: exactly these themes with these sentiments. It replaces the machine's for good.

    `dropped` names signals that the person takes back. ValueError for a theme of another client.
    """
    client_id = answer.response.client_id
    if any(theme.client_id != client_id for theme in sentiments):
        raise ValueError("a theme of another client")
    judged = {"source": Reading.Source.PERSON, "version": ""}
    with transaction.atomic():
        before = Reading.objects.select_for_update().filter(answer=answer).first()
        signals = [key for key in (before.signals if before else []) if key not in set(dropped)]
        language = before.language if before else answer.response.language
        reading, _ = Reading.objects.update_or_create(
            answer=answer,
            defaults={
                "outcome": Reading.Outcome.THEMES if sentiments else Reading.Outcome.EMPTY,
                "language": language,
                "signals": signals,
                "text_hash": text.fingerprint(answer.text),
                "read_by": by,
                "read_at": timezone.now(),
                **judged,
            },
        )
        spans = {a.theme_id: (a.start, a.end) for a in answer.assignments.all()}
        answer.assignments.all().delete()
        ThemeAssignment.objects.bulk_create(
            ThemeAssignment(
                answer=answer,
                theme=theme,
                sentiment=sentiment,
                confidence=None,
                start=spans.get(theme.pk, (None, None))[0],
                end=spans.get(theme.pk, (None, None))[1],
                **judged,
            )
            for theme, sentiment in sentiments.items()
        )
    return reading


def _clear(reading: Reading) -> bool:
    """Take back a machine's judgement; False if somebody judged in the meantime, and that stands."""
    machines = Reading.objects.filter(pk=reading.pk, text_hash=reading.text_hash).exclude(source=Reading.Source.PERSON)
    if not machines.delete()[0]:
        return False
    ThemeAssignment.objects.filter(answer=reading.answer_id).delete()
    return True
