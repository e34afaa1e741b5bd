"""What becomes of a survey mail: who answers and when, who stops after a page, thinks again, or only clicks.

Only the mood of the story's people comes from behind the scenes; everything else they read and send.
"""

import datetime as dt
import email
import re
from collections.abc import Callable
from dataclasses import dataclass
from email import policy
from pathlib import Path
from random import Random
from urllib.parse import parse_qs, urlsplit

from surveys.models import Client, Invitation

from . import contacts, story, voices
from .pages import Scanner, Visitor

# Shares: of those who answer, of those who do not, and of all mails.
LEAVE_EARLY, THINK_AGAIN = 0.1, 0.05
ONLY_CLICK = 0.06
SCANNED = 0.012
WITHOUT_SCRIPT = 0.06
Visit = tuple[dt.datetime, Callable[[], None]]  # when, and what happens then


@dataclass(frozen=True)
class Mail:
    """One survey mail in its reader's inbox."""

    number: int
    path: Path
    invitation: Invitation
    arrived_at: dt.datetime

    def score_links(self) -> dict[str, str]:
        """By number, as they stand in the mail's text part."""
        message = email.message_from_bytes(self.path.read_bytes(), policy=policy.default)
        links = re.findall(r"https?://\S+/s/\S+", message.get_body(("plain",)).get_content())
        local = [urlsplit(link)._replace(scheme="", netloc="").geturl() for link in links]
        return {parse_qs(urlsplit(link).query)["score"][0]: link for link in local if "score=" in link}


def visits(mail: Mail, world: story.World) -> list[Visit]:
    """Everything that this mail leads to."""
    rng = world.rng("reader", mail.number)
    planned = []
    if rng.random() < SCANNED:
        scanner, at = Scanner(2 * mail.number, ""), mail.arrived_at + dt.timedelta(seconds=4)
        planned.append((at, lambda: scanner.scan(list(mail.score_links().values()), at)))
    if mood := _mood(mail, world):
        planned += _by_person(mail, mood, world, rng)
    return planned


def _mood(mail: Mail, world: story.World) -> contacts.Mood | None:
    """What the reader feels; None for an address that came in with a broken row: nobody is there."""
    invitation, slug = mail.invitation, mail.invitation.client.slug
    if invitation.email not in world.clients[slug].by_email:
        return None
    if invitation.contact is None:
        return contacts.mood_of_customer(slug, invitation.email, mail.arrived_at.date(), world)
    return contacts.mood(slug, invitation.contact.external_id, world)


def _by_person(mail: Mail, mood: contacts.Mood, world: story.World, rng: Random) -> list[Visit]:
    chance = world.rng("answer", mail.number)
    will_answer = voices.answers(mood, chance)
    if not will_answer and rng.random() > ONLY_CLICK:
        return []
    said = _said(mail.invitation, mood, chance)
    delays = [2, 7, 25, 90, 240, 600, 1500, 3200]  # minutes
    at = mail.arrived_at + dt.timedelta(minutes=chance.choice(delays) * chance.uniform(0.7, 1.3))
    visitor = Visitor(2 * mail.number + 1, mood.customer.language, rng.random() > WITHOUT_SCRIPT)
    link = mail.score_links()[said["score"]]
    if not will_answer:
        return [(at, lambda: visitor.look(link, at))]
    if rng.random() < LEAVE_EARLY:
        return [(at, lambda: visitor.fill_in(link, said, at, pages=1))]
    planned = [(at, lambda: visitor.fill_in(link, said, at))]
    if rng.random() < THINK_AGAIN:
        later = at + dt.timedelta(hours=rng.uniform(1, 40))
        address, other = f"{urlsplit(link).path}?change=1", {"score": _moved(mail.invitation, said["score"], rng)}
        planned.append((later, lambda: visitor.fill_in(address, other, later)))
    return planned


def _said(invitation: Invitation, mood: contacts.Mood, rng: Random) -> dict[str, str]:
    """Everything this reader would say, were they asked for it."""
    is_nps = invitation.contact is None
    scale = "nps" if is_nps else "csat"
    score = voices.nps_score(mood, rng) if is_nps else voices.csat_score(mood, rng)
    tongue = mood.customer.language
    language = invitation.language if tongue in voices.AT_LENGTH else tongue
    form = "du" if invitation.form_of_address == Client.Address.INFORMAL else "Sie"
    said = {
        "score": str(score),
        "comment": voices.comment(mood, score, language, form, rng, scale=scale),
        "solved": story.pick(_SOLVED[mood.is_solved], rng),
        "contacted": rng.choice(("yes", "no")),
        "improve": voices.comment(mood, score, language, form, rng, scale=scale) if rng.random() < 0.2 else "",
    }
    phone = voices.phone_left(mood, rng)
    if voices.wants_call(mood, score, rng, scale=scale) and (phone or invitation.customer.phone):
        said |= {"wants_call": "1", "phone": phone}
    return said


_SOLVED = {True: {"yes": 8, "partly": 2}, False: {"no": 6, "partly": 3, "yes": 1}}


def _moved(invitation: Invitation, score: str, rng: Random) -> str:
    """What somebody says who has slept on it: mostly milder."""
    first, last = (0, 10) if invitation.contact is None else (1, 5)
    moved = int(score) + rng.choice((-1, 1, 1, 2, 2, 3))
    return str(min(max(moved, first), last))
