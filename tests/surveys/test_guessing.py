"""Nobody finds a link by guessing, and no reply or clock tells a stranger how near a guess was: rows 22 and 23."""

import gc
import itertools
import random
import time
import uuid

import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from scipy.stats import mannwhitneyu

from surveys import preferences, sittings
from surveys.delivery import links
from surveys.models import Door, Invitation, OpenLink, Response
from surveys.pages import throttle
from surveys.pages.doors import ROUTES
from surveys.sittings import LinkState
from tests import factories
from tests.conftest import NOW

BITS = 128
GUESSES = 1_000_000
MEASURED = 10_000  # of each side
DOORS = (Door.OPEN, Door.EMBED, Door.KIOSK)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def tokens(acme) -> dict[str, set[str]]:
    """Every token that opens something, in every spelling: purpose → tokens, of three links of each kind."""
    survey = factories.make_survey(acme, "nps")
    invitations = [factories.make_invitation(acme, "nps") for _ in range(3)]
    valid = {
        purpose: {make(purpose, one) for one in invitations for make in (_long, _short)}
        for purpose in (links.ANSWER, links.UNSUBSCRIBE)
    }
    valid |= {links.OPEN: set(), links.SHEET: set()}
    for number, door in enumerate(DOORS):
        link = OpenLink.objects.create(client=acme, survey=survey, door=door, name=f"link {number}")
        response = factories.make_unverified(acme, 4, submitted_at=NOW)
        Response.objects.filter(pk=response.pk).update(open_link=link, door=door)
        sheet = f"{link.public_id.hex}.{response.public_id.hex}.{response.version_id}"
        valid[links.OPEN] |= {_long(links.OPEN, link), _short(links.OPEN, link)}
        valid[links.SHEET] |= {links.make(links.SHEET, sheet)}
    return valid


def _long(purpose, row) -> str:
    return links.make(purpose, row.public_id.hex)


def _short(purpose, row) -> str:
    return links.make_short(purpose, row.public_id)


def opens(purpose: str, token: str) -> bool:
    """Whether there is anything behind it."""
    if purpose == links.ANSWER:
        return sittings.open_link(token, NOW).state != LinkState.UNKNOWN
    if purpose == links.UNSUBSCRIBE:
        return preferences.open_link(token) is not None
    if purpose == links.SHEET:
        return sittings.open_sheet(purpose, token, NOW).state != LinkState.UNKNOWN
    value = links.read(purpose, token)
    return value is not None and OpenLink.objects.filter(public_id=uuid.UUID(hex=value)).exists()


def guesses_near(token: str):
    """Without end: the numbers and the signatures before and after those of a token that leaked."""
    is_short = "~" not in token
    value, _, signature = token.partition("~")
    content = urlsafe_base64_decode(token if is_short else signature)
    head, mark = (content[:16], content[16:]) if is_short else (value, content)
    number = int.from_bytes(head) if is_short else int(head[-32:], 16) if "." not in head else int(head[:32], 16)
    rest = "" if is_short or "." not in head else head[32:]
    for step in itertools.count(1):
        for sign in (step, -step):
            there = (number + sign) % (1 << 128)
            near = ((int.from_bytes(mark) + sign) % (1 << 8 * len(mark))).to_bytes(len(mark))
            if is_short:
                yield urlsafe_base64_encode(there.to_bytes(16) + mark)
                yield urlsafe_base64_encode(head + near)
            else:
                yield f"{there:032x}{rest}~{signature}"
                yield f"{head}~{urlsafe_base64_encode(near)}"


def test_every_token_bears_a_signature_of_128_bits_and_a_number_by_chance(tokens):
    for token in itertools.chain(*tokens.values()):
        value, _, signature = token.rpartition("~")
        content = urlsafe_base64_decode(signature)
        mark, number = (content, value) if value else (content[16:], content[:16].hex())
        assert len(mark) * 8 >= BITS
        assert [uuid.UUID(hex=one).version for one in number.split(".")[:2]] == [4] * len(number.split(".")[:2])
    # No two of them share what a neighbour could be found by.
    numbers = sorted(int(one.hex, 16) for one in Invitation.objects.values_list("public_id", flat=True))
    assert min(later - earlier for earlier, later in itertools.pairwise(numbers)) > 1 << 64


