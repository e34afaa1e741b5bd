"""A customer is asked, thanked and let go in their own language: mails, text messages and pages, in nine of them.

Staff's languages stay German and English; customers' are activated one by one, whatever the browser asks for.
"""

import datetime as dt
import html
import re
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import translation

from analytics import queries
from analytics.periods import Period
from surveys import invitations, wording
from surveys.delivery import gsm, replies, sms, survey_mail
from surveys.models import Contact, Invitation, Response
from surveys.models.people import LANGUAGES
from surveys.pages.frame import OWN_NAMES
from surveys.pages.length import Length
from surveys.templatetags.moments import day, day_and_time, full_date
from tests import factories
from tests.conftest import NOW
from tests.surveys.webhooks import deliver, make_inlet, sample

NINE = [code for code, _ in LANGUAGES]
SEVEN = [code for code in NINE if code not in ("de", "en")]
OCTOBER = Period("month", dt.date(2026, 10, 1), dt.date(2026, 10, 31), "Europe/Berlin")
BERLIN = ZoneInfo("Europe/Berlin")
# What is written in Latin letters wherever it stands: names, addresses, and the word that a phone must send.
NAMES = re.compile(r"\S*(?:@|://|\.example)\S*|Acme|GmbH|Hafenstraße|Nordheim|Kim Brook|Nachklang|Rechnung|STOP|SMS")
LATIN = re.compile(r"[^\W\d_]*[A-Za-z]{2,}[^\W\d_]*")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


def path_of(invitation: Invitation) -> str:
    return urlsplit(survey_mail.answer_link(invitation)).path


def frame(body: str) -> str:
    return " ".join(re.search(r'<html lang="([\w-]+)" dir="(\w+)">', body).groups())


def seen(body: str) -> str:
    return " ".join(html.unescape(re.sub(r"<(head|style)>.*?</\1>|<[^>]+>", " ", body, flags=re.S)).split())


def foreign(text: str) -> list[str]:
    """The Latin words of an Arabic text that are no names."""
    for own_name in OWN_NAMES.values():
        text = text.replace(own_name, "")
    return LATIN.findall(NAMES.sub("", text))


# --- The verdict freezes the language -------------------------------------------------------------------------------


def test_the_verdict_freezes_the_nearest_language_for_each_contact(acme):
    factories.make_campaign(acme)
    wishes = ["de-AT", "de_CH", "DE", "ger", "tr-TR", "AR", "pt-BR", "", "english"]
    for wish in wishes:
        factories.make_contact(acme, customer=factories.make_customer(acme, language=""), language=wish)
    invitations.plan_contacts(NOW)
    frozen = list(Invitation.objects.order_by("pk").values_list("language", flat=True))
    assert frozen == ["de", "de", "de", "de", "tr", "ar", "de", "de", "de"]


def test_a_contact_in_no_language_of_ours_leaves_it_to_the_customers_own(acme):
    factories.make_campaign(acme)
    factories.make_contact(acme, customer=factories.make_customer(acme, language="pl-PL"), language="uk")
    invitations.plan_contacts(NOW)
    assert Invitation.objects.get().language == "pl"


def test_nobody_is_asked_in_a_language_in_which_a_question_is_missing(acme):
    campaign = factories.make_campaign(acme)
    survey = campaign.survey
    draft = wording.draft_of(survey, [("score", "csat"), ("comment", "text")])
    comment = draft.questions.get(key="comment")
    comment.wording = {language: comment.wording[language] for language in ("de", "en", "ar")}
    comment.save()
    wording.publish(survey, NOW)
    for language in ("tr", "ar", "en"):
        factories.make_contact(acme, customer=factories.make_customer(acme, language=""), language=language)
    invitations.plan_contacts(NOW)
    assert list(Invitation.objects.order_by("pk").values_list("language", flat=True)) == ["de", "ar", "en"]


def test_an_audience_by_language_means_the_language_that_is_spoken(acme):
    campaign = factories.make_campaign(acme)
    campaign.audience.create(attribute="language", values=["de"])
    wishes = [("ger", ""), ("de_CH", "tr"), ("pt", "de"), ("pt", ""), ("tr", "de"), ("", "TUR")]
    for of_contact, of_customer in wishes:
        customer = factories.make_customer(acme, language=of_customer)
        factories.make_contact(acme, customer=customer, language=of_contact)
    invitations.plan_contacts(NOW)
    found = list(Invitation.objects.order_by("pk").values_list("is_asked", "language"))
    assert found == [(True, "de")] * 4 + [(False, "tr")] * 2


