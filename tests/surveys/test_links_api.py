"""Links for a client's own systems: one per contact, only where the rules let us ask, and never across clients."""

import datetime as dt
import json
import struct
import zlib
from xml.etree import ElementTree

import pytest
import segno
import time_machine
from django.urls import reverse

from surveys import delivery, invitations, preferences
from surveys.models import ApiKey, Contact, Invitation, LegalBasis, Medium, OutgoingMessage, Response, Suppression
from tests.conftest import NOW
from tests.factories import make_campaign, make_contact, make_customer

State = OutgoingMessage.State


@pytest.fixture(autouse=True)
def _at_work():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def campaign(acme):
    return make_campaign(acme, medium=Medium.LINK)


def key_of(client) -> str:
    return ApiKey.objects.create_key(client=client, name="test")[1]


@pytest.fixture
def acmes_key(acme):
    return key_of(acme)


@pytest.fixture
def ask(client, acmes_key):
    def ask(campaign, body, key=acmes_key):
        data = body if isinstance(body, str) else json.dumps(body)
        url = reverse("api-links", args=[campaign if isinstance(campaign, int) else campaign.pk])
        return client.post(url, data, content_type="application/json", headers={"Authorization": f"Api-Key {key}"})

    return ask


@pytest.fixture
def fetch(client, acmes_key):
    def fetch(path, key=acmes_key, **headers):
        return client.get(path, headers={"Authorization": f"Api-Key {key}", **headers})

    return fetch


def order(contact) -> dict:
    return {"source": contact.source, "external_id": contact.external_id}


def codes(answer: dict) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer["errors"]]


# --- Handing out ---


def test_a_contact_gets_a_link_that_can_be_answered(client, ask, campaign, acme):
    contact = make_contact(acme)
    answer = ask(campaign, order(contact))
    invitation = Invitation.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "external_id": contact.external_id,
        "asked": True,
        "link": answer.json()["link"],
        "expires_at": invitation.expires_at.isoformat().replace("+00:00", "Z"),
        "qr": f"/api/v1/campaigns/{campaign.pk}/links/{invitation.public_id}/qr.svg",
    }
    path = answer.json()["link"].removeprefix("http://localhost:8000")
    assert client.get(path).status_code == 200
    assert client.post(path, {"score": "5"}).status_code == 302
    assert Response.objects.get().invitation == invitation


def test_handing_out_is_the_delivery(ask, campaign, acme):
    ask(campaign, order(make_contact(acme)))
    message = OutgoingMessage.objects.get()
    assert (message.medium, message.state, message.handed_over_at) == (Medium.LINK, State.ACCEPTED, NOW)
    assert delivery.send_due(NOW + dt.timedelta(days=1)) == 0


def test_the_same_contact_gets_the_same_link_and_is_judged_once(ask, campaign, acme):
    contact = make_contact(acme)
    first, again = ask(campaign, order(contact)), ask(campaign, order(contact))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (Invitation.objects.count(), OutgoingMessage.objects.count()) == (1, 1)


def test_a_verdict_of_the_planner_is_handed_out_and_no_sender_takes_it(ask, campaign, acme, smtp_sink):
    contact = make_contact(acme)
    assert invitations.plan_contacts(NOW) == 1
    assert delivery.send_due(NOW) == 0
    assert OutgoingMessage.objects.get().state == State.PLANNED
    assert ask(campaign, order(contact)).status_code == 201
    assert (Invitation.objects.count(), OutgoingMessage.objects.get().state) == (1, State.ACCEPTED)
    assert smtp_sink.mails == []


def test_who_must_not_be_asked_gets_the_reason_and_no_link(ask, campaign, acme):
    contact = make_contact(acme)
    Suppression.objects.create(client=acme, address=contact.email, reason="unsubscribed", created_at=NOW)
    answer = ask(campaign, order(contact))
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "external_id": contact.external_id,
            "asked": False,
            "reason": "suppressed",
            "reason_text": "does not want to be asked",
        },
    )
    assert OutgoingMessage.objects.count() == 0


def test_an_objection_between_verdict_and_link_counts(ask, campaign, acme):
    contact = make_contact(acme)
    invitations.plan_contacts(NOW)
    Suppression.objects.create(client=acme, address=contact.email, reason="unsubscribed", created_at=NOW)
    assert ask(campaign, order(contact)).json()["reason"] == "suppressed"
    invitation = Invitation.objects.get()
    assert (invitation.is_asked, invitation.reason) == (False, "suppressed")
    assert OutgoingMessage.objects.get().state == State.CANCELLED


