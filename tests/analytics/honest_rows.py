"""Many contacts with their verdicts and answers at once, for the tests of who was asked and who answered."""

import datetime as dt
import itertools

from surveys.models import Contact, Invitation, Response, RulesVersion
from surveys.models.answering import group_of
from tests import factories

ABOUT = dt.datetime(2026, 10, 15, 10, tzinfo=dt.UTC)  # a Thursday at noon in Berlin
_number = itertools.count(1)


def make_verdicts(campaign, count, asked=None, reason="not_sampled", rules=None, about_at=ABOUT, **fields):
    """`count` contacts judged by a campaign, the first `asked` (None: all) of them asked, the others not for `reason`.

    Fields of the contact and of the invitation may be given. Returns the invitations.
    """
    client, asked = campaign.client, count if asked is None else asked
    own = {name: fields.pop(name) for name in ("email", "segment", "is_goodwill", "due_at") if name in fields}
    language = fields.pop("language", "de")
    base = {
        "client": client,
        "source": "test",
        "channel": "phone",
        "reason": "",
        "state": "finished",
        "started_at": about_at - dt.timedelta(minutes=10),
        "ended_at": about_at,
        "received_at": about_at,
        "changed_at": about_at,
    }
    customers = [factories.make_customer(client) for _one in range(min(count, 3))]
    contacts = Contact.objects.bulk_create(
        Contact(external_id=f"H-{next(_number)}", customer=customers[at % len(customers)], **{**base, **fields})
        for at in range(count)
    )
    due_at = own.pop("due_at", about_at)
    return Invitation.objects.bulk_create(
        Invitation(
            client=client,
            campaign=campaign,
            contact=contact,
            customer=None,  # each stands for a person of its own
            version=campaign.survey.current,
            rules=rules,
            is_asked=at < asked,
            reason="" if at < asked else reason,
            decided_at=about_at,
            about_at=about_at,
            due_at=due_at if at < asked else None,
            expires_at=due_at + dt.timedelta(days=14) if at < asked else None,
            language=language,
            form_of_address="sie",
            agent=contact.agent,
            team=contact.team,
            channel=contact.channel,
            contact_reason=contact.reason,
            **own,
        )
        for at, contact in enumerate(contacts)
    )


def make_answers(invitations, *scores, after=dt.timedelta(hours=2)):
    """The first invitations answered with these scores, `after` their messages were due."""
    return Response.objects.bulk_create(
        Response(
            client=invitation.client,
            invitation=invitation,
            customer_id=invitation.customer_id,
            version=invitation.version,
            kind=(kind := invitation.version.survey.kind),
            score=score,
            group=group_of(kind, score),
            language=invitation.language,
            submitted_at=invitation.due_at + after,
            completed_at=invitation.due_at + after,
        )
        for invitation, score in zip(invitations, scores, strict=False)
    )


def make_rules(campaign, share_percent="100", number=1, at=ABOUT, **rules):
    return RulesVersion.objects.create(
        campaign=campaign, number=number, made_at=at, rules={"share_percent": share_percent, **rules}
    )
