"""Text messages: their words, their numbers, and what they cost.

A client spends no more a day than its budget: the price of a message is set aside on its row while it is claimed, under
the lock of the client's row, so that two workers never spend the same euro. One request is one try: where the provider
may have taken the message and did not say so, it is unknown and never sent again.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import phonenumbers
from django.conf import settings
from django.db import transaction
from django.db.models import Q, Sum
from django.template import Context
from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone, translation

from ..addresses import phone_key
from ..models import Client, DeliveryEvent, Invitation, Medium, OutgoingMessage
from ..safe_http import Connection, NoReply, Refused, Unreached
from . import bounces, gsm, links, references, twilio
from .handout import answer_link
from .outcomes import Outcome, PutOff, State, Unreachable

SOURCE = "twilio"  # of what it reports
FROM_RIGHT = "\u200f"  # a mark without width


@dataclass(frozen=True)
class Letter:
    """One text message, ready to leave. `price`: euros, set aside already."""

    message: OutgoingMessage
    sender: str
    text: str
    price: Decimal


class Channel:
    """The way out. A connection carries one message: an idle one could break unnoticed, and then nobody could tell a
    message that was not sent from one that was."""

    def __init__(self) -> None:
        self._connection: Connection | None = None

    def compose(self, message: OutgoingMessage, now: dt.datetime) -> Letter:
        """Render, and set the price aside. ValueError: not to this number. PutOff: not today."""
        check_number(message.to)
        text = render(message.invitation, message.is_reminder) if message.invitation else gsm.plain(message.text)
        price = gsm.parts(text) * settings.SMS_PRICE_PER_PART
        client = set_aside(message, price, now)
        return Letter(message, sender_of(client), text, price)

    def open(self) -> None:
        if not settings.SMS_ACCOUNT:
            raise Unreachable("SMS_URL is not set")
        if self._connection:
            return
        try:
            connection = twilio.connection()
            connection.open()
        except (Refused, Unreached) as error:
            raise Unreachable(str(error)) from error
        self._connection = connection

    def announce(self, letter: Letter) -> None:
        """One request says everything at once."""

    def take_back(self) -> None:
        """Nothing was said yet."""

    def hand_over(self, letter: Letter, meanwhile: Callable[[], None]) -> Outcome:
        self.open()
        connection, self._connection = self._connection, None
        message = letter.message
        report_to = links.absolute(reverse("sms-report", args=[references.make(message.pk)]))
        form = twilio.form(message.to, letter.sender, letter.text, report_to)
        try:
            reply = connection.send("POST", form, twilio.headers())
        except NoReply as error:
            return Outcome(State.UNKNOWN, str(error), price=letter.price)
        if twilio.code_of(reply) == twilio.OPTED_OUT:  # said to the provider, not to us: it holds here as well
            objected = DeliveryEvent.Kind.UNSUBSCRIBED
            event_id = f"{twilio.OPTED_OUT}:{message.pk}"
            bounces.note(message, objected, source=SOURCE, event_id=event_id, happened_at=timezone.now())
        return twilio.outcome_of(reply, letter.price)

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


def render(invitation: Invitation, is_reminder: bool = False) -> str:
    """The words in the invitation's language: the client's name, one sentence, the link, the way out.

    Never the customer's name: lock screens show it, and numbers are handed on.
    """
    context = {
        "name": " ".join(invitation.client.name.split()),
        "is_after_contact": invitation.contact_id is not None,
        "link": answer_link(invitation),
    }
    with translation.override(invitation.locale):
        template = get_template("sms/reminder.txt" if is_reminder else "sms/survey.txt").template
        # A phone lays a text out by its first letter, which may be one of the client's name.
        start = FROM_RIGHT if translation.get_language_bidi() else ""
        return gsm.plain(start + template.render(Context(context, autoescape=False)).strip())


def check_number(number: str) -> None:
    """ValueError unless it is a mobile number (E.164) of a country that we write to.

    No landline, no satellite, no premium number: at their prices a stranger could empty a budget.
    """
    if not number or phone_key(number, "en") != number:
        raise ValueError("no mobile number")
    country = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    if country not in settings.SMS_COUNTRIES:
        raise ValueError(f"no SMS to {country or 'no country'}, which SMS_COUNTRIES does not name")


def sender_of(client: Client) -> str:
    """The number that the client's messages come from, without blanks; empty where it could not take a STOP."""
    sender = client.sms_sender.replace(" ", "")
    return sender if sender.removeprefix("+").isdecimal() else ""


def set_aside(message: OutgoingMessage, price: Decimal, now: dt.datetime) -> Client:
    """Note the price on the claimed message if the budget of the client's local day bears it; the client as it is now.

    Raises PutOff until the next local day where it does not, or where there is nobody to send as.
    """
    with transaction.atomic():
        client = Client.objects.select_for_update(no_key=True).get(pk=message.client_id)
        if not sender_of(client):
            raise PutOff(_tomorrow(message, client, now), "the client has no SMS sender that takes replies")
        if spent(client, now, but=message) + price > client.sms_budget_per_day:
            raise PutOff(_tomorrow(message, client, now), f"SMS budget of {client.sms_budget_per_day} € a day reached")
        OutgoingMessage.objects.filter(pk=message.pk, state=State.CLAIMED).update(price=price)
    return client


def spent(client: Client, now: dt.datetime, but: OutgoingMessage | None = None) -> Decimal:
    """Euros of the client's local day: what was taken or may have been, and what is being sent right now."""
    midnight = now.astimezone(client.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    taken = Q(state__in=[State.HANDED_OVER, State.ACCEPTED, State.UNKNOWN])
    taken |= Q(state=State.FAILED) & ~Q(provider_id="")  # paid for, though it did not arrive
    rows = OutgoingMessage.objects.filter(client=client, medium=Medium.SMS, price__isnull=False)
    rows = rows.filter(Q(state=State.CLAIMED) | taken & Q(handed_over_at__gte=midnight))
    return rows.exclude(pk=but and but.pk).aggregate(sum=Sum("price"))["sum"] or Decimal(0)


def _tomorrow(message: OutgoingMessage, client: Client, now: dt.datetime) -> dt.datetime:
    """The first sending moment of the client's next local day."""
    day = now.astimezone(client.zone).date() + dt.timedelta(days=1)
    midnight = dt.datetime.combine(day, dt.time(), client.zone).astimezone(dt.UTC)
    if not (invitation := message.invitation):
        return midnight
    return invitation.campaign.sending_time(midnight, invitation.customer and invitation.customer.zone)