@pytest.mark.parametrize(
    ("said", "spoken"),
    [("Türkçe", "tr"), ("Polski", "pl"), ("FRENCH", "fr"), ("Niederländisch", "nl"), ("العربية", "ar"), ("ita", "it")],
)
def test_a_helpdesk_may_call_a_language_by_its_name(client, acme, said, spoken):
    event = sample("zendesk-solved")
    event["ticket"]["requester"]["language"] = said
    assert deliver(client, make_inlet(acme, "zendesk"), event).status_code == 200
    assert wording.speaks(Contact.objects.get().language) == spoken


def test_what_changes_later_changes_no_invitation(acme):
    factories.make_campaign(acme)
    customer = factories.make_customer(acme, language="tr")
    factories.make_contact(acme, customer=customer, language="tr")
    invitations.plan_contacts(NOW)
    customer.language = "nl"
    customer.save()
    Contact.objects.update(language="nl")
    invitation = Invitation.objects.get()
    assert invitation.language == "tr"
    assert survey_mail.render(invitation).subject == "10 Kasım Salı günkü telefon görüşmeniz: ne kadar memnunsunuz?"


# --- The page -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", NINE)
@pytest.mark.parametrize("browser_wants", ["", "de-DE,de;q=0.9", "tr", "ar-EG"])
def test_the_page_speaks_the_language_of_the_mail_whatever_the_browser_wants(acme, language, browser_wants):
    invitation = factories.make_invitation(acme, "nps", language=language)
    response = Browser(headers={"Accept-Language": browser_wants}).get(path_of(invitation))
    assert frame(response.content.decode()) == f"{language} {'rtl' if language == 'ar' else 'ltr'}"
    assert response["Content-Language"] == language
    asked = wording.STANDARDS["nps"][language]["ask"].replace("{client}", "die Acme" if language == "de" else "Acme")
    assert " ".join(asked.split()) in seen(response.content.decode())


@pytest.mark.parametrize(
    ("language", "send", "title"),
    [
        ("tr", "Yanıtı gönder", "Görüşünüz – Acme"),
        ("pl", "Wyślij odpowiedź", "Państwa opinia – Acme"),
        ("fr", "Envoyer la réponse", "Votre avis – Acme"),
        ("it", "Invia la risposta", "La Sua opinione – Acme"),
        ("es", "Enviar respuesta", "Su opinión – Acme"),
        ("nl", "Antwoord versturen", "Uw mening – Acme"),
        ("ar", "إرسال الإجابة", "رأيكم – Acme"),
    ],
)
def test_the_forms_own_words_are_in_that_language_too(acme, language, send, title):
    body = Browser().get(path_of(factories.make_invitation(acme, "nps", language=language))).content.decode()
    assert re.findall(r'<button type="submit">(.*?)</button>', body) == [send]
    assert re.findall(r"<title>(.*?)</title>", body) == [title]


@pytest.mark.parametrize("language", NINE)
def test_an_answer_is_stored_in_the_language_of_the_page_and_thanked_in_it(acme, language):
    invitation = factories.make_invitation(acme, "nps", language="de")
    path = f"{path_of(invitation)}?lang={language}"
    response = Browser().post(path, {"score": "3", "comment": "çok uzun bekledim"}, follow=True)
    assert frame(response.content.decode()).split()[0] == language
    with translation.override(language):
        assert translation.gettext("Thank you for telling us.") in seen(response.content.decode())
    assert Response.objects.get().language == language


def test_the_switch_leads_to_every_other_language_of_the_version_and_to_no_other(acme):
    invitation = factories.make_invitation(acme, "nps", language="tr")
    body = Browser().get(path_of(invitation) + "?score=7").content.decode()
    links = re.findall(r'<a href="\?([^"]*)" hreflang="(\w+)" lang="(\w+)"[^>]*>(.*?)</a>', body)
    assert [(code, name) for _, code, _, name in links] == [(c, OWN_NAMES[c]) for c in NINE if c != "tr"]
    assert all(code == lang and f"lang={code}" in query and "score=7" in query for query, code, lang, _ in links)


