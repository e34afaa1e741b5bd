"""Who a customer is written to by: named in every message, and believed by receivers; else nothing leaves."""

import base64
import io
import subprocess
import sys
import time

import pytest
import time_machine
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.urls import reverse

from surveys import delivery
from surveys.delivery import identity, letters, spf
from surveys.delivery.dns_records import CannotTell, LiveLookup, domain_of, tags
from surveys.models import OutgoingMessage
from tests import factories
from tests.installation import ROOT, environment
from tests.name_server import FAILS, SILENT, NameServer

OURS = "include:spf.provider.example"
KEY_2048, KEY_1024, KEY_512 = (base64.b64encode(b"x" * size).decode() for size in (294, 162, 94))
POLICY = "v=DMARC1; p=reject; rua=mailto:d@acme.example"
# What a client in good order publishes; cases say what is different.
ZONE = {
    ("acme.example", "TXT"): ["v=spf1 include:spf.provider.example ~all", "some-verification=1"],
    ("spf.provider.example", "TXT"): ["v=spf1 ip4:192.0.2.10 -all"],
    ("nk._domainkey.acme.example", "TXT"): [f"v=DKIM1; k=rsa; p={KEY_2048}"],
    ("_dmarc.acme.example", "TXT"): [POLICY],
    ("acme.example", "MX"): ["10 mail.acme.example."],
}


def answers(zone):
    """A lookup over records that were looked up before; None stands for no answer."""

    def lookup(name: str, kind: str) -> tuple[str, ...]:
        found = zone.get((name, kind), ())
        if found is None:
            raise CannotTell(name)
        return tuple(found)

    return lookup


@pytest.fixture
def sender(acme, settings):
    settings.SPF_INCLUDE, settings.BOUNCE_ADDRESS = OURS, ""
    acme.dkim_selectors = "nk"
    acme.save()
    return acme


def states(client, zone=()) -> dict[str, str]:
    """Topic → state, with `zone` in place of what ZONE says."""
    return {finding.topic: finding.state.value for finding in identity.check(client, answers({**ZONE, **dict(zone)}))}


GOOD = {
    "Identity": "good",
    "SPF of acme.example": "good",
    "DKIM: nk": "good",
    "DMARC of acme.example": "good",
    "DMARC alignment": "good",
    "MX of acme.example": "good",
}


# --- What the law wants in each message ------------------------------------------------------------------------------

OBJECTION = {
    "de": "Sie können der Verwendung Ihrer E-Mail-Adresse",
    "de-du": "Du kannst der Verwendung deiner E-Mail-Adresse",
    "en": "You may object to the use of your email address",
}


@pytest.mark.parametrize("is_reminder", [False, True])
@pytest.mark.parametrize("locale", ["de", "de-du", "en"])
@pytest.mark.parametrize("kind", ["csat", "nps"])
def test_every_message_names_its_sender_and_the_way_out(acme, now, locale, is_reminder, kind):
    acme.reply_to = "antwort@acme.example"
    acme.from_name = "Acme Kundenservice"
    acme.save()
    language, _dash, form = locale.partition("-")
    form = form or ("sie" if language == "de" else acme.form_of_address)
    invitation = factories.make_invitation(acme, kind, language=language, form_of_address=form)
    message = OutgoingMessage.objects.create(
        client=acme, key="x", invitation=invitation, to=invitation.email, due_at=now, is_reminder=is_reminder
    )
    letter = letters.letter_of(message, now)
    assert (letter.sender, letter.reply_to) == ("Acme Kundenservice <service@acme.example>", "antwort@acme.example")
    assert letter.subject
    for part in (letter.text, letter.html):
        assert acme.imprint in part and acme.privacy_url in part and acme.imprint_url in part
        assert OBJECTION[locale] in part
    assert letter.text.count("/u/") == letter.html.count("/u/") == 1
    assert "List-Unsubscribe" in letter.headers