def test_an_objection_after_the_link_closes_the_door_to_it(ask, fetch, campaign, acme):
    contact = make_contact(acme)
    ask(campaign, order(contact))
    preferences.unsubscribe(Invitation.objects.select_related("client", "customer").get(), NOW)
    answer = ask(campaign, order(contact)).json()
    assert (answer["asked"], answer["reason"]) == (False, "suppressed")
    assert Invitation.objects.get().is_asked is True  # it was: the verdict of then is not rewritten


def test_a_link_that_was_withdrawn_is_not_handed_out_again(ask, fetch, campaign, acme):
    contact = make_contact(acme)
    qr = ask(campaign, order(contact)).json()["qr"]
    assert invitations.withdraw(Invitation.objects.all(), NOW) == 1
    assert ask(campaign, order(contact)).json()["reason"] == "withdrawn"
    assert fetch(qr).status_code == 404


def test_a_paused_campaign_hands_out_nothing_new_and_goes_on_afterwards(ask, campaign, acme):
    out, planned, new = make_contact(acme), make_contact(acme), make_contact(acme)
    link = ask(campaign, order(out)).json()["link"]
    invitations.judge_now(campaign, planned, NOW)
    campaign.is_paused = True
    campaign.save()
    assert [ask(campaign, order(each)).json().get("reason") for each in (out, planned, new)] == [
        None,
        "paused",
        "paused",
    ]
    campaign.is_paused = False
    campaign.save()
    assert ask(campaign, order(out)).json()["link"] == link
    assert ask(campaign, order(planned)).status_code == 201


def test_without_a_legal_basis_there_is_no_link(ask, campaign, acme):
    LegalBasis.objects.all().delete()
    assert ask(campaign, order(make_contact(acme))).json()["reason"] == "no_legal_basis"


# --- Whose ---


def test_what_is_foreign_does_not_exist(ask, campaign, acme, globex):
    foreign = make_campaign(globex, medium=Medium.LINK)
    theirs = make_contact(globex)
    assert ask(foreign, order(make_contact(acme))).status_code == 404
    answer = ask(campaign, order(theirs))
    assert (answer.status_code, codes(answer.json())) == (400, [("external_id", "no_such_contact")])
    assert ask(campaign, order(make_contact(acme)), key=key_of(globex)).status_code == 404
    assert Invitation.objects.count() == 0


def test_only_campaigns_that_ask_by_link_are_there(ask, acme):
    contact = make_contact(acme)
    for number in (make_campaign(acme).pk, make_campaign(acme, medium=Medium.SMS).pk, 0, 2**31, 2**70):
        assert ask(number, order(contact)).status_code == 404


def test_without_a_valid_key_there_is_nothing(ask, fetch, campaign, acme):
    contact = make_contact(acme)
    assert ask(campaign, order(contact), key="wrong").status_code == 403
    qr = ask(campaign, order(contact)).json()["qr"]
    assert fetch(qr, key="wrong").status_code == 403


# --- Many, and mistakes ---


def test_a_list_is_answered_in_its_order(ask, campaign, acme):
    first, open_one, last = (
        make_contact(acme),
        make_contact(acme, state=Contact.State.OPEN),
        make_contact(acme),
    )
    body = [order(first), order(open_one), {"external_id": "none"}, {"external_id": ""}, "text", order(last)]
    answer = ask(campaign, body)
    assert answer.status_code == 207
    assert [each.get("asked") or codes(each) for each in answer.json()] == [
        True,
        [("", "not_to_be_judged")],
        [("external_id", "no_such_contact")],
        [("external_id", "blank")],
        [("", "invalid")],
        True,
    ]
    links = {each["link"] for each in answer.json() if "link" in each}
    assert len(links) == 2


def test_statuses_tell_new_known_and_refused_lists_apart(ask, campaign, acme):
    pair = [order(make_contact(acme)), order(make_contact(acme))]
    assert [ask(campaign, body).status_code for body in (pair, pair, [{"external_id": "none"}], [])] == [
        201,
        200,
        400,
        400,
    ]


def test_a_hundred_are_possible_and_no_more(ask, campaign, acme):
    contact = make_contact(acme)
    assert ask(campaign, [order(contact)] * 100).status_code == 200  # the first is new, the others know it
    answer = ask(campaign, [order(contact)] * 101)
    assert (answer.status_code, Invitation.objects.count()) == (413, 1)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, ("external_id", "required")),
        ({"external_id": "T-1", "email": "kim@example.org"}, ("email", "unknown")),
        ({"external_id": ["T-1"]}, ("external_id", "invalid")),
        ({"external_id": "a\u0000b"}, ("external_id", "null_characters_not_allowed")),
        ({"external_id": "\ud83d"}, ("external_id", "surrogate_characters_not_allowed")),
        ({"external_id": "x" * 5000}, ("external_id", "no_such_contact")),
        ({"external_id": "T-1", "source": None}, ("source", "null")),
    ],
)
def test_every_mistake_is_told_by_field(ask, campaign, body, code):
    answer = ask(campaign, body)
    assert (answer.status_code, codes(answer.json())) == (400, [code])


