"""People's judgements on comments: saved, read a second time, taken back, and told.

No judgement replaces one that its author has not seen. Whoever comes too late is told so, and nothing of theirs is
saved. What to judge comes from `desks`; what a judgement does to a reading is a matter of `classification`.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from surveys.models import Answer, Client, Login

from . import classification, text
from .desks import Desk, Drawn, awaiting_second, take
from .models import Correction, Lease, Reading, SecondReading, Theme, ThemeAssignment


class Taken(Exception):
    """Somebody else has judged this comment meanwhile, or has it before them now. Nothing was saved."""


class AlreadySaved(Exception):
    """The same person has judged it since it was shown: the button was pressed twice."""


class Different(Exception):
    """What was shown stands there no more: the customer changed the words, or a machine read them again."""


@dataclass(frozen=True)
class Shown:
    """What a person had before them: whose words, which judgement of people (0: none) and which themes."""

    answer: int
    text_hash: str
    judged: int
    themes: str


@dataclass(frozen=True)
class Judged:
    """One judgement of a person, as a page tells it: themes with their sentiments before and after."""

    at: dt.datetime
    by: Login | None
    drawn: str
    before: tuple[tuple[Theme, int], ...]
    after: tuple[tuple[Theme, int], ...]


# --- Judging -------------------------------------------------------------------------------------------------------


def as_shown(answer: Answer) -> Shown:
    """What a page that shows this comment shows."""
    last = Correction.objects.filter(answer=answer).order_by("-pk").values_list("pk", flat=True).first()
    themes = ",".join(f"{found.theme_id}:{found.sentiment}" for found in answer.assignments.all())
    return Shown(answer.pk, text.fingerprint(answer.text), last or 0, themes)


def judge(
    desk: Desk, shown: Shown, sentiments: dict[Theme, int], dropped: Iterable[str] = (), is_accepted: bool = False
) -> None:
    """What the person says of the comment that was shown: these themes; or, accepted, those that stood there.

    Raises Taken, AlreadySaved or Different, and saves nothing then.
    """
    with transaction.atomic():
        answer = _still(desk, shown)
        now = as_shown(answer)
        if now.judged != shown.judged:
            is_mine = Correction.objects.filter(pk=now.judged, by=desk.login).exists()
            raise AlreadySaved if is_mine else Taken
        if is_accepted and now.themes != shown.themes:
            raise Different
        lease = Lease.objects.filter(answer=answer, by=desk.login).first()
        classification.correct(answer, sentiments, desk.login, dropped, lease.drawn if lease else Drawn.CHOSEN)
        Lease.objects.filter(answer=answer).delete()


def judge_second(desk: Desk, shown: Shown, sentiments: dict[Theme, int]) -> None:
    """What a second person says who has not seen the first one's judgement. That one stands, whatever this one is.

    Raises Taken (also where the comment is not up for a second reading), AlreadySaved or Different.
    """
    with transaction.atomic():
        answer = _still(desk, shown)
        if SecondReading.objects.filter(answer=answer, by=desk.login).exists():
            raise AlreadySaved
        if not awaiting_second(desk).filter(answer=answer).exists():
            raise Taken
        SecondReading.objects.create(
            answer=answer,
            by=desk.login,
            at=desk.at,
            first=_standing(answer)["themes"],
            second={theme.key: sentiment for theme, sentiment in sentiments.items()},
            text_hash=shown.text_hash,
        )
        Lease.objects.filter(answer=answer).delete()


def undo(desk: Desk) -> Answer | None:
    """Take back this person's last judgement of today: what stood before stands again; the comment, None if none is.

    It comes back into the person's hands, drawn as it was.
    """
    later = Correction.objects.filter(answer=OuterRef("answer"), pk__gt=OuterRef("pk"))
    mine = Correction.objects.filter(
        by=desk.login,
        at__gte=desk.today,
        answer__response__client=desk.client,
        drawn__in=(Drawn.MARGIN, Drawn.RANDOM, Drawn.CHOSEN),
    )
    with transaction.atomic():
        last = mine.filter(~Exists(later)).select_related("answer").order_by("-pk").first()
        if last is None:
            return None
        _lock(last.answer_id)
        _restore(last)
        accounts = {"before": last.after, "after": _standing(last.answer)}
        Correction.objects.create(answer=last.answer, by=desk.login, at=timezone.now(), drawn=Drawn.UNDO, **accounts)
        take(last.answer_id, desk, Drawn(last.drawn))
    return last.answer


def undo_second(desk: Desk) -> Answer | None:
    """Take back this person's last second reading of today, unless somebody has judged the comment since; as `undo`."""
    later = Correction.objects.filter(answer=OuterRef("answer"), at__gt=OuterRef("at"))
    mine = SecondReading.objects.filter(by=desk.login, at__gte=desk.today, answer__response__client=desk.client)
    with transaction.atomic():
        last = mine.filter(~Exists(later)).select_related("answer").order_by("-at", "-pk").first()
        if last is None:
            return None
        _lock(last.answer_id)
        last.delete()
        take(last.answer_id, desk, Drawn.RANDOM)
    return last.answer


