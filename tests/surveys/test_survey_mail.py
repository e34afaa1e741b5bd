"""The mail that asks: what it says, where its links lead, and that it lets people go."""

import datetime as dt
import re

import pytest
import time_machine
from django.test import Client as Browser

from surveys import delivery
from surveys.delivery import survey_mail
from surveys.models import Contact, OutgoingMessage
from tests import factories

HREF = re.compile(r'href="([^"]+)"')
URL = re.compile(r"https?://\S+")


@pytest.fixture
def invitation(acme):
    contact = factories.make_contact(acme, reason="Rechnung")
    return factories.make_invitation(acme, "csat", contact=contact)


def test_the_mail_says_why_and_asks_one_question(invitation):
    mail = survey_mail.render(invitation)
    assert mail.subject == "Ihr Telefonat am Dienstag, 10. November: Wie zufrieden sind Sie?"
    assert mail.text.startswith("Guten Tag Kim Brook,\n\nbitte beantworten Sie uns eine Frage.")
    for part in (mail.text, mail.html):
        assert "Ihr Telefonat am Dienstag, 10. November. Thema: Rechnung." in part
        assert "Wie zufrieden sind Sie mit unserem Kundenservice bei diesem Anliegen?" in part
        assert "1 = sehr unzufrieden" in part and "5 = sehr zufrieden" in part
        assert "Der Link gilt bis Dienstag, 24. November, 7:00 Uhr." in part
        assert "widersprechen, ohne dass dafür andere als die Übermittlungskosten nach den Basistarifen" in part
        assert "Acme GmbH, Hafenstraße 14, 00000 Nordheim" in part


@pytest.mark.parametrize(("kind", "scale"), [("csat", range(1, 6)), ("nps", range(11))])
def test_each_number_leads_to_its_own_preselection_in_both_parts(acme, kind, scale):
    invitation = factories.make_invitation(acme, kind)
    mail, address = survey_mail.render(invitation), survey_mail.answer_link(invitation)
    numbers = [f"{address}?score={score}" for score in scale]
    assert [link for link in HREF.findall(mail.html) if "/s/" in link] == [*numbers, f"{address}more/"]
    assert [link for link in URL.findall(mail.text) if "/s/" in link] == numbers


def test_both_parts_lead_to_the_same_places_and_only_to_configured_origins(acme, settings):
    settings.BASE_URL = "https://feedback.example"
    mail = survey_mail.render(factories.make_invitation(acme, "nps"))
    seen = {link for link in HREF.findall(mail.html) if not link.endswith("/more/")}  # but for what nobody sees
    assert seen == set(URL.findall(mail.text))
    others = {link for link in HREF.findall(mail.html) if not link.startswith("https://feedback.example/")}
    assert others == {acme.privacy_url, acme.imprint_url}


def test_a_wave_needs_no_contact_and_claims_none(acme):
    mail = survey_mail.render(factories.make_invitation(acme, "nps"))
    assert mail.subject == "Würden Sie uns weiterempfehlen?"
    assert "Wir fragen regelmäßig einen Teil unserer Kundinnen und Kunden, diesmal auch Sie." in mail.text
    assert "dass Sie die Acme einem Freund oder Kollegen weiterempfehlen würden?" in mail.text


@pytest.mark.parametrize(
    ("channel", "phrase"),
    [
        ("phone", "Ihr Telefonat am"),
        ("email", "Ihre E-Mail vom"),
        ("chat", "Ihr Chat am"),
        ("messenger", "Ihre Nachricht vom"),
        ("web", "Ihre Anfrage vom"),
        ("other", "Ihr Kontakt mit uns am"),
    ],
)
def test_every_channel_has_its_name(acme, channel, phrase):
    assert channel in Contact.Channel.values and len(Contact.Channel.values) == 6
    invitation = factories.make_invitation(acme, contact=factories.make_contact(acme, channel=channel))
    assert survey_mail.render(invitation).subject == f"{phrase} Dienstag, 10. November: Wie zufrieden sind Sie?"


def test_sie_du_and_english_each_greet_their_own_way(acme):
    def start(**fields):
        return survey_mail.render(factories.make_invitation(acme, "nps", **fields)).text.split("\n")[0]

    assert start() == "Guten Tag Kim Brook,"
    assert start(form_of_address="du") == "Hallo Kim Brook,"
    assert start(language="en") == "Hello Kim Brook,"
    assert start(customer=factories.make_customer(acme, name="")) == "Guten Tag,"


def test_du_is_du_throughout(acme):
    for kind in ("nps", "csat"):
        mail = survey_mail.render(factories.make_invitation(acme, kind, form_of_address="du"))
        assert not re.search(r"\b(Sie|Ihre?[nmrs]?|Ihnen)\b", mail.subject + mail.text)