@pytest.mark.parametrize("body", ["", "{", "[" * 100_000, '"text"', "1", "null"])
def test_a_body_of_another_form_is_refused(ask, campaign, body):
    assert ask(campaign, body).status_code == 400


# --- QR codes ---


def modules_of_png(png: bytes, scale: int = 10) -> list[list[bool]]:
    """The dark modules of a grey or palette PNG of one bit, read without any library of codes."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, _colours = struct.unpack(">IIBB", png[16:26])
    data, at = b"", 8
    while at < len(png):
        (length,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        data += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    assert depth == 1
    raw, row_bytes = zlib.decompress(data), (width + 7) // 8 + 1
    rows, above = [], bytes(row_bytes - 1)
    for y in range(height):
        filtered, *row = raw[y * row_bytes : (y + 1) * row_bytes]
        assert filtered in (0, 2)  # as it is, or the difference to the row above
        above = bytes((byte + over) % 256 for byte, over in zip(row, above, strict=True)) if filtered else bytes(row)
        rows.append([not above[x // 8] >> (7 - x % 8) & 1 for x in range(width)])
    return [row[::scale] for row in rows[::scale]]


def modules_of_svg(svg: bytes) -> list[list[bool]]:
    root = ElementTree.fromstring(svg)
    size = int(root.attrib["viewBox"].split()[2])
    paths = root.findall("{http://www.w3.org/2000/svg}path")
    grid = [[False] * size for _ in range(size)]
    x = y = 0.0
    tokens = paths[-1].attrib["d"].replace("M", " M ").replace("m", " m ").replace("h", " h ").split()
    while tokens:
        command = tokens.pop(0)
        if command in "Mm":
            dx, dy = float(tokens.pop(0)), float(tokens.pop(0))
            x, y = (dx, dy) if command == "M" else (x + dx, y + dy)
        else:
            length = int(tokens.pop(0))
            grid[int(y)][int(x) : int(x) + length] = [True] * length
            x += length
    return grid


def test_the_code_is_a_picture_of_the_link_in_both_forms(ask, fetch, campaign, acme):
    answer = ask(campaign, order(make_contact(acme))).json()
    svg, png = fetch(answer["qr"]), fetch(answer["qr"].replace(".svg", ".png"))
    expected = segno.make_qr(answer["link"], error="m", boost_error=False)
    wanted = [[bool(module) for module in row] for row in expected.matrix_iter(border=4)]
    assert expected.error == "M"
    assert (modules_of_svg(svg.content), modules_of_png(png.content)) == (wanted, wanted)
    assert not any(any(row) for row in wanted[:4] + wanted[-4:])  # the quiet zone
    assert (svg.headers["Content-Type"], png.headers["Content-Type"]) == ("image/svg+xml", "image/png")


def test_the_picture_carries_no_script_and_is_kept_nowhere(ask, fetch, campaign, acme):
    svg = fetch(ask(campaign, order(make_contact(acme))).json()["qr"])
    tags = {element.tag.partition("}")[2] for element in ElementTree.fromstring(svg.content).iter()}
    assert tags == {"svg", "path"}
    assert svg.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert svg.headers["Cache-Control"] == "private, no-store"
    assert svg.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("accept", ["image/png", "image/*", "text/html", "*/*"])
def test_what_the_caller_accepts_does_not_matter(ask, fetch, campaign, acme, accept):
    qr = ask(campaign, order(make_contact(acme))).json()["qr"]
    assert fetch(qr, Accept=accept).status_code == 200
    assert fetch(qr, key="wrong", Accept=accept).status_code == 403


def test_a_code_is_there_only_for_links_that_were_handed_out(fetch, campaign, acme, globex):
    planned = invitations.judge_now(campaign, make_contact(acme, customer=make_customer(acme)), NOW)
    path = reverse("api-link-svg", args=[campaign.pk, planned.public_id])
    assert fetch(path).status_code == 404
    OutgoingMessage.objects.update(state=State.ACCEPTED)
    assert fetch(path).status_code == 200
    assert fetch(path, key=key_of(globex)).status_code == 404
    other = make_campaign(acme, medium=Medium.LINK)
    assert fetch(reverse("api-link-svg", args=[other.pk, planned.public_id])).status_code == 404


def test_asking_by_get_changes_nothing(fetch, campaign, acme):
    make_contact(acme)
    assert fetch(reverse("api-links", args=[campaign.pk])).status_code == 405
    assert Invitation.objects.count() == 0
