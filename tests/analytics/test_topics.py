"""Emerging topics: found once, going on, decided once, and what a person accepts becomes labels."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from analytics import rules, tasks, themes, topics
from analytics.models import Correction, Reading, Theme, ThemeAssignment, Topic, TopicLook, TopicMember
from surveys.models import Answer, Response
from tests import factories
from tests.analytics.learning.test_topics_clusters import CHARGING, NOISE, POINTS
from tests.conftest import NOW, together

WEEK = dt.timedelta(days=7)
FRIENDLY = "Die Dame war sehr freundlich und hat mir geholfen, Nummer {}."


def said(client, text, outcome="unclassified", days=1, language="de", source="rules", margin=None):
    """A comment that has been read: without a sure theme, unless it is said otherwise."""
    response = factories.make_response(client, 3, text, submitted_at=NOW - dt.timedelta(days=days))
    answer = response.answers.get()
    Reading.objects.create(
        answer=answer, outcome=outcome, language=language, source=source, margin=margin, read_at=NOW, text_hash="x"
    )
    return answer


def named(client, text, key="friendliness", sentiment=1, **fields):
    """A comment in which a machine found a theme."""
    answer = said(client, text, "themes", **fields)
    theme = themes.adopt_starter_taxonomy(client)[key]
    ThemeAssignment.objects.create(answer=answer, theme=theme, sentiment=sentiment, source="rules")
    return answer


def talk(client, *groups, days=1):
    """Comments of these groups, and noise to fill up the twenty without which nothing is looked for."""
    texts = [text for group in groups for text in group]
    filling = [f"Ganz anders {n}: {NOISE[n % len(NOISE)]}" for n in range(2)]
    return [said(client, text, days=days) for text in [*texts, *NOISE, *filling]]


def texts_of(topic):
    return set(topic.members.values_list("answer__text", flat=True))


@pytest.fixture(autouse=True)
def _now(clock):
    """Time stands at NOW."""


@pytest.fixture
def points(acme):
    """An open topic of seven comments on loyalty points."""
    answers = [said(acme, text) for text in POINTS]
    topic = Topic.objects.create(
        client=acme, language="de", words=["Treuepunkte", "Konto"], found_at=NOW, seen_until=NOW
    )
    TopicMember.objects.bulk_create(
        TopicMember(topic=topic, answer=answer, distance=place / 10) for place, answer in enumerate(answers)
    )
    return topic


COLUMNS = {"name_en": "Loyalty points", "name_de": "Treuepunkte", "side": "client", "words_de": "Treuepunkt*"}


def chosen(topic, sentiment=-1, count=99):
    return {member.answer: sentiment for member in topic.members.all()[:count]}


# --- Looking ---


def test_what_many_speak_of_and_no_theme_names_becomes_a_topic(acme):
    talk(acme, POINTS, CHARGING)
    found = topics.look_for(acme, "de", NOW)
    assert {topic.words[0]: texts_of(topic) for topic in found} == {
        "Treuepunkte": set(POINTS),
        "Ladesäule": set(CHARGING),
    }
    assert {(topic.state, topic.found_at, topic.seen_until) for topic in found} == {("open", NOW, NOW)}


def test_fewer_than_twenty_comments_make_no_topic(acme):
    for text in [*POINTS, *CHARGING, *NOISE]:
        said(acme, text)
    assert (topics.look_for(acme, "de", NOW), topics.look(acme, NOW)) == ([], [])
    said(acme, "Noch etwas anderes.")
    assert len(topics.look(acme, NOW)) == 2


def test_other_clients_other_languages_old_and_judged_comments_play_no_part(acme, globex):
    talk(acme, POINTS)
    for text in CHARGING:
        said(globex, text)
        said(acme, text, language="nl")
        said(acme, text, days=57)
        said(acme, text, source="person")
        said(acme, text, outcome="empty")
    for n in range(12):
        said(acme, f"Rechnung {n}, ganz allein.", days=2)
    assert "Ladesäule" not in {topic.words[0] for topic in topics.look_for(acme, "de", NOW)}
    assert set(TopicMember.objects.values_list("answer__response__client__slug", flat=True)) == {"acme"}


def test_the_tenth_of_which_the_machine_is_least_sure_is_looked_at_as_well(acme):
    for n in range(60):
        named(acme, FRIENDLY.format("abcdefghij"[n % 10]), margin=0.5 + n / 200)
    unsure = [named(acme, text, margin=0.01) for text in POINTS]
    for text in [*NOISE, *CHARGING, "Noch etwas anderes.", "Und dies.", "Und das."]:
        said(acme, text)
    members = TopicMember.objects.filter(answer__in=unsure)
    topics.look_for(acme, "de", NOW)
    assert members.count() == 6  # of 67 comments with a theme


def test_a_name_of_the_roster_is_never_a_typical_word(acme):
    factories.make_agent(acme, "Lena Treuepunkte")
    talk(acme, POINTS, CHARGING)
    words = [word for topic in topics.look_for(acme, "de", NOW) for word in topic.words]
    assert "Ladesäule" in words
    assert "Treuepunkte" not in words


def test_a_topic_that_is_found_again_goes_on(acme):
    talk(acme, POINTS, CHARGING, days=50)
    first = {topic.words[0]: topic.pk for topic in topics.look_for(acme, "de", NOW)}
    more = said(acme, "Auch meine Treuepunkte sind verschwunden.")
    second = topics.look_for(acme, "de", NOW + WEEK / 7)
    assert {topic.words[0]: topic.pk for topic in second} == first
    topic = Topic.objects.get(pk=first["Treuepunkte"])
    assert texts_of(topic) == {*POINTS, more.text}
    assert (topic.found_at, topic.seen_until) == (NOW, NOW + WEEK / 7)


def test_a_dismissed_topic_stays_so_until_it_has_doubled(acme, analyst):
    talk(acme, POINTS, CHARGING)
    dismissed = next(topic for topic in topics.look_for(acme, "de", NOW) if topic.words[0] == "Treuepunkte")
    topics.dismiss(dismissed, analyst)
    *most, last = sorted(texts_of(dismissed))
    for text in most:
        said(acme, text, days=-1)
    assert {topic.words[0] for topic in topics.look_for(acme, "de", NOW + WEEK)} == {"Ladesäule"}
    assert Topic.objects.filter(state="open").count() == 1
    said(acme, last, days=-1)
    again = next(topic for topic in topics.look_for(acme, "de", NOW + WEEK) if topic.words[0] == "Treuepunkte")
    dismissed.refresh_from_db()
    assert (dismissed.state, again.state, again.pk == dismissed.pk) == ("dismissed", "open", False)
    assert again.members.count() == 2 * len([*most, last])


def test_a_dismissal_outlives_the_comments_it_was_made_on(acme, analyst):
    """Later on others say the same; as long as they do not double, it is the same old story."""
    talk(acme, POINTS, CHARGING)
    for topic in topics.look_for(acme, "de", NOW):
        topics.dismiss(topic, analyst)
    for weeks in (4, 8, 12):
        for text in [*POINTS[:5], *CHARGING[:5], *NOISE]:
            said(acme, text, days=-7 * weeks)
        assert topics.look_for(acme, "de", NOW + WEEK * weeks + WEEK / 7) == []
    assert Topic.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_looks_at_once_make_each_topic_once(acme, clock):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    talk(acme, POINTS, CHARGING)
    together([lambda: topics.look_for(acme, "de", NOW)] * 2)
    assert Topic.objects.count() == 2


# --- When it is due ---


def test_each_client_is_looked_at_once_a_week_and_a_few_at_a_time(acme, globex):
    talk(acme, POINTS, CHARGING)
    assert [tasks.look_for_topics(), tasks.look_for_topics()] == [2, 0]
    assert Topic.objects.count() == 2
    TopicLook.objects.filter(client=acme).update(looked_at=NOW - WEEK)
    assert [tasks.look_for_topics(), tasks.look_for_topics()] == [1, 0]
    for n in range(7):
        factories.make_client(f"client{n}")
    assert [tasks.look_for_topics() for _ in range(3)] == [5, 2, 0]


def test_a_look_that_fails_holds_up_no_other_and_is_tried_again(acme, globex, clock, monkeypatch):
    look = topics.look
    monkeypatch.setattr(topics, "look", lambda client, at: look(client, at) if client == globex else 1 / 0)
    assert tasks.look_for_topics() == 1
    monkeypatch.undo()
    assert tasks.look_for_topics() == 0
    clock.shift(dt.timedelta(hours=1))
    assert tasks.look_for_topics() == 1


# --- Deciding ---


def test_an_accepted_topic_is_a_theme_and_its_ticked_members_are_labels(points, analyst):
    theme = topics.accept(points, COLUMNS, chosen(points, count=5), analyst)
    points.refresh_from_db()
    assert (points.state, points.theme, points.decided_by) == ("accepted", theme, analyst)
    assert (theme.client, theme.name_de, theme.key) == (points.client, "Treuepunkte", "loyalty_points")
    labels = ThemeAssignment.objects.filter(theme=theme)
    assert sorted(labels.values_list("answer__text", "sentiment", "source")) == sorted(
        (text, -1, "person") for text in POINTS[:5]
    )
    assert set(Correction.objects.values_list("drawn", "by")) == {("topic", analyst.pk)}
    assert Reading.objects.filter(source="person").count() == Correction.objects.count() == 5


def test_its_words_find_the_theme_in_the_next_comment(points, analyst, acme):
    theme = topics.accept(points, COLUMNS, chosen(points), analyst)
    reading = rules.read("Der Treuepunktestand fehlt.", "de", themes.own_words(acme, "de"))
    assert theme.key in {finding.theme for finding in reading.findings}


def test_other_themes_found_in_a_member_stay_and_general_praise_goes(points, analyst, acme):
    first, second = [member.answer for member in points.members.all()[:2]]
    starter = themes.adopt_starter_taxonomy(acme)
    ThemeAssignment.objects.create(answer=first, theme=starter["price"], sentiment=1, source="rules")
    ThemeAssignment.objects.create(answer=second, theme=starter["general"], sentiment=1, source="rules")
    theme = topics.accept(points, COLUMNS, chosen(points, count=2), analyst)
    assert set(first.assignments.values_list("theme__key", "sentiment")) == {("price", 1), (theme.key, -1)}
    assert set(second.assignments.values_list("theme__key", "sentiment")) == {(theme.key, -1)}


def test_a_merged_topic_is_part_of_a_theme_that_there_is(points, analyst, acme, globex):
    price = themes.adopt_starter_taxonomy(acme)["price"]
    topics.merge(points, price, chosen(points, sentiment=0), analyst)
    points.refresh_from_db()
    assert (points.state, points.theme) == ("merged", price)
    assert ThemeAssignment.objects.filter(theme=price, sentiment=0, source="person").count() == len(POINTS)


def test_neither_themes_nor_comments_of_others_are_taken(points, analyst, acme, globex):
    foreign = themes.adopt_starter_taxonomy(globex)["price"]
    with pytest.raises(ValueError, match="not a theme that this client uses"):
        topics.merge(points, foreign, chosen(points), analyst)
    for stranger in (said(globex, "Fremd."), said(acme, "Anderes.")):
        with pytest.raises(ValueError, match="not of this topic"):
            topics.accept(points, COLUMNS, {stranger: 1}, analyst)
    points.refresh_from_db()
    assert (points.state, Correction.objects.count()) == ("open", 0)
    assert not Theme.objects.filter(key="loyalty_points").exists()


def test_a_topic_is_decided_exactly_once(points, analyst, acme):
    topics.dismiss(points, analyst)
    price = themes.adopt_starter_taxonomy(acme)["price"]
    for again in (
        lambda: topics.dismiss(points, analyst),
        lambda: topics.accept(points, COLUMNS, chosen(points), analyst),
        lambda: topics.merge(points, price, chosen(points), analyst),
    ):
        with pytest.raises(topics.AlreadyDecided):
            again()
    assert not Theme.objects.filter(key="loyalty_points").exists()
    assert Correction.objects.count() == 0


def test_a_dismissal_can_be_taken_back_and_nothing_else_can(points, analyst):
    topics.dismiss(points, analyst)
    topics.reopen(points)
    assert (points.state, points.decided_by, points.decided_at) == ("open", None, None)
    topics.accept(points, COLUMNS, chosen(points), analyst)
    with pytest.raises(topics.AlreadyDecided):
        topics.reopen(points)


def test_an_erased_answer_is_gone_from_its_topic(points):
    Response.objects.filter(answers__text=POINTS[0]).delete()
    assert texts_of(points) == set(POINTS[1:])
    assert not Answer.objects.filter(text=POINTS[0]).exists()


# --- The admin ---


def url(page, *args):
    return reverse(f"admin:analytics_topic_{page}", args=args)


def form_of(topic, **fields):
    """What the page of a topic posts as it is opened."""
    rows = {f"take_{member.answer_id}": "on" for member in topic.members.all()}
    feelings = {f"sentiment_{member.answer_id}": "-1" for member in topic.members.all()}
    return {**rows, **feelings, **COLUMNS, "words_en": "", **fields}


def test_the_list_tells_words_size_trend_and_the_three_nearest(browser, points):
    page = browser.get(url("changelist")).content.decode()
    assert "Treuepunkte, Konto" in page
    assert [text for text in POINTS if text in page] == POINTS[:3]
    assert "0, 0, 0, 0, 0, 0, 0, 7." in page


def test_an_empty_list_says_when_topics_appear(browser):
    assert "20" in browser.get(url("changelist")).content.decode().split('class="empty"')[1].split("</p>")[0]


def test_a_person_makes_a_theme_of_ticked_comments_with_their_sentiments(browser, points):
    form = form_of(points)
    first, second = points.members.all()[:2]
    form[f"sentiment_{first.answer_id}"] = "1"
    del form[f"take_{second.answer_id}"]
    assert browser.post(url("accept", points.pk), form).status_code == 302
    theme = Theme.objects.get(name_de="Treuepunkte")
    sentiments = dict(ThemeAssignment.objects.filter(theme=theme).values_list("answer", "sentiment"))
    others = [member.answer_id for member in points.members.all()[2:]]
    assert sentiments == {first.answer_id: 1, **dict.fromkeys(others, -1)}
    assert theme.words_de == "Treuepunkt*"


def test_a_person_joins_it_to_a_theme_dismisses_it_and_opens_it_again(browser, points, acme):
    browser.post(url("dismiss", points.pk))
    points.refresh_from_db()
    assert points.state == "dismissed"
    browser.post(url("reopen", points.pk))
    price = themes.adopt_starter_taxonomy(acme)["price"]
    assert browser.post(url("merge", points.pk), {**form_of(points), "theme": price.pk}).status_code == 302
    points.refresh_from_db()
    assert (points.state, points.theme) == ("merged", price)
    assert browser.get(url("change", points.pk)).status_code == 200


@pytest.mark.parametrize("verb", ["accept", "merge"])
def test_what_is_missing_is_said_and_nothing_typed_is_lost(browser, points, verb):
    missing = {"name_en": "", "theme": "", "name_de": "Bleibt stehen"}
    page = browser.post(url(verb, points.pk), form_of(points, **missing))
    assert page.status_code == 200
    assert set(page.context["form"].errors) == {"accept": {"name_en"}, "merge": {"theme"}}[verb]
    assert "Bleibt stehen" in page.content.decode()
    unticked = {name: value for name, value in form_of(points).items() if not name.startswith("take_")}
    theme = Theme.objects.filter(client=points.client).first()
    page = browser.post(url(verb, points.pk), {**unticked, "theme": theme.pk})
    assert set(page.context["form"].errors) == {"__all__"}
    points.refresh_from_db()
    assert (points.state, Correction.objects.count()) == ("open", 0)


def test_who_comes_too_late_changes_nothing_and_is_told(browser, points, analyst):
    form = form_of(points)
    topics.dismiss(points, analyst)
    page = browser.post(url("accept", points.pk), form, follow=True)
    assert "warning" in {message.level_tag for message in page.context["messages"]}
    assert Correction.objects.count() == 0


def test_opening_a_page_decides_nothing(browser, points):
    for verb in ("accept", "merge", "dismiss", "reopen"):
        assert browser.get(url(verb, points.pk)).status_code == 405
    assert browser.get(url("look")).status_code == 405
    assert browser.get(url("change", points.pk)).status_code == 200
    assert browser.post(url("change", points.pk)).status_code == 405
    points.refresh_from_db()
    assert (points.state, TopicLook.objects.count()) == ("open", 0)


def test_the_sentiment_is_preset_by_the_rules(browser, points, acme):
    praise = said(acme, "Treuepunkte einzulösen war wirklich toll und ging super einfach.")
    TopicMember.objects.create(topic=points, answer=praise, distance=0.9)
    form = browser.get(url("change", points.pk)).context["form"]
    presets = {member.answer: sentiment.initial for member, _take, sentiment in form.rows()}
    assert presets == {answer: topics.suggested_sentiment(answer, "de") for answer in chosen(points)}
    assert presets[praise] == 1


def test_only_analysts_of_the_client_see_and_decide(client, points, acme, globex):
    roles = {
        "lead": lambda login: factories.give_access(login, acme, "lead", factories.make_team(acme)),
        "viewer": lambda login: factories.give_access(login, acme, "viewer"),
        "stranger": lambda login: factories.give_access(login, globex, "analyst"),
    }
    for role, give in roles.items():
        login = factories.make_login(role)
        give(login)
        client.force_login(login)
        for verb in ("accept", "merge", "dismiss"):
            assert client.post(url(verb, points.pk), form_of(points)).status_code in (302, 403)
        assert client.post(url("look"), {"client": acme.pk}).status_code in (403, 404)
        listed = client.get(url("changelist"))
        assert listed.status_code == 403 or "Treuepunkte" not in listed.content.decode()
    points.refresh_from_db()
    assert (points.state, TopicLook.objects.count()) == ("open", 0)


def test_look_now_looks_at_the_chosen_client_whenever_it_was_looked_at(browser, acme, globex):
    talk(acme, POINTS, CHARGING)
    TopicLook.objects.create(client=acme, looked_at=NOW)
    assert browser.post(url("look"), {"client": acme.pk}).status_code == 302
    assert set(Topic.objects.values_list("client", flat=True)) == {acme.pk}
    assert TopicLook.objects.get().looked_at == timezone.now()
    for nonsense in ("", "x", globex.pk):
        assert browser.post(url("look"), {"client": nonsense}).status_code == 404


def test_list_and_page_take_the_same_queries_for_one_topic_and_for_many(browser, points, acme):
    def queries(address):
        with CaptureQueriesContext(connection) as made:
            assert browser.get(address).status_code == 200
        return len(made)

    TopicMember.objects.create(topic=points, answer=named(acme, "Eins vorweg."), distance=0.9)
    queries(url("changelist"))
    before = queries(url("changelist")), queries(url("change", points.pk))
    for n in range(3):
        more = Topic.objects.create(client=acme, language="de", words=[f"W{n}"], found_at=NOW, seen_until=NOW)
        TopicMember.objects.bulk_create(
            TopicMember(topic=more, answer=said(acme, f"{text} {n}"), distance=0.1) for text in CHARGING
        )
    for n in range(5):
        TopicMember.objects.create(topic=points, answer=named(acme, f"Noch eins {n}"), distance=0.9)
    assert (queries(url("changelist")), queries(url("change", points.pk))) == before
