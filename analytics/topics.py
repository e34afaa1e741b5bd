"""Emerging topics: looked for once a week in what nobody's themes fit, kept as suggestions, decided by people.

A topic that is found again goes on; one that was decided stays so, until it has grown to twice what was decided on.
What a person accepts becomes a theme of the client's own, or part of one, and its comments become labels.
"""

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from surveys.models import Agent, Answer, Client, Login

from . import classification, rules, themes
from .learning import starter
from .learning import topics as learning
from .models import Correction, Reading, Theme, Topic, TopicLook, TopicMember
from .readers import ALONE

log = logging.getLogger(__name__)

EVERY = dt.timedelta(days=7)
AGAIN_AFTER = dt.timedelta(hours=1)  # where a look failed
WEEKS = 8  # of comments looked at
FEWEST = 20  # comments below which nothing is looked for
UNSURE = 10  # one in so many of the comments that have a theme: those whose margin is smallest
LOOKS = 5  # clients in one pass
GROWN = 2  # times as many comments bring a decided topic up again


class AlreadyDecided(Exception):
    """Somebody else has decided on this topic meanwhile."""


@dataclass(frozen=True)
class _Cluster:
    """What was found: answers with their distance from the middle, and typical words."""

    distances: Mapping[int, float]
    words: list[str]

    def overlap(self, members: set[int]) -> float:
        """The share of the smaller of the two that stands in the other, 0 to 1."""
        smaller = min(len(self.distances), len(members))
        return len(self.distances.keys() & members) / smaller if smaller else 0.0


# --- Looking ---------------------------------------------------------------------------------------------------------


def look_when_due(clients: QuerySet[Client] | None = None) -> int:
    """Look for topics at clients where nobody has looked for a week, at a few of them; the number looked at."""
    now = timezone.now()
    among = Client.objects.all() if clients is None else clients
    due = among.filter(Q(topic_look=None) | Q(topic_look__looked_at__lte=now - EVERY)).order_by("pk")
    return sum(_look_or_log(client, now) for client in due[:LOOKS] if _is_mine(client, now))


def look_soon(client: Client) -> None:
    """Make the client due at once, whenever it was looked at last."""
    TopicLook.objects.filter(client=client).delete()


def look(client: Client, at: dt.datetime) -> list[Topic]:
    """The topics found in each language that enough comments of the last eight weeks are written in."""
    recent = _recent(client, at).values("language").annotate(n=Count("pk")).filter(n__gte=FEWEST)
    spoken = sorted(recent.values_list("language", flat=True))
    return [topic for language in spoken for topic in look_for(client, language, at)]


def look_for(client: Client, language: str, at: dt.datetime) -> list[Topic]:
    """The open topics among comments without a theme, and those whose themes the machine was least sure of.

    New ones, and those that go on. [] where there are fewer than 20 such comments. What a person judged is left alone.
    What has a theme is told by the client's other comments and, where these are few, by the starter ones.
    """
    recent = _recent(client, at).filter(language=language)
    unsure, sure = _parted(recent)
    if len(unsure) < FEWEST:
        return []
    names = Agent.objects.filter(client=client).values_list("name", flat=True)
    unsaid = {word for name in names for word in name.lower().split()}
    known = [*(words for _, words in sure), *(example.text for example in starter.comments(language))]
    found = learning.clusters([words for _, words in unsure], known, language, unsaid)
    clusters = [_answers_of(cluster, [answer for answer, _ in unsure]) for cluster in found]
    with transaction.atomic():
        Client.objects.select_for_update(no_key=True).get(pk=client.pk)  # two looks at once make no topic twice
        return _keep(client, language, clusters, at)


def _is_mine(client: Client, now: dt.datetime) -> bool:
    """Whether this process is the one to look: it is dated before the work, so that no other one does it, too."""
    made = TopicLook.objects.get_or_create(client=client, defaults={"looked_at": now})[1]
    marks = TopicLook.objects.filter(client=client, looked_at__lte=now - EVERY)
    return made or marks.update(looked_at=now) == 1


def _look_or_log(client: Client, now: dt.datetime) -> int:
    try:
        look(client, now)
    except Exception:
        log.exception("topics of %s could not be looked for; tried again in an hour", client)
        TopicLook.objects.filter(client=client).update(looked_at=now - EVERY + AGAIN_AFTER)
        return 0
    return 1


def _recent(client: Client, at: dt.datetime) -> QuerySet[Reading]:
    """Machines' readings of comments of the last weeks that say anything."""
    since = at - dt.timedelta(weeks=WEEKS)
    of_client = Reading.objects.filter(answer__response__client=client)
    sent = of_client.filter(answer__response__submitted_at__gte=since, answer__response__submitted_at__lt=at)
    return sent.exclude(source=Reading.Source.PERSON).exclude(outcome=Reading.Outcome.EMPTY)


