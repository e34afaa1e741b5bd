"""Many answers at once: a crowd of customers, each asked once, with their scores, at a day of the client's calendar."""

import datetime as dt
import itertools

from analytics.models import Reading, ThemeAssignment
from surveys.models import Answer, Campaign, Customer, Invitation, Response, Wave, group_of
from tests import factories

_crowd = itertools.count(1)
SCORES = {"nps": (10, 8, 2), "csat": (5, 3, 1), "ces": (7, 4, 1)}


def answered(client, day, groups, kind="nps", theme=None, **context):
    """So many promoters, passives and detractors answer in the days from `day` on, one after the other each hour.

    `context` is the invitation's (team, channel, contact_reason …); with a theme, each writes a comment that names it.
    """
    scores = [score for score, n in zip(SCORES[kind], groups, strict=True) for _each in range(n)]
    at = dt.datetime.combine(day, dt.time(8), client.zone)
    wave = _wave(client, kind, day)
    number = next(_crowd)
    customers = Customer.objects.bulk_create(
        Customer(client=client, key=f"crowd {number}, {place}", first_seen_at=at) for place in range(len(scores))
    )
    version = wave.campaign.survey.current
    asked = {"client": client, "campaign": wave.campaign, "wave": wave, "is_asked": True, "version": version}
    times = {"decided_at": at, "about_at": at, "due_at": at, "expires_at": at + dt.timedelta(days=14)}
    invitations = Invitation.objects.bulk_create(
        Invitation(customer=customer, **{"language": "de", **asked, **times, **context}) for customer in customers
    )
    responses = Response.objects.bulk_create(
        Response(
            client=client, invitation=invitation, customer_id=invitation.customer_id, version=version, kind=kind,
            score=score, language="de",
            group=group_of(kind, score), submitted_at=at, completed_at=at,
        )
        for invitation, score in zip(invitations, scores, strict=True)
    )  # fmt: skip
    if theme:
        _name(responses, version, theme)
    return responses


def _wave(client, kind, day):
    campaign = Campaign.objects.filter(client=client, survey__kind=kind, kind=Campaign.Kind.PERIODIC).first()
    campaign = campaign or Campaign.objects.create(
        client=client,
        survey=factories.make_survey(client, kind),
        kind=Campaign.Kind.PERIODIC,
        wave_days=30,
        name=f"crowd {kind}",
        starts_on=day,
    )
    return Wave.objects.create(campaign=campaign, number=next(_crowd), starts_on=day)


def _name(responses, version, theme):
    question = version.questions.get(key="comment")
    answers = Answer.objects.bulk_create(
        Answer(response=response, question=question, text="Ewig gewartet.") for response in responses
    )
    judged = {"source": "rules", "version": "rules", "text_hash": "0"}
    Reading.objects.bulk_create(
        Reading(answer=answer, outcome="themes", language="de", signals=[], read_at=factories.NOW, **judged)
        for answer in answers
    )
    ThemeAssignment.objects.bulk_create(
        ThemeAssignment(answer=answer, theme=theme, sentiment=-1, source="rules", version="rules", confidence=1)
        for answer in answers
    )
