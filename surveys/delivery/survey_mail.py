"""The mail that asks: who is asked about what, the scale as a row of links, and the way out in every message."""

import datetime as dt
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from .. import wording
from ..models import Contact, Invitation
from ..models.answering import scale_of
from ..templatetags.moments import day, day_and_time
from . import links, mail
from .compiled import Compiled, Marks, compile_mail


class Frame(NamedTuple):
    """All that a mail consists of but its open places: two invitations with one frame differ by nothing else."""

    template: str
    locale: str
    language: str
    provider: str
    client_name: str
    imprint: str
    imprint_url: str
    privacy_url: str
    ask: str
    lowest: str
    highest: str
    scale: range
    has_name: bool
    has_occasion: bool
    has_topic: bool


def answer_link(invitation: Invitation) -> str:
    """The address of the answer page."""
    return links.absolute(path_of("answer", links.ANSWER, invitation.public_id.hex))


def with_score(address: str, score: int) -> str:
    """The address behind a number in the mail: the answer page's, with that number chosen."""
    return f"{address}?score={score}"


def unsubscribe_path(invitation: Invitation) -> str:
    return path_of("unsubscribe", links.UNSUBSCRIBE, invitation.public_id.hex)


def path_of(view: str, purpose: str, public_id: str) -> str:
    """The path of one of an invitation's pages; its number in hexadecimal."""
    return path_to(view, links.make(purpose, public_id))


def path_to(view: str, token: str) -> str:
    """The path of a page with a token of ours: it is made of what needs no quoting."""
    return _path(view).format(token)


def unsubscribe_link(invitation: Invitation) -> str:
    """The address where the recipient says “no more”; also what mail programs post to (RFC 8058)."""
    return links.absolute(unsubscribe_path(invitation))


def headers(invitation: Invitation) -> dict[str, str]:
    """One-click objection for mail programs (RFC 8058), and no out-of-office notes back."""
    return {
        "List-Unsubscribe": f"<{unsubscribe_link(invitation)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "X-Auto-Response-Suppress": "All",
    }


def render(invitation: Invitation, is_reminder: bool = False) -> mail.Mail:
    """The mail, or its one reminder, in the invitation's language. Writes nothing.

    Reads client, customer and the version's questions.
    """
    values = _values(invitation)
    frame = _frame(invitation, is_reminder, values)
    return mail.render(frame.template, _context(frame, values), frame.locale)


def compose(invitation: Invitation, is_reminder: bool = False) -> mail.Mail:
    """The same mail, from its compiled form: for sending by the thousand."""
    values = _values(invitation)
    return _compiled(_frame(invitation, is_reminder, values)).fill(values)


def _values(invitation: Invitation) -> dict[str, str]:
    """What is this customer's alone."""
    customer, zone, locale = invitation.customer, invitation.client.zone, invitation.locale
    occasion = ""
    if invitation.contact_id:  # a wave has no single occasion
        occasion = _occasion(invitation.channel, invitation.about_at.astimezone(zone).date(), locale)
    return {
        "customer_name": _one_line(customer.name) if customer else "",
        "occasion": occasion,
        "topic": _one_line(invitation.contact_reason),
        "until": _until(invitation.expires_at.replace(second=0, microsecond=0), zone, locale),
        "answer_link": answer_link(invitation),  # signed once: eleven numbers share one link
        "unsubscribe_link": unsubscribe_link(invitation),
    }


def _frame(invitation: Invitation, is_reminder: bool, values: dict[str, str]) -> Frame:
    client, texts = invitation.client, wording.score_texts(invitation)
    return Frame(
        template="reminder" if is_reminder else "survey",
        locale=invitation.locale,
        language=invitation.language,
        provider=settings.PROVIDER_NAME,
        client_name=client.name,
        imprint=client.imprint,
        imprint_url=client.imprint_url,
        privacy_url=client.privacy_url,
        ask=texts["ask"],
        lowest=texts["lowest"],
        highest=texts["highest"],
        scale=scale_of(invitation.version.survey.kind),
        has_name=bool(values["customer_name"]),
        has_occasion=bool(values["occasion"]),
        has_topic=bool(values["topic"]),
    )


def _context(frame: Frame, values: dict[str, str]) -> dict:
    return {
        **values,
        "client": {
            "name": frame.client_name,
            "imprint": frame.imprint,
            "imprint_url": frame.imprint_url,
            "privacy_url": frame.privacy_url,
        },
        "provider": frame.provider,
        "language": frame.language,
        "texts": {"ask": frame.ask, "lowest": frame.lowest, "highest": frame.highest},
        "first": frame.scale[0],
        "last": frame.scale[-1],
        "choices": [(score, with_score(values["answer_link"], score)) for score in frame.scale],
    }


_OPEN = ("customer_name", "occasion", "topic", "until", "answer_link", "unsubscribe_link")


@lru_cache(maxsize=1000)
def _compiled(frame: Frame) -> Compiled:
    marks = Marks(_OPEN)
    is_there = {"customer_name": frame.has_name, "occasion": frame.has_occasion, "topic": frame.has_topic}
    values = {name: mark if is_there.get(name, True) else "" for name, mark in marks.items()}
    return compile_mail(frame.template, _context(frame, values), marks, frame.locale)


@lru_cache(maxsize=8)
def _path(view: str) -> str:
    """The path of a page, with {} where its token belongs."""
    return reverse(view, args=["TOKEN"]).replace("TOKEN", "{}")


@lru_cache(maxsize=4096)
def _until(minute: dt.datetime, zone: ZoneInfo, locale: str) -> str:
    with translation.override(locale):
        return day_and_time(minute, zone)


@lru_cache(maxsize=4096)
def _occasion(channel: str, on: dt.date, locale: str) -> str:
    """The contact by channel and day, as the customer knows it."""
    with translation.override(locale):
        return _known_as(channel) % {"day": day(dt.datetime.combine(on, dt.time(12), dt.UTC), dt.UTC)}


def _known_as(channel: str) -> str:
    known_as = {
        Contact.Channel.PHONE: gettext("Your phone call on %(day)s"),
        Contact.Channel.EMAIL: gettext("Your email of %(day)s"),
        Contact.Channel.CHAT: gettext("Your chat on %(day)s"),
        Contact.Channel.MESSENGER: gettext("Your message of %(day)s"),
        Contact.Channel.WEB: gettext("Your request of %(day)s"),
    }
    return known_as.get(channel) or gettext("Your contact with us on %(day)s")


def _one_line(text: str) -> str:
    """What came from outside keeps its words, never its line breaks."""
    return " ".join(text.replace("\0", "").split())