def _parted(recent: QuerySet[Reading]) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """(answer, its words) of those without a sure theme, and of the others; the newest of each."""
    themed = recent.filter(outcome=Reading.Outcome.THEMES)
    least_sure = themed.exclude(margin=None).order_by("margin", "pk")[: themed.count() // UNSURE]
    least = set(least_sure.values_list("pk", flat=True))
    newest = recent.order_by("-answer__response__submitted_at", "-pk")
    rows = newest.values_list("pk", "outcome", "answer", "answer__text")[: 4 * learning.TEXTS]
    parts: tuple[list, list] = ([], [])
    for pk, outcome, answer, words in rows:
        parts[outcome == Reading.Outcome.THEMES and pk not in least].append((answer, words))
    return parts[0][: learning.TEXTS], parts[1][: learning.TEXTS]


def _answers_of(cluster: learning.Cluster, answers: list[int]) -> _Cluster:
    distances = zip(cluster.members, cluster.distances, strict=True)
    return _Cluster({answers[place]: distance for place, distance in distances}, list(cluster.words))


def _keep(client: Client, language: str, clusters: Sequence[_Cluster], at: dt.datetime) -> list[Topic]:
    """Each cluster as a topic: a new one, or the one it goes on with; nothing of what was decided and has not grown."""
    standing = list(Topic.objects.filter(client=client, language=language).prefetch_related("members"))
    members = {topic.pk: {member.answer_id for member in topic.members.all()} for topic in standing}
    kept = []
    for cluster in reversed(clusters):  # the most novel last: lists begin with the latest
        topic = _nearest(cluster, [topic for topic in standing if topic.is_open], members)
        if topic is None:
            decided = _nearest(cluster, [topic for topic in standing if not topic.is_open], members)
            if decided is not None and len(cluster.distances) < GROWN * _size_when_decided(decided):
                _add_members(decided, cluster.distances)
                continue
            topic = Topic(client=client, language=language, found_at=at)
        else:
            standing.remove(topic)  # it goes on in one cluster only
        topic.words, topic.seen_until = cluster.words, at
        topic.save()
        topic.members.exclude(answer__in=cluster.distances).delete()
        _add_members(topic, cluster.distances)
        kept.append(topic)
    return kept


def _nearest(cluster: _Cluster, topics: list[Topic], members: Mapping[int, set[int]]) -> Topic | None:
    """The topic that shares most with the cluster, if that is half of the smaller one."""
    best = max(topics, key=lambda topic: cluster.overlap(members[topic.pk]), default=None)
    return best if best is not None and cluster.overlap(members[best.pk]) >= 0.5 else None


def _size_when_decided(topic: Topic) -> int:
    return topic.members.filter(answer__response__submitted_at__lte=topic.decided_at).count()


def _add_members(topic: Topic, distances: Mapping[int, float]) -> None:
    """Enter those that are missing, and how far all of them stand from the middle now."""
    TopicMember.objects.bulk_create(
        [TopicMember(topic=topic, answer_id=answer, distance=distance) for answer, distance in distances.items()],
        update_conflicts=True,
        unique_fields=["topic", "answer"],
        update_fields=["distance"],
    )


# --- Deciding --------------------------------------------------------------------------------------------------------


def accept(topic: Topic, columns: Mapping, chosen: Mapping[Answer, int], by: Login) -> Theme:
    """A new theme of the client's own (`columns` as `themes.add` takes them), and `chosen` as its first labels.

    `chosen`: members with their sentiment. Raises AlreadyDecided, or BadTaxonomy for what a theme cannot be.
    """
    with transaction.atomic():
        theme = themes.add(topic.client, columns, by)
        _take(topic, theme, Topic.State.ACCEPTED, chosen, by)
    return theme


def merge(topic: Topic, theme: Theme, chosen: Mapping[Answer, int], by: Login) -> None:
    """The topic is part of a theme that the client has: `chosen` members become labels of it. Raises AlreadyDecided."""
    if theme not in themes.in_use(topic.client).values():
        raise ValueError("not a theme that this client uses")
    with transaction.atomic():
        _take(topic, theme, Topic.State.MERGED, chosen, by)


def dismiss(topic: Topic, by: Login) -> None:
    """It is nothing, or nothing new. Raises AlreadyDecided."""
    _decide(topic, Topic.State.OPEN, state=Topic.State.DISMISSED, decided_by=by, decided_at=timezone.now())


def reopen(topic: Topic) -> None:
    """Take a dismissal back. Raises AlreadyDecided if it is not dismissed."""
    _decide(topic, Topic.State.DISMISSED, state=Topic.State.OPEN, decided_by=None, decided_at=None)


def suggested_sentiment(answer: Answer, language: str) -> int:
    """How the rules would feel about the comment on the whole: -1, 0 or 1."""
    total = sum(finding.sentiment for finding in rules.read(answer.text, language).findings)
    return (total > 0) - (total < 0)


def _decide(topic: Topic, before: str, **columns) -> None:
    if not Topic.objects.filter(pk=topic.pk, state=before).update(**columns):
        raise AlreadyDecided
    topic.refresh_from_db()


def _take(topic: Topic, theme: Theme, state: str, chosen: Mapping[Answer, int], by: Login) -> None:
    """The topic is this theme from now on, and so say its chosen members, beside what else was found in them."""
    own = set(topic.members.values_list("answer", flat=True))
    if any(answer.pk not in own for answer in chosen):
        raise ValueError("a comment that is not of this topic")
    _decide(topic, Topic.State.OPEN, state=state, theme=theme, decided_by=by, decided_at=timezone.now())
    in_use = themes.in_use(topic.client)
    for answer, sentiment in chosen.items():
        found = {in_use.get(one.theme.key): one.sentiment for one in answer.assignments.all() if one.theme.key != ALONE}
        found.pop(None, None)
        classification.correct(answer, {**found, theme: sentiment}, by, drawn=Correction.Drawn.TOPIC)