# --- Without an identity, nothing leaves -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("from_name", "sender's name"),
        ("from_email", "sender's address"),
        ("imprint", "imprint line"),
        ("privacy_url", "link to the privacy notice"),
    ],
)
def test_each_missing_part_of_an_identity_is_named(acme, field, name):
    assert identity.identity_gap(acme) == []
    setattr(acme, field, "  ")
    assert identity.identity_gap(acme) == [name]
    first = identity.check(acme, answers(ZONE))[0]
    assert (first.topic, first.state) == ("Identity", "missing")
    assert name in first.message


def test_without_an_identity_messages_wait_and_with_it_they_leave(acme, now, smtp_sink):
    acme.privacy_url = ""
    acme.save()
    invitation = factories.make_invitation(acme)
    OutgoingMessage.objects.create(client=acme, key="x", invitation=invitation, to=invitation.email, due_at=now)
    with time_machine.travel(now, tick=False):
        delivery.send_due(now)
        assert (OutgoingMessage.objects.get().state, len(smtp_sink.mails)) == ("planned", 0)
        acme.privacy_url = "https://acme.example/datenschutz"
        acme.save()
        delivery.send_due(now)
    assert (OutgoingMessage.objects.get().state, len(smtp_sink.mails)) == ("accepted", 1)


def test_djangos_check_names_each_client_that_asks_without_an_identity(acme, globex):
    factories.make_campaign(acme)
    factories.make_campaign(globex)
    assert [each.id for each in run_checks(databases=["default"]) if each.id.startswith("surveys")] == []
    acme.imprint = acme.privacy_url = ""
    acme.save()
    [error] = [each for each in run_checks(databases=["default"]) if each.id.startswith("surveys")]
    assert (error.id, error.obj) == ("surveys.E001", acme)
    assert error.msg == "Acme has campaigns, but customers would not know who writes."
    assert error.hint == "Fill in on the client's page: imprint line, link to the privacy notice."
    with pytest.raises(SystemCheckError):
        call_command("check", databases=["default"], stderr=io.StringIO())
    call_command("check", stdout=io.StringIO())  # without a database, it is not asked


@pytest.mark.parametrize("reason", ["not active", "no campaign"])
def test_a_client_that_asks_nobody_may_be_incomplete(acme, reason):
    if reason == "not active":
        factories.make_campaign(acme)
        acme.is_active = False
    acme.imprint = ""
    acme.save()
    assert [each.id for each in run_checks(databases=["default"]) if each.id.startswith("surveys")] == []


def test_an_upgrade_does_not_wait_for_an_imprint(acme, monkeypatch):
    factories.make_campaign(acme)
    acme.imprint = ""
    acme.save()
    monkeypatch.setattr("sys.argv", ["manage.py", "migrate"])
    assert [each.id for each in run_checks(databases=["default"]) if each.id.startswith("surveys")] == []


# --- What receivers make of it ---------------------------------------------------------------------------------------


def test_a_client_in_good_order_is_good_in_every_line(sender):
    assert states(sender) == GOOD