def test_a_language_that_the_version_does_not_offer_changes_nothing(acme):
    path = path_of(factories.make_invitation(acme, "nps", language="tr"))
    for wish in ("pt", "TR", "de-du", "", "../"):
        assert frame(Browser().get(f"{path}?lang={wish}").content.decode()) == "tr ltr"


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("tr-TR,tr;q=0.9,de;q=0.8", "tr ltr"), ("ar", "ar rtl"), ("pt-BR,pt;q=0.9,es;q=0.5", "es ltr"),
        ("de-AT", "de ltr"), ("nl;q=0.3,fr;q=0.9", "fr ltr"), ("pt", "en ltr"), ("", "en ltr"), ("*", "en ltr"),
        ("x" * 5000, "en ltr"),
    ],
)  # fmt: skip
def test_strangers_are_told_in_the_language_of_their_browser(accepted, spoken):
    for path in ("/s/unknown/", "/u/unknown/"):
        response = Browser(headers={"Accept-Language": accepted}).get(path)
        assert (response.status_code, frame(response.content.decode())) == (404, spoken)


@pytest.mark.parametrize("language", SEVEN)
def test_the_admin_never_speaks_a_language_that_it_knows_by_halves(language):
    response = Browser(headers={"Accept-Language": language}).get("/admin/login/")
    assert response["Content-Language"] == "en"
    assert frame(response.content.decode()) == "en ltr"


