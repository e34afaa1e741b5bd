"""After a contact: each one that ended gets a verdict from every post-contact campaign of its client.

Contacts are marked (`Mark`) whenever their source says something new; the planner judges what is marked and removes
the mark. So it never looks at a contact twice, and a minute without contacts costs two queries.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from operator import attrgetter

from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import GreaterThanOrEqual

from ..bulk import among
from ..eligibility import Candidate, Reason
from ..models import Campaign, Client, Contact, Invitation, Mark, SurveyVersion
from . import verdicts
from .turns import TakenError, alone_at
from .verdicts import Judge

State = Contact.State
MANY = 20_000  # marks: with more, a second planner is worth its start


def _or_nothing(path: str) -> Coalesce:
    """The text at the far end of a relation that may not be there."""
    return Coalesce(path, Value(""))


# As `Candidate` has them, after the key of the draw and the moment.
_COLUMNS = (
    "email", _or_nothing("customer__phone"), "source", "has_consent", "customer_id",
    _or_nothing("customer__language"), _or_nothing("customer__segment"), _or_nothing("customer__time_zone"),
    "pk", "state", "language", "channel", "reason", "agent_id", "team_id", _or_nothing("team__name"),
    Cast("tags", TextField()), "is_spam", "is_test", "is_goodwill", "is_agent_initiated",
)  # fmt: skip


class NotToBeJudged(ValueError):
    """The contact is still open, from before the campaign, or another client's; or the campaign cannot ask."""


def plan_contacts(at: dt.datetime) -> int:
    """Judge every contact that awaits it, for each campaign that has not judged it yet; the number of verdicts.

    Several planners at once spread over the clients: where another one is at work, this one comes back at the end.
    """
    _mark_for_new_campaigns()
    marks = Mark.objects.filter(client=OuterRef("pk"))
    clients = Client.objects.filter(Exists(marks), is_active=True).order_by("pk")
    judged, taken = 0, []
    for client_ids, waits in ((list(clients.values_list("pk", flat=True)), False), (taken, True)):
        for client_id in client_ids:
            try:
                for verdicts_made in _plan(client_id, at, waits=waits):
                    judged += verdicts_made
            except TakenError:
                taken.append(client_id)
    return judged


def is_behind() -> bool:
    """Whether more contacts await their verdicts than one planner judges in a second or two."""
    return Mark.objects.all()[MANY : MANY + 1].exists()


def judge_now(campaign: Campaign, contact: Contact, at: dt.datetime) -> Invitation:
    """The verdict of this campaign on this contact: the one that it has, else a new one, by the same rules as ever.

    Raises NotToBeJudged where the planner would give none.
    """
    with alone_at(campaign.client_id):
        of_both = Invitation.objects.filter(campaign=campaign, contact=contact)
        if verdict := of_both.exclude(reason=Reason.REOPENED).first():
            return verdict
        working = verdicts.working(Campaign.Kind.POST_CONTACT).filter(pk=campaign.pk).first()
        found = candidates_of(Contact.objects.filter(pk=contact.pk, client=campaign.client_id))
        if not working or not found or found[0].about_at < _start(working):
            raise NotToBeJudged(f"campaign {campaign.pk} does not judge contact {contact.pk}")
        of_both.delete()
        Judge(working).record(found, at)
        return of_both.get()


def _mark_for_new_campaigns() -> None:
    """Mark the past of campaigns that begin to work: new, published at last, or starting earlier than they did."""
    published = SurveyVersion.objects.published().filter(survey=OuterRef("survey"))
    campaigns = Campaign.objects.filter(kind=Campaign.Kind.POST_CONTACT, client__is_active=True)
    campaigns = campaigns.annotate(works=Exists(published))
    other_start = Q(judged_from_on=None) | ~Q(judged_from_on=F("starts_on"))
    stopped = Q(works=False, judged_from_on__isnull=False)
    for campaign in campaigns.filter(Q(other_start, works=True) | stopped).select_related("client"):
        with alone_at(campaign.client_id):
            if campaign.works and (not campaign.judged_from_on or campaign.starts_on < campaign.judged_from_on):
                unjudged = ~Exists(Invitation.objects.filter(campaign=campaign, contact=OuterRef("pk")))
                past = Contact.objects.filter(unjudged, client=campaign.client_id)
                over_at = Coalesce("ended_at", "started_at")
                past.filter(GreaterThanOrEqual(over_at, _start(campaign))).mark()
            judged_from_on = campaign.starts_on if campaign.works else None
            Campaign.objects.filter(pk=campaign.pk).update(judged_from_on=judged_from_on)


def _plan(client_id: int, at: dt.datetime, *, waits: bool) -> Iterator[int]:
    """Batch by batch, the number of verdicts. Raises TakenError where it should not wait for its turn."""
    after = 0
    while after is not None:
        after, judged = _plan_batch(client_id, after, at, waits=waits)
        yield judged


def _plan_batch(client_id: int, after: int, at: dt.datetime, *, waits: bool) -> tuple[int | None, int]:
    """One batch of marked contacts: the last id, None where it was the last batch; and the number of verdicts.

    Whoever marks contacts is alone at the client, too: what is marked stays the same from reading to clearing.
    """
    with alone_at(client_id, waits=waits):
        marks = Mark.objects.filter(client=client_id, contact__gt=after)
        ids = list(marks.order_by("contact").values_list("contact", flat=True)[: verdicts.BATCH])
        if not ids:
            return None, 0
        ready = candidates_of(Contact.objects.filter(among("pk", ids)))
        campaigns = verdicts.working(Campaign.Kind.POST_CONTACT).filter(client=client_id)
        judged = sum(_judge(campaign, ready, at) for campaign in campaigns)
        marks.filter(contact__lte=ids[-1]).delete()
    return (ids[-1] if len(ids) == verdicts.BATCH else None), judged


def _judge(campaign: Campaign, ready: list[Candidate], at: dt.datetime) -> int:
    """Judge those without a verdict. Who was reopened before the mail left, and is finished again, gets a new one."""
    so_far = Invitation.objects.filter(among("contact_id", [who.contact_id for who in ready]), campaign=campaign)
    reasons = dict(so_far.order_by().values_list("contact_id", "reason"))
    start = _start(campaign)
    unjudged = [
        who
        for who in ready
        if who.about_at >= start and reasons.get(who.contact_id, Reason.REOPENED) == Reason.REOPENED
    ]
    if again := [who.contact_id for who in unjudged if who.contact_id in reasons]:
        Invitation.objects.filter(campaign=campaign, contact__in=again).delete()
    return Judge(campaign).record(unjudged, at)


def _start(campaign: Campaign) -> dt.datetime:
    return dt.datetime.combine(campaign.starts_on, dt.time(), campaign.client.zone)


def candidates_of(contacts: QuerySet[Contact]) -> list[Candidate]:
    """The contacts that are over, as candidates in the order of their ends."""
    over = told(contacts.exclude(state=State.OPEN)).order_by()
    return sorted(as_candidates(over), key=attrgetter("about_at", "contact_id"))


def told(contacts: QuerySet[Contact]) -> QuerySet[Contact, tuple]:
    """What contacts tell, as `as_candidates` takes it; `over_at` is their end, or the start of those that had none."""
    contacts = contacts.annotate(over_at=Coalesce("ended_at", "started_at"))
    return contacts.values_list("source", "external_id", "over_at", *_COLUMNS)


def as_candidates(rows: Iterable[tuple]) -> Iterator[Candidate]:
    for source, number, over_at, *says in rows:
        yield Candidate(f"{source}:{number}", over_at, *says)
