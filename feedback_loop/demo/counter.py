"""Who answers at a counter with a QR code on it: anybody who passes by. Nobody knows them, and nobody asked them."""

import datetime as dt

from django.urls import reverse

from surveys.delivery import links
from surveys.models import OpenLink

from . import contacts, story, voices
from .pages import Visitor
from .readers import Visit

A_DAY = 0.3  # answers on a working day


def visits(link: OpenLink, day: dt.date, world: story.World) -> list[Visit]:
    """Those of a day, in the languages of the client's customers, with the mood of some customer on that day."""
    rng = world.rng("counter", link.pk, day)
    if day.weekday() >= 5 or rng.random() > A_DAY:
        return []
    people = world.clients[link.client.slug].by_email
    mood = contacts.mood_of_customer(link.client.slug, rng.choice(list(people)), day, world)
    score, tongue = voices.csat_score(mood, rng), mood.customer.language
    form = world.clients[link.client.slug].address_form
    said = {
        "score": str(score),
        "comment": voices.comment(mood, score, tongue, form, rng, scale="csat"),
        "solved": rng.choice(("yes", "yes", "partly", "no")),
    }
    at = dt.datetime.combine(day, dt.time(11), dt.UTC) + dt.timedelta(minutes=rng.randrange(300))
    address = reverse("open-link", args=[links.make_short(links.OPEN, link.public_id)])
    visitor = Visitor(0x80000000 + day.toordinal(), tongue)
    return [(at, lambda: visitor.fill_in(address, said, at))]