def test_an_arabic_customer_meets_no_word_of_another_language(acme):
    """The form, what is wrong with it, thanks, an ended survey, an objection: all that is not a name is Arabic."""
    invitation = factories.make_invitation(acme, "nps", language="ar")
    ended = factories.make_invitation(acme, "nps", language="ar", expires_at=NOW)
    withdrawn = factories.make_invitation(acme, "nps", language="ar", withdrawn_at=NOW)
    browser, path = Browser(), path_of(invitation)
    unsubscribe = survey_mail.unsubscribe_path(invitation)
    answers = [
        browser.get(path),
        browser.post(path, {"comment": "ش" * 3000, "wants_call": "1", "phone": "x"}),
        browser.post(path, {"score": "2", "comment": "انتظرت طويلا"}, follow=True),
        browser.get(path),
        browser.get(path_of(ended)),
        browser.get(path_of(withdrawn)),
        browser.get(unsubscribe),
        browser.post(unsubscribe, {"choice": "this"}),
        browser.post(unsubscribe, {"choice": "all"}),
        browser.post(unsubscribe, {"choice": "again"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 200, 200, 410, 410, 200, 200, 200, 200]
    for answer in answers:
        body = answer.content.decode()
        said = [seen(body), *re.findall(r'(?:aria-label|data-\w+|title|alt)="([^"]*)"', body)]
        assert (frame(body), foreign(" ".join(said))) == ("ar rtl", [])


# --- One survey, one result -----------------------------------------------------------------------------------------


def test_answers_in_every_language_make_one_score_and_one_series(acme):
    for period, scores in ((OCTOBER.previous(), (10, 10, 3)), (OCTOBER, (9, 8, 0))):
        at = period.start + dt.timedelta(days=9)
        for language, score in zip(("de", "tr", "ar") * 12, scores * 12, strict=True):
            factories.make_response(acme, score, language=language, about_at=at, submitted_at=at)
    found = queries.score(acme, OCTOBER, "nps")
    assert (found.before.groups, found.now.groups) == ((24, 0, 12), (12, 12, 12))
    assert found.begins == 0  # no language began a series of its own
    assert found.change is not None


# --- Days, numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "a_day", "a_moment", "a_date"),
    [
        ("de", "Montag, 2. März", "Montag, 2. März, 18:05 Uhr", "2. März 2026"),
        ("en", "Monday 2 March", "Monday 2 March, 18:05", "2 March 2026"),
        ("tr", "2 Mart Pazartesi", "2 Mart Pazartesi, saat 18:05", "2 Mart 2026"),
        ("pl", "2 marca (poniedziałek)", "2 marca (poniedziałek), godz. 18:05", "2 marca 2026"),
        ("fr", "lundi 2 mars", "lundi 2 mars à 18\xa0h\xa005", "2 mars 2026"),
        ("it", "lunedì 2 marzo", "lunedì 2 marzo, ore 18:05", "2 marzo 2026"),
        ("es", "lunes 2 de marzo", "lunes 2 de marzo, 18:05 h", "2 de marzo de 2026"),
        ("nl", "maandag 2 maart", "maandag 2 maart om 18.05 uur", "2 maart 2026"),
        ("ar", "الاثنين 2 مارس", "الاثنين 2 مارس، الساعة 18:05", "2 مارس 2026"),
    ],
)
def test_days_are_written_as_the_language_writes_them(locale, a_day, a_moment, a_date):
    at = dt.datetime(2026, 3, 2, 17, 5, tzinfo=dt.UTC)
    with translation.override(locale):
        assert (day(at, BERLIN), day_and_time(at, BERLIN), full_date(at, BERLIN)) == (a_day, a_moment, a_date)


@pytest.mark.parametrize(
    ("locale", "lead"),
    [
        ("tr", "5 soru, yaklaşık 2 dakika. Yanıtlamak isteğe bağlıdır."),
        ("pl", "5 pytań, około 2 minut. Odpowiedź jest dobrowolna."),
        ("fr", "5 questions, 2 minutes environ. Vous êtes libre de répondre ou non."),
        ("it", "5 domande, circa 2 minuti. Rispondere è facoltativo."),
        ("es", "5 preguntas, unos 2 minutos. Responder es voluntario."),
        ("nl", "5 vragen, ongeveer 2 minuten. Antwoorden is vrijwillig."),
        ("ar", "5 أسئلة، نحو دقيقتين. الإجابة اختيارية."),
    ],
)
def test_counted_words_take_their_form(locale, lead):
    with translation.override(locale):
        assert Length(step=1, steps=1, fewest=5, most=5, minutes=2).lead == lead


def test_polish_and_arabic_count_as_they_do():
    def questions(locale, *counts):
        with translation.override(locale):
            return [translation.ngettext("One question", "%(count)s questions", n) % {"count": n} for n in counts]

    assert questions("pl", 1, 3, 5, 22) == ["Jedno pytanie", "3 pytania", "5 pytań", "22 pytania"]
    assert questions("ar", 1, 2, 3, 11, 100) == ["سؤال واحد", "سؤالان", "3 أسئلة", "11 سؤالًا", "100 سؤال"]


# --- Mails ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_reminder", [False, True])
@pytest.mark.parametrize("kind", ["csat", "nps", "ces"])
@pytest.mark.parametrize("language", NINE)
def test_the_compiled_mail_says_what_the_rendered_one_says(acme, language, kind, is_reminder):
    customer = factories.make_customer(acme, name="Ayşe İpek & <Şahin>\xa0")
    contact = factories.make_contact(acme, customer=customer, reason="فاتورة <1> & İade")
    for fields in ({"contact": contact} if kind != "nps" else {"customer": customer}, {}):
        invitation = factories.make_invitation(acme, kind, language=language, **fields)
        rendered = survey_mail.render(invitation, is_reminder)
        assert survey_mail.compose(invitation, is_reminder) == rendered
        assert frame(rendered.html) == f"{language} {'rtl' if language == 'ar' else 'ltr'}"


@pytest.mark.parametrize(
    ("language", "asks", "asks_again"),
    [
        ("tr", "10 Kasım Salı günkü telefon görüşmeniz: ne kadar memnunsunuz?", "Görüşünüzü hâlâ merak ediyoruz"),
        (
            "pl",
            "Państwa rozmowa telefoniczna z 10 listopada (wtorek): jak oceniają Państwo naszą obsługę?",
            "Nadal chętnie poznamy Państwa opinię",
        ),
        (
            "fr",
            "Votre appel du mardi 10 novembre\xa0: comment cela s’est-il passé\u202f?",
            "Votre avis nous intéresse toujours",
        ),
        ("it", "La Sua telefonata di martedì 10 novembre: com’è andata?", "Ci interessa ancora la Sua opinione"),
        ("es", "Su llamada del martes 10 de noviembre: ¿cómo le fue?", "Nos sigue interesando su opinión"),
        ("nl", "Uw telefoongesprek van dinsdag 10 november: hoe tevreden bent u?", "We horen nog graag van u"),
        ("ar", "مكالمتكم الهاتفية يوم الثلاثاء 10 نوفمبر: ما مدى رضاكم؟", "ما زال رأيكم يهمّنا"),
    ],
)
def test_subjects_name_the_occasion_in_the_customers_language(acme, language, asks, asks_again):
    subject = survey_mail.render(factories.make_invitation(acme, "csat", language=language)).subject
    assert " ".join(subject.split()) == " ".join(asks.split())
    wave = factories.make_invitation(acme, "nps", language=language)
    assert survey_mail.render(wave, is_reminder=True).subject == asks_again


@pytest.mark.parametrize("language", NINE)
def test_the_way_out_is_the_same_in_every_language(acme, language):
    invitation = factories.make_invitation(acme, "nps", language=language)
    link = survey_mail.unsubscribe_link(invitation)
    assert survey_mail.headers(invitation)["List-Unsubscribe"] == f"<{link}>"
    mail = survey_mail.render(invitation)
    assert mail.text.count(link) == mail.html.count(link) == 1
    links = [f"{survey_mail.answer_link(invitation)}?score={score}" for score in range(11)]
    assert re.findall(r'href="([^"]*/s/[^"]*score[^"]*)"', mail.html) == links
    assert re.findall(r"\S*/s/\S*", mail.text) == links


def tags(body: str, name: str, class_: str = "") -> list[str]:
    return [tag for tag in re.findall(rf"<{name}\b[^>]*>", body) if f'class="{class_}' in tag or not class_]


def test_an_arabic_mail_is_laid_out_from_the_right(acme):
    body = survey_mail.render(factories.make_invitation(acme, "nps", language="ar")).html
    inner = [tag for tag in tags(body, "table") if "frame" not in tag]  # the frame only centres
    assert len(inner) == 4 and all('dir="rtl"' in tag for tag in inner)
    assert "text-align: right" in inner[0] and "text-align: left" not in body
    assert [re.search(r' align="(\w+)"', tag)[1] for tag in tags(body, "td", "ink2 small end")] == ["right", "left"]
    lines = [re.findall(r"border-(left|right): 1px", tag) for tag in tags(body, "td", "cell")]
    assert lines == [[], *[["right"]] * 10]  # between the numbers, of which the first is on the right


def test_a_mail_in_latin_letters_is_laid_out_as_before(acme):
    body = survey_mail.render(factories.make_invitation(acme, "nps", language="tr")).html
    assert 'dir="rtl"' not in body and "text-align: right" not in body
    assert [re.search(r' align="(\w+)"', tag)[1] for tag in tags(body, "td", "ink2 small end")] == ["left", "right"]
    lines = [re.findall(r"border-(left|right): 1px", tag) for tag in tags(body, "td", "cell")]
    assert lines == [[], *[["left"]] * 10]


@pytest.mark.parametrize("is_reminder", [False, True])
@pytest.mark.parametrize("kind", ["csat", "nps"])
def test_an_arabic_mail_and_message_hold_no_word_of_another_language(acme, kind, is_reminder):
    invitation = factories.make_invitation(acme, kind, language="ar")
    mail = survey_mail.render(invitation, is_reminder)
    labels = re.findall(r'(?:aria-label|title|alt)="([^"]*)"', mail.html)
    said = [mail.subject, mail.text, seen(mail.html), *labels, sms.render(invitation, is_reminder)]
    assert foreign(" ".join(said)) == []


# --- Text messages --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "is_gsm", "most"),
    [
        ("de", True, 2), ("en", True, 2), ("fr", True, 2), ("it", True, 2), ("es", True, 2), ("nl", True, 2),
        ("tr", False, 3), ("pl", False, 3), ("ar", False, 3),
    ],
)  # fmt: skip
def test_a_text_message_takes_no_more_parts_than_its_letters_need(acme, settings, language, is_gsm, most):
    """Names of twelve letters, an address as long as most. What GSM has no letters for is counted in UCS-2."""
    settings.BASE_URL, acme.name = "https://survey.example.org", "Acme Telecom"
    for kind, is_reminder in (("csat", False), ("csat", True), ("nps", False), ("nps", True)):
        text = sms.render(factories.make_invitation(acme, kind, language=language), is_reminder)
        assert gsm.is_gsm(text) is is_gsm
        assert gsm.parts(text) <= most, (len(text), text)
        assert text.count("STOP") == 1 and text.count("https://survey.example.org/s/") == 1


