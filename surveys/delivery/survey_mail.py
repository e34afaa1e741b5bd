"""The mail that asks: who is asked about what, the scale as a row of links, and the way out in every message."""

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from .. import wording
from ..models import Contact, Invitation
from ..models.answering import scale_of
from ..templatetags.moments import day
from . import links, mail


def answer_link(invitation: Invitation) -> str:
    """The address of the answer page."""
    return links.absolute(reverse("answer", args=[_token(links.ANSWER, invitation)]))


def with_score(address: str, score: int) -> str:
    """The address behind a number in the mail: the answer page's, with that number chosen."""
    return f"{address}?score={score}"


def unsubscribe_path(invitation: Invitation) -> str:
    return reverse("unsubscribe", args=[_token(links.UNSUBSCRIBE, invitation)])


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


def render(invitation: Invitation) -> mail.Mail:
    """The mail in the invitation's language. Reads client, customer and the version's questions; writes nothing."""
    client, customer = invitation.client, invitation.customer
    scale = scale_of(invitation.version.survey.kind)
    with translation.override(invitation.locale):
        occasion = _occasion(invitation)
    address = answer_link(invitation)  # signed once: eleven numbers share one link
    context = {
        "client": client,
        "provider": settings.PROVIDER_NAME,
        "invitation": invitation,
        "language": invitation.language,
        "customer_name": _one_line(customer.name) if customer else "",
        "occasion": occasion,
        "topic": _one_line(invitation.contact_reason),
        "texts": wording.texts(invitation)["score"],
        "first": scale[0],
        "last": scale[-1],
        "choices": [(score, with_score(address, score)) for score in scale],
        "answer_link": address,
        "unsubscribe_link": unsubscribe_link(invitation),
    }
    return mail.render("survey", context, invitation.locale)


def _token(purpose: str, invitation: Invitation) -> str:
    return links.make(purpose, invitation.public_id.hex)


def _occasion(invitation: Invitation) -> str:
    """The contact by channel and day, as the customer knows it; empty for a wave, which has no single occasion."""
    if not invitation.contact_id:
        return ""
    known_as = {
        Contact.Channel.PHONE: gettext("Your phone call on %(day)s"),
        Contact.Channel.EMAIL: gettext("Your email of %(day)s"),
        Contact.Channel.CHAT: gettext("Your chat on %(day)s"),
        Contact.Channel.MESSENGER: gettext("Your message of %(day)s"),
        Contact.Channel.WEB: gettext("Your request of %(day)s"),
    }
    phrase = known_as.get(invitation.channel) or gettext("Your contact with us on %(day)s")
    return phrase % {"day": day(invitation.about_at, invitation.client.zone)}


def _one_line(text: str) -> str:
    """What came from outside keeps its words, never its line breaks."""
    return " ".join(text.split())