def test_english_days_read_as_english(acme):
    mail = survey_mail.render(factories.make_invitation(acme, language="en"))
    assert mail.subject == "Your phone call on Tuesday 10 November: how satisfied are you?"
    assert "The link is valid until Tuesday 24 November, 07:00." in mail.text


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\u2028", "\u0085"])
def test_no_line_break_from_outside_reaches_a_header_or_starts_a_line(acme, break_):
    acme.name = acme.from_name = f"Acme{break_}Bcc: x@evil.example"
    customer = factories.make_customer(acme, name=f"Kim{break_}Bcc: x@evil.example")
    contact = factories.make_contact(acme, customer=customer, reason=f"Rechnung{break_}.{break_}Bcc: x@evil.example")
    invitation = factories.make_invitation(acme, contact=contact)
    mail = survey_mail.render(invitation)
    for value in (mail.subject, *survey_mail.headers(invitation).values()):
        assert value.splitlines() == [value] and "evil" not in value
    assert [line for line in mail.text.splitlines() if line.startswith(("Bcc", "."))] == []
    assert mail.text.splitlines()[0] == "Guten Tag Kim Bcc: x@evil.example,"


def test_braces_and_tags_from_outside_are_printed_as_they_are(acme):
    evil = "{{7*7}} {% debug %} %(x)s {0.__class__} <script>"
    acme.imprint = evil
    customer = factories.make_customer(acme, name=evil)
    mail = survey_mail.render(factories.make_invitation(acme, "nps", customer=customer))
    assert mail.text.count(evil) == 2
    assert mail.html.count(evil.replace("<", "&lt;").replace(">", "&gt;")) == 2 and "<script>" not in mail.html


HOSTILE = [
    "",
    "Kim Brook",
    "<script>alert(1)</script>",
    '"O\'Neill" & Söhne <info@example.org>',
    "&amp; &lt;b&gt; &#39; &nbsp;",
    "{{ client }} {% now %} %(name)s %s {0}",
    "Zoë\u00a0Ångström",
    "ab\u202edc\u2066",
    "👩‍👩‍👧 名前 שם",
    "nk0123456789abcdef00kn",
    "a" * 200,
    " spaces  and\ttabs ",
    "line\r\nbreak\u2028and\x85more",
    "null\0byte",
    "</td></tr></table><!-- ",
    "<![CDATA[x]]>",
]


@pytest.mark.parametrize("kind", ["csat", "nps"])
@pytest.mark.parametrize("is_reminder", [False, True])
def test_a_compiled_mail_is_the_rendered_one_to_the_byte(acme, kind, is_reminder):
    """The compiled form is what customers get; whatever a name or a topic may hold."""
    acme.name, acme.imprint = "Acme & <Söhne>", '{{ x }} "Straße" 14'
    for number, text in enumerate(HOSTILE):
        customer = factories.make_customer(acme)
        for language, form in (("de", "sie"), ("de", "du"), ("en", "sie")):
            subject = {"customer": customer}
            if kind == "csat":
                channel = Contact.Channel.values[number % 6]
                contact = factories.make_contact(acme, customer=customer, channel=channel)
                subject = {"contact": contact, "about_at": contact.ended_at + dt.timedelta(days=number)}
            invitation = factories.make_invitation(acme, kind, language=language, form_of_address=form, **subject)
            invitation.client, invitation.contact_reason, invitation.customer.name = acme, text, text
            assert survey_mail.compose(invitation, is_reminder) == survey_mail.render(invitation, is_reminder)
            invitation.delete()


def test_a_changed_wording_imprint_or_name_is_in_the_very_next_mail(acme):
    invitation = factories.make_invitation(acme, "nps")
    survey_mail.compose(invitation)
    for name, value in (("imprint", "Neue Straße 1"), ("name", "Neue AG"), ("privacy_url", "https://neu.example/")):
        setattr(invitation.client, name, value)
        mail = survey_mail.compose(invitation)
        assert value in mail.html
        assert name == "name" or value in mail.text


def test_mail_programs_can_object_in_one_click(invitation):
    assert survey_mail.headers(invitation) == {
        "List-Unsubscribe": f"<{survey_mail.unsubscribe_link(invitation)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "X-Auto-Response-Suppress": "All",
    }
    assert survey_mail.unsubscribe_link(invitation) in survey_mail.render(invitation).text


def test_a_mail_already_queued_is_not_sent_after_the_objection(invitation, now, mailoutbox):
    message = OutgoingMessage.objects.create(
        client=invitation.client, invitation=invitation, key="invitation", to=invitation.email, due_at=now
    )
    with time_machine.travel(now, tick=False):
        Browser().post(survey_mail.unsubscribe_path(invitation), {"List-Unsubscribe": "One-Click"})
        assert delivery.send_due(now) == 0
    message.refresh_from_db()
    assert (message.state, mailoutbox) == (OutgoingMessage.State.CANCELLED, [])


def test_the_mail_needs_no_stylesheet_and_no_foreign_picture(invitation):
    html = survey_mail.render(invitation).html
    assert "var(--" not in html and "<link" not in html and "<img" not in html and "src=" not in html
    score = re.search(r'<a class="ink score"[^>]*style="([^"]*)"', html)[1]
    assert "line-height: 48px" in score and "display: block" in score
    assert "prefers-color-scheme: dark" in html


def test_rendering_reads_little_and_writes_nothing(invitation, django_assert_num_queries):
    known = type(invitation).objects.select_related("client", "customer", "version__survey").get(pk=invitation.pk)
    with django_assert_num_queries(1):  # the questions
        survey_mail.render(known)