@pytest.mark.parametrize(
    ("record", "state", "words", "publish"),
    [
        ([], "missing", "No server is named", f"v=spf1 {OURS} ~all"),
        (["v=spf10 x", "not spf"], "missing", "No server is named", f"v=spf1 {OURS} ~all"),
        (["v=spf1 mx -all"], "wrong", "does not name our", f"v=spf1 {OURS} mx -all"),
        ([f"v=spf1 -all {OURS}"], "wrong", "does not name our", f"v=spf1 -all {OURS}"),
        ([f"v=spf1 -{OURS} -all"], "wrong", "does not name our", f"v=spf1 {OURS} -{OURS} -all"),
        ([f"v=spf1 {OURS} +all"], "wrong", "+all", f"v=spf1 {OURS} ~all"),
        (["v=spf1 all"], "wrong", "+all", f"v=spf1 {OURS} ~all"),
        (["V=SPF1 INCLUDE:SPF.Provider.Example ?ALL"], "good", "1 of at most 10", None),
        ([f"v=spf1 +{OURS} mx a -all"], "good", "3 of at most 10", None),
        (["v=spf1 include:tree.example -all"], "good", "2 of at most 10", None),
        (["v=spf1 redirect=tree.example"], "good", "2 of at most 10", None),
        ([f"v=spf1 {OURS} include:open.example -all"], "wrong", "+all", None),
        ([f"v=spf1 {OURS} ~include:open.example -all"], "good", "2 of at most 10", None),
        ([f"v=spf1 {OURS} include:gone.example -all"], "wrong", "gone.example", None),
        ([f"v=spf1 {OURS} include:circle.example -all"], "wrong", "more than 10", None),
        ([f"v=spf1 {OURS} " + "a:x.example " * 9 + "-all"], "good", "10 of at most 10", None),
        ([f"v=spf1 {OURS} " + "a:x.example " * 10 + "-all"], "wrong", "more than 10", None),
        ([f"v=spf1 {OURS} " + "ip4:192.0.2.1 " * 30 + "-all"], "good", "1 of at most 10", None),
        ([f"v=spf1 {OURS} include:nine.example a -all"], "wrong", "more than 10", None),
        ([f"v=spf1 {OURS} exists:%{{i}}.x.example include:%{{d}}.x.example -all"], "good", "3 of at most 10", None),
        (["v=spf1 mx -all", f"v=spf1 {OURS} a ~all"], "wrong", "more than one", f"v=spf1 mx {OURS} a ~all"),
        (None, "unknown", "did not answer about acme.example", None),
        ([f"v=spf1 {OURS} include:silent.example -all"], "unknown", "did not answer about silent.example", None),
    ],
)
def test_spf(record, state, words, publish):
    zone = {
        ("acme.example", "TXT"): record,
        ("spf.provider.example", "TXT"): ["v=spf1 ip4:192.0.2.10 -all"],
        ("tree.example", "TXT"): [f"v=spf1 {OURS} -all"],
        ("open.example", "TXT"): ["v=spf1 +all"],
        ("circle.example", "TXT"): ["v=spf1 include:circle.example -all"],
        ("nine.example", "TXT"): ["v=spf1 " + "mx:x.example " * 8 + "-all"],
        ("silent.example", "TXT"): None,
    }
    finding = spf.check("acme.example", OURS, answers(zone))
    assert (finding.state.value, finding.publish and finding.publish.value) == (state, publish)
    assert words in finding.message
    assert finding.publish is None or finding.publish[:2] == ("acme.example", "TXT")


@pytest.mark.parametrize(
    ("ours", "record", "state"),
    [
        ("ip4:192.0.2.10", "v=spf1 ip4:192.0.2.0/24 -all", "good"),
        ("ip4:192.0.2.10", "v=spf1 ip4:192.0.2.10 -all", "good"),
        ("ip4:192.0.2.10", "v=spf1 ip4:192.0.3.0/24 -all", "wrong"),
        ("ip6:2001:db8::1", "v=spf1 ip6:2001:db8::/32 -all", "good"),
        ("ip4:192.0.2.10", "v=spf1 ip4:nonsense -all", "wrong"),
        ("", "v=spf1 mx -all", "unknown"),
    ],
)
def test_spf_knows_our_server_in_a_network_and_says_when_it_does_not_know_our_server(ours, record, state):
    assert spf.check("acme.example", ours, answers({("acme.example", "TXT"): [record]})).state == state


@pytest.mark.parametrize(
    ("record", "state", "words"),
    [
        ([f"v=DKIM1; p={KEY_2048}"], "good", "can be read."),
        ([f"p={KEY_2048[:100]} {KEY_2048[100:]}"], "good", "can be read."),
        ([f"v=DKIM1; k=ed25519; p={base64.b64encode(b'x' * 32).decode()}"], "good", "can be read."),
        ([f"v=DKIM1; p={KEY_1024}"], "good", "2,048 bits are usual"),
        ([f"v=DKIM1; p={KEY_512}"], "wrong", "fewer than 1,024"),
        (["v=DKIM1; p="], "wrong", "withdrawn"),
        (["v=DKIM1; p=?"], "wrong", "lost in copying"),
        ([f"v=DKIM2; p={KEY_2048}"], "wrong", "v=DKIM1"),
        ([f"v=DKIM1; s=tlsrpt; p={KEY_2048}"], "wrong", "not for mail"),
        ([f"v=DKIM1; t=y:s; p={KEY_2048}"], "wrong", "t=y"),
        ([f"v=DKIM1; p={KEY_2048}", f"v=DKIM1; p={KEY_1024}"], "wrong", "more than one"),
        (["something else"], "missing", "no key"),
        ([], "missing", "no key"),
        (None, "unknown", "did not answer"),
    ],
)
def test_dkim(sender, record, state, words):
    zone = {**ZONE, ("nk._domainkey.acme.example", "TXT"): record}
    [finding] = [each for each in identity.check(sender, answers(zone)) if each.topic == "DKIM: nk"]
    assert finding.state == state and words in finding.message
    assert finding.state != "missing" or finding.publish[:2] == ("nk._domainkey.acme.example", "TXT")