def test_a_million_guesses_around_tokens_that_leaked_hit_nothing(tokens):
    """All are compared with what is valid; and as the doors decide alike for the nearest, they decide so for all."""
    leaked = [(purpose, token) for purpose, each in tokens.items() for token in sorted(each)]
    of_each = -(-GUESSES // len(leaked))
    tried = 0
    for purpose, token in leaked:
        guesses = set(itertools.islice(guesses_near(token), of_each))
        assert guesses & tokens[purpose] == set()
        tried += len(guesses)
        nearest = list(itertools.islice(guesses_near(token), 200))
        assert [guess for guess in nearest if opens(purpose, guess)] == []
        assert opens(purpose, token)
    assert tried >= GUESSES


PLACES = {
    **dict.fromkeys(ROUTES.values(), links.OPEN),
    **dict.fromkeys(("open-sheet", "open-sheet-thanks"), links.SHEET),
    **dict.fromkeys(("answer", "answer-thanks"), links.ANSWER),
    "unsubscribe": links.UNSUBSCRIBE,
}


@pytest.mark.parametrize("route", PLACES)
def test_a_near_guess_and_a_wild_one_get_the_same_reply_without_a_look_into_the_database(
    tokens, route, django_assert_num_queries, monkeypatch
):
    monkeypatch.setattr(throttle, "STRANGE_LINKS", 1000)
    token = sorted(tokens[PLACES[route]])[0]
    near = itertools.islice(guesses_near(token), 20)
    wild = [links.make("nothing", uuid.uuid4().hex), links.make_short("nothing", uuid.uuid4()), "x", "A" * 43]
    browser, replies = Browser(headers={"Accept-Language": "en"}), set()
    for guess in (*near, *wild):
        with django_assert_num_queries(0):
            reply = browser.get(reverse(route, args=[guess]))
        replies.add((reply.status_code, reply.content, tuple(sorted(reply.headers.items()))))
    assert len(replies) == 1 and next(iter(replies))[0] == 404


@pytest.mark.parametrize(("purpose", "is_short"), [(p, s) for p in (links.OPEN, links.ANSWER) for s in (True, False)]
                         + [(links.SHEET, False), (links.BLANK, False)])  # fmt: skip
def test_no_clock_tells_a_number_that_exists_from_one_that_does_not(acme, purpose, is_short):
    """10,000 of each: 20 known numbers under false signatures, and 20 by chance; what comes again is read quicker."""
    known = [factories.make_invitation(acme, "nps").public_id for _ in range(20)]
    forge = _forged_short if is_short else _forged_long
    tail = f".{known[0].hex}.1" if purpose in (links.SHEET, links.BLANK) else ""
    rounds = []
    for _ in range(5):  # a true difference shows in each; a neighbour's load on the machine does not
        both = [(one, uuid.uuid4()) for one in known] * (MEASURED // len(known))
        pairs = [(forge(one, tail), forge(other, tail)) for one, other in both]
        rounds.append(_p_of(lambda token: links.read(purpose, token), pairs))
        if rounds[-1] > 0.01:
            break
    assert max(rounds) > 0.01, rounds


def test_the_clock_would_show_a_look_into_the_database(acme):
    """Else the one above could not fail: a token of ours, whose row is looked up, takes longer."""
    invitation = factories.make_invitation(acme, "nps")
    pairs = [(_short(links.ANSWER, invitation), _forged_short(uuid.uuid4())) for _ in range(100)]
    assert _p_of(lambda token: sittings.open_link(token, NOW), pairs) < 0.01


def _p_of(read, pairs) -> float:
    """Mann-Whitney's p for the time that both sides take, measured in an order by chance."""
    times, mixed = ([], []), [(side, token) for pair in pairs for side, token in enumerate(pair)]
    random.shuffle(mixed)
    mixed = [(side, token.encode().decode()) for side, token in mixed]  # in memory, too
    gc.disable()
    try:
        for side, token in mixed:
            start = time.perf_counter_ns()
            read(token)
            times[side].append(time.perf_counter_ns() - start)
    finally:
        gc.enable()
    return mannwhitneyu(*times).pvalue


def _forged_short(number: uuid.UUID, tail: str = "") -> str:
    return urlsafe_base64_encode(number.bytes + uuid.uuid4().bytes)


def _forged_long(number: uuid.UUID, tail: str = "") -> str:
    return f"{number.hex}{tail}~{urlsafe_base64_encode(uuid.uuid4().bytes + uuid.uuid4().bytes)}"
