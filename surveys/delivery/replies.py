"""What comes back on text messages: the word STOP, and reports of their delivery.

STOP is an objection to every survey of the clients that wrote to this phone from this number, and to nobody else's.
Other replies are nobody's business here: they are counted in the log, never kept.
"""

import datetime as dt
import logging
import re
import unicodedata

from django.db import transaction

from .. import suppressions
from ..addresses import phone_key
from ..models import Client, DeliveryEvent, Invitation, Medium, OutgoingMessage, Suppression
from . import bounces, sms, twilio

log = logging.getLogger(__name__)

# A reply that begins with one of these objects, whatever follows: “Stopp, bitte keine SMS mehr”. Our messages name STOP
# in every language; some write the word of their own. All are kept as they are compared: small, without accents.
_STOP = frozenset(
    {"stop", "stopp", "stoppen", "stopall", "unsubscribe", "abmelden", "abmeldung", "abbestellen", "austragen"}
    | {"widerspruch", "widersprechen"}
    | {"durdur", "durdurun", "iptal"}
    | {"rezygnuje", "rezygnacja", "wypisz", "wypiszcie"}
    | {"arreter", "arretez", "desabonner", "desabonnement", "desinscrire", "desinscription"}
    | {"disiscrivi", "disiscrivetemi", "disiscrivermi", "annulla"}
    | {"baja", "parar", "cancelar"}
    | {"afmelden", "uitschrijven"}
    | {"توقف", "توقفوا", "اوقف", "اوقفوا", "ايقاف", "الغاء"}
)
# These may begin a friendly sentence, too: they object when they stand alone.
_STOP_ALONE = frozenset(
    {"end", "ende", "beenden", "cancel", "quit", "aus", "dur", "koniec", "arret", "fin", "basta", "alto", "einde"}
    | {"قف", "كفى"}
)
_WORD = re.compile(r"[^\W\d_]+")


def is_stop(text: str) -> bool:
    """Whether a reply says “no more” in a language that we ask in, however it is spelt or punctuated."""
    words = _WORD.findall(_without_accents(text))
    return bool(words) and (words[0] in _STOP or (len(words) == 1 and words[0] in _STOP_ALONE))


def _without_accents(text: str) -> str:
    """Small letters alone: phones write “arrêt” and “ARRET”, “إيقاف” and “ايقاف”, “İPTAL” and “iptal” for the same."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).replace("ı", "i")


def take(*, reply_id: str, sender: str, to: str, text: str, at: dt.datetime) -> int:
    """A reply from the phone `sender` to our number `to`; the number of clients it newly objects to."""
    phone = phone_key(sender, "en")
    if not phone or not is_stop(text):
        log.info("a reply to a text message that is no objection")
        return 0
    return sum(_objected(message, phone, reply_id, at) for message in _latest_from(to, phone))


def report(message: OutgoingMessage, *, status: str, code: str, provider_id: str, at: dt.datetime, raw: str) -> None:
    """What the provider says became of a message: kept once per status; a number not known so far is noted."""
    OutgoingMessage.objects.filter(pk=message.pk, provider_id="").update(provider_id=provider_id[:120])
    if kind := twilio.kind_of(status, code):
        event_id, detail = f"{provider_id}:{status}", f"{status} {code}".strip()
        bounces.note(message, kind, source=sms.SOURCE, event_id=event_id, happened_at=at, detail=detail, raw=raw)


def _latest_from(number: str, phone: str) -> list[OutgoingMessage]:
    """The last message to this phone of each client that sends from this number."""
    ours = _digits(number)
    senders = [client for client in Client.objects.all() if ours and _digits(sms.sender_of(client)) == ours]
    return [latest for client in senders if (latest := _latest_to(client, phone))]


def _latest_to(client: Client, phone: str) -> OutgoingMessage | None:
    """Found by the invitation, because that has an index by phone."""
    invited = Invitation.objects.filter(client=client, phone=phone, is_asked=True)
    sent = OutgoingMessage.objects.filter(invitation__in=invited, medium=Medium.SMS, handed_over_at__isnull=False)
    sent = sent.select_related("client", "invitation__client", "invitation__customer")
    return sent.order_by("-handed_over_at", "-pk").first()


@transaction.atomic
def _objected(message: OutgoingMessage, phone: str, reply_id: str, at: dt.datetime) -> bool:
    objected, event_id = DeliveryEvent.Kind.UNSUBSCRIBED, f"{reply_id}:{message.client_id}"
    if not bounces.note(message, objected, source=sms.SOURCE, event_id=event_id, happened_at=at):
        return False  # told before: what was decided since then stands
    suppressions.suppress(message.client, [phone], Suppression.Reason.UNSUBSCRIBED, at)
    return True


def _digits(number: str) -> str:
    return "".join(character for character in number if character.isdecimal())