def test_each_selector_is_looked_for_as_typed_in_and_none_is_a_gap(sender):
    sender.dkim_selectors = " nk, K2._domainkey.acme.example ,"
    assert {topic: state for topic, state in states(sender).items() if "DKIM" in topic} == {
        "DKIM: nk": "good",
        "DKIM: k2": "missing",
    }
    sender.dkim_selectors = ""
    assert states(sender)["DKIM"] == "missing"


@pytest.mark.parametrize(
    ("record", "state", "words"),
    [
        ([POLICY], "good", "refused"),
        (["v=DMARC1;p=quarantine"], "good", "put aside"),
        (["v = DMARC1; p=none"], "good", "protects nobody"),
        (["v=DMARC1"], "wrong", "no policy"),
        (["v=DMARC1; p=maybe"], "wrong", "no policy"),
        ([POLICY, POLICY], "wrong", "more than one"),
        (["p=reject; v=DMARC1"], "missing", "Nothing tells"),
        ([], "missing", "Nothing tells"),
        (None, "unknown", "did not answer"),
    ],
)
def test_dmarc(sender, record, state, words):
    zone = {**ZONE, ("_dmarc.acme.example", "TXT"): record}
    [finding] = [each for each in identity.check(sender, answers(zone)) if each.topic == "DMARC of acme.example"]
    assert finding.state == state and words in finding.message
    if state == "missing":
        wanted = "v=DMARC1; p=quarantine; rua=mailto:dmarc@acme.example"
        assert finding.publish == ("_dmarc.acme.example", "TXT", wanted)


@pytest.mark.parametrize(
    ("parent", "state", "words"),
    [
        ("v=DMARC1; p=reject; sp=none", "good", "protects nobody"),
        ("v=DMARC1; p=reject", "good", "refused"),
        ("v=DMARC1; p=reject; psd=y", "missing", "Nothing tells"),
    ],
)
def test_a_subdomain_has_the_policy_of_its_organisation(sender, parent, state, words):
    sender.from_email = "service@mail.acme.example"
    zone = answers({("_dmarc.acme.example", "TXT"): [parent]})
    [finding] = [each for each in identity.check(sender, zone) if each.topic == "DMARC of mail.acme.example"]
    assert finding.state == state and words in finding.message


@pytest.mark.parametrize(
    ("from_email", "bounce", "policy", "key", "state", "words"),
    [
        # The envelope is the client's own: SPF is enough, a signature better.
        ("a@acme.example", "", POLICY, True, "good", "The signature vouches for acme.example"),
        ("a@acme.example", "", POLICY, False, "good", "SPF vouches for acme.example"),
        # The envelope is the provider's: only a signature counts.
        ("a@acme.example", "b@provider.example", POLICY, True, "good", "envelope names provider.example"),
        ("a@acme.example", "b@provider.example", POLICY, False, "wrong", "it takes a DKIM signature"),
        # The envelope is of the same family: enough, unless the policy is strict.
        ("a@acme.example", "b@bounce.acme.example", POLICY, False, "good", "SPF vouches"),
        ("a@acme.example", "b@bounce.acme.example", f"{POLICY}; aspf=s", False, "wrong", "it takes a DKIM signature"),
        # The key is the parent's: enough, unless the policy is strict.
        ("a@mail.acme.example", "b@provider.example", POLICY, True, "good", "vouches for mail.acme.example"),
        ("a@mail.acme.example", "b@provider.example", f"{POLICY}; adkim=s", True, "wrong", "it takes a DKIM"),
    ],
)
def test_alignment(sender, settings, from_email, bounce, policy, key, state, words):
    sender.from_email, settings.BOUNCE_ADDRESS = from_email, bounce
    zone = {**ZONE, ("_dmarc.acme.example", "TXT"): [policy]}
    zone |= {(f"{name}.example", "TXT"): [f"v=spf1 {OURS} -all"] for name in ("bounce.acme", "provider", "mail.acme")}
    if not key:
        del zone["nk._domainkey.acme.example", "TXT"]
    [finding] = [each for each in identity.check(sender, answers(zone)) if each.topic == "DMARC alignment"]
    assert finding.state == state and words in finding.message