def test_a_text_message_from_the_right_says_so_before_the_clients_name(acme):
    text = sms.render(factories.make_invitation(acme, language="ar"))
    assert text.startswith("\u200fAcme: كيف كانت خدمتنا؟")
    assert sms.render(factories.make_invitation(acme, language="tr")).startswith("Acme: Hizmetimiz nasıldı?")


@pytest.mark.parametrize(
    "reply",
    ["İPTAL", "IPTAL", "Durdur lütfen", "DUR", "Rezygnuję", "REZYGNACJA z ankiet", "Arrêt", "ARRET", "Arrêtez svp",
     "Désinscription", "Annulla", "BASTA", "Baja", "baja por favor", "Afmelden", "Uitschrijven aub", "توقف", "إيقاف",
     "ايقاف الرسائل", "إلغاء", "أوقفوا الرسائل", "قِف"],
)  # fmt: skip
def test_an_objection_in_ones_own_language_is_heard(reply):
    assert replies.is_stop(reply) is True


@pytest.mark.parametrize("reply", ["Teşekkürler", "Dziękuję", "Fin de semaine, merci", "Basta così poco?", "شكرا", "9"])
def test_a_friendly_reply_in_ones_own_language_is_no_objection(reply):
    assert replies.is_stop(reply) is False