def _still(desk: Desk, shown: Shown) -> Answer:
    """The comment, locked until the judgement is saved, with the words that were shown and in nobody else's hands."""
    _lock(shown.answer)
    others = Lease.objects.filter(answer=shown.answer, until__gt=desk.at).exclude(by=desk.login)
    if others.exists():
        raise Taken
    answer = Answer.objects.select_related("response__client").get(pk=shown.answer)
    if text.fingerprint(answer.text) != shown.text_hash:
        raise Different
    return answer


def _lock(answer: int) -> None:
    """Whoever judges the same comment waits here. (SQLite locks at the start of the transaction.)"""
    Reading.objects.select_for_update().filter(answer=answer).first()


def _restore(last: Correction) -> None:
    """What stood before, as that judgement's; nothing, where the words have changed since: they are read again."""
    answer, before = last.answer, last.before
    ThemeAssignment.objects.filter(answer=answer).delete()
    if before.get("text_hash") != text.fingerprint(answer.text):
        Reading.objects.filter(answer=answer).delete()
        return
    earlier = Correction.objects.filter(answer=answer, pk__lt=last.pk).order_by("-pk").first()
    is_persons = before["source"] == Reading.Source.PERSON and earlier
    by = {"read_by": earlier.by, "read_at": earlier.at} if is_persons else {"read_by": None, "read_at": timezone.now()}
    columns = ("source", "version", "outcome", "signals")
    Reading.objects.filter(answer=answer).update(**{name: before[name] for name in columns}, **by)
    themes = Theme.objects.filter(client=answer.response.client_id, key__in=before["themes"])
    ThemeAssignment.objects.bulk_create(
        ThemeAssignment(
            answer=answer, theme=theme, sentiment=before["themes"][theme.key], source=before["source"],
            version=before["version"], confidence=confidence, start=start, end=end,
        )
        for theme in themes
        for confidence, start, end in [before["found"][theme.key]]
    )  # fmt: skip


def _standing(answer: Answer) -> dict:
    reading = Reading.objects.filter(answer=answer).first()
    return classification.account(reading, ThemeAssignment.objects.filter(answer=answer).select_related("theme"))


# --- What was said -------------------------------------------------------------------------------------------------


def history(client: Client, answers: Collection[Answer]) -> dict[int, list[Judged]]:
    """People's judgements on each of these answers of the client, newest first. Two queries."""
    themes = {theme.key: theme for theme in Theme.objects.filter(client=client)}
    told = defaultdict(list)
    for one in Correction.objects.filter(answer__in=answers, answer__response__client=client).select_related("by"):
        before, after = named(one.before.get("themes", {}), themes), named(one.after.get("themes", {}), themes)
        told[one.answer_id].append(Judged(one.at, one.by, one.get_drawn_display(), before, after))
    return told


def named(judgement: dict[str, int], themes: dict[str, Theme]) -> tuple[tuple[Theme, int], ...]:
    """A kept judgement with its themes instead of their keys, in the order of the taxonomy."""
    known = [(themes[key], sentiment) for key, sentiment in judgement.items() if key in themes]
    return tuple(sorted(known, key=lambda pair: (pair[0].position, pair[0].key)))