def test_where_bounces_go_elsewhere_spf_is_asked_there_and_faults_at_home_still_count(sender, settings):
    settings.BOUNCE_ADDRESS = "b@provider.example"
    provider = {("provider.example", "TXT"): [f"v=spf1 {OURS} -all"], ("provider.example", "MX"): ["5 mx.example."]}
    for home, state in (([], "good"), (["v=spf1 mx -all"], "good"), (["v=spf1 +all"], "wrong"), (None, "unknown")):
        found = states(sender, zone=provider | {("acme.example", "TXT"): home})
        assert found == GOOD | {
            "SPF of provider.example": "good",
            "SPF of acme.example": state,
            "MX of provider.example": "good",
        }
    assert states(sender, zone={("provider.example", "TXT"): []})["SPF of provider.example"] == "missing"


@pytest.mark.parametrize(
    ("zone", "state", "words"),
    [
        ({("acme.example", "MX"): ["10 mail.acme.example."]}, "good", "arrive"),
        ({("acme.example", "MX"): ["0 ."]}, "wrong", "takes no mail"),
        ({("acme.example", "MX"): [], ("acme.example", "A"): ["192.0.2.1"]}, "good", "no MX record"),
        ({("acme.example", "MX"): [], ("acme.example", "AAAA"): ["2001:db8::1"]}, "good", "no MX record"),
        ({("acme.example", "MX"): []}, "missing", "No server takes mail"),
        ({("acme.example", "MX"): None}, "unknown", "did not answer"),
    ],
)
def test_replies_and_bounces_need_a_server_that_takes_them(sender, zone, state, words):
    [finding] = [each for each in identity.check(sender, answers({**ZONE, **zone})) if each.topic.startswith("MX")]
    assert finding.state == state and words in finding.message


def test_small_things_are_read_as_they_are_written():
    assert domain_of("Kim <x>@MÜLLER.example.") == "xn--mller-kva.example"
    assert domain_of("a@" + "ä" * 70 + ".example") == "ä" * 70 + ".example"
    assert tags("v=DKIM1; p = a=b ;P=second; loose;") == {"v": "DKIM1", "p": "a=b"}


# --- Asking a real server --------------------------------------------------------------------------------------------


@pytest.fixture
def name_server(settings):
    key = f'"v=DKIM1; k=rsa; p={KEY_2048[:200]}" "{KEY_2048[200:]}"'
    zone = {place: [f'"{text}"' for text in found] if place[1] == "TXT" else found for place, found in ZONE.items()}
    server = NameServer({**zone, ("nk._domainkey.acme.example", "TXT"): [key]})
    settings.DNS_RESOLVER = server.address
    yield server
    server.stop()


def test_a_real_server_is_asked_each_question_once(sender, name_server):
    lookup = LiveLookup()
    assert {finding.topic: finding.state.value for finding in identity.check(sender, lookup)} == GOOD
    assert len(name_server.asked) == len(set(name_server.asked)) > 4
    assert lookup("nk._domainkey.acme.example", "TXT") == (f"v=DKIM1; k=rsa; p={KEY_2048}",)
    assert lookup("acme.example", "MX") == ("10 mail.acme.example.",)
    assert lookup("nobody.example", "TXT") == lookup("acme.example", "AAAA") == ()


def test_silence_and_failure_are_no_answer_and_end_within_three_seconds(name_server):
    name_server.zone |= {("slow.example", "TXT"): SILENT, ("broken.example", "TXT"): FAILS}
    lookup = LiveLookup()
    for name in ("slow.example", "broken.example", "a..b", "x" * 64 + ".example"):
        began = time.monotonic()
        with pytest.raises(CannotTell, match=name.replace(".", r"\.")):
            lookup(name, "TXT")
        assert time.monotonic() - began < 4
    began = time.monotonic()
    with pytest.raises(CannotTell):
        lookup("slow.example", "TXT")  # not asked again
    assert time.monotonic() - began < 0.5


def test_a_whole_check_ends_within_its_time_however_much_is_silent(sender, name_server, monkeypatch):
    monkeypatch.setattr("surveys.delivery.dns_records.ALL_SECONDS", 1.0)
    name_server.zone |= dict.fromkeys([*name_server.zone, ("_dmarc.acme.example", "TXT")], SILENT)
    began = time.monotonic()
    found = {finding.topic: finding.state.value for finding in identity.check(sender, LiveLookup())}
    assert time.monotonic() - began < 3
    assert found == dict.fromkeys(GOOD, "unknown") | {"Identity": "good"}


def test_the_demo_asks_nobody(sender, name_server, settings):
    settings.DEMO = True
    assert set(states_of(identity.check(sender, LiveLookup()))) == {"good", "unknown"}
    assert name_server.asked == []


def states_of(findings) -> list[str]:
    return [finding.state.value for finding in findings]


# --- The page --------------------------------------------------------------------------------------------------------


def page(browser, client):
    return browser.get(reverse("admin:surveys_client_sender", args=[client.pk]))


def test_the_page_shows_what_was_found_and_the_record_to_publish(sender, name_server, client):
    name_server.zone["acme.example", "TXT"] = ['"v=spf1 mx -all"']
    del name_server.zone["_dmarc.acme.example", "TXT"]
    client.force_login(factories.make_login("root", is_superuser=True, language="en"))
    html = page(client, sender).content.decode()
    assert "v=spf1 mx -all" in html and f"v=spf1 {OURS} mx -all" in html
    assert "_dmarc.acme.example" in html and "v=DMARC1; p=quarantine; rua=mailto:dmarc@acme.example" in html
    assert "2 points need somebody." in html
    change = client.get(reverse("admin:surveys_client_change", args=[sender.pk])).content.decode()
    assert reverse("admin:surveys_client_sender", args=[sender.pk]) in change


def test_what_a_name_server_says_runs_nowhere(sender, name_server, client):
    name_server.zone["acme.example", "TXT"] = ['"v=spf1 <script>alert(1)</script> -all"']
    client.force_login(factories.make_login("root", is_superuser=True))
    html = page(client, sender).content.decode()
    assert "<script>alert" not in html and "&lt;script&gt;alert" in html


def test_only_who_sees_the_client_sees_its_check_and_nothing_is_asked_for_others(sender, globex, name_server, client):
    analyst = factories.make_login("analyst")
    factories.give_access(analyst, globex, "analyst")
    client.force_login(analyst)
    assert page(client, sender).status_code == 302
    assert name_server.asked == []
    viewer = factories.make_login("viewer")
    factories.give_access(viewer, sender, "viewer")
    client.force_login(viewer)
    assert page(client, sender).status_code == 403
    factories.give_access(analyst, sender, "analyst")
    client.force_login(analyst)
    assert page(client, sender).status_code == 200


def test_the_page_only_reads(sender, name_server, client, django_assert_max_num_queries):
    client.force_login(factories.make_login("root", is_superuser=True))
    address = reverse("admin:surveys_client_sender", args=[sender.pk])
    assert client.post(address).status_code == 405
    with django_assert_max_num_queries(6) as captured:
        client.get(address)
    assert [query["sql"] for query in captured if not query["sql"].lstrip().startswith("SELECT")] == []


@pytest.mark.parametrize("wrong", [{"SPF_INCLUDE": "spf.example.org"}, {"DNS_RESOLVER": "dns.example"}])
def test_settings_that_cannot_be_meant_fail_at_boot(wrong, tmp_path):
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT, env=environment(NACHKLANG_DATA=str(tmp_path), **wrong), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1 and f"{next(iter(wrong))} must look like" in done.stderr
