"""The invented world of the demo: the same year for the same seed, in the form of the two exports, plot included."""

import csv
import io
import random
import re
from collections import Counter
from datetime import date, timedelta

import pytest

from feedback_loop.demo import contacts, phrases_de, phrases_en, story, voices

END_ON = date(2026, 11, 10)
CLIENTS = ("nordheim", "alderfinch")
TELEPHONE_HEADER = (
    "Anruf-Nr;Datum;Uhrzeit;Skill;Agent-ID;Agent;Rufnummer;Kundennr;Wartezeit (s);Gesprächszeit (min);"
    "Nachbearbeitung (s);Ergebnis;Kulanz (EUR);E-Mail;Einwilligung"
)
HELPDESK_HEADER = (
    "Ticket ID,Created at,Solved at,Status,Group,Assignee,Requester,Requester email,Channel,Subject,Tags,Priority,"
    "Locale,Reopens"
)
THEMES = {
    "waiting_time", "friendliness", "competence", "resolution", "repeat_contact", "promise_kept", "transfer",
    "communication", "automation", "processing_time", "process", "delivery", "availability", "product_quality",
    "price", "billing", "refund_goodwill", "contract", "ordering", "digital", "trust", "sales_pressure",
}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> story.World:
    return story.make_world(END_ON, seed=7)


@pytest.fixture(scope="module")
def year(world) -> dict[str, dict[date, list[dict[str, str]]]]:
    return {key: {day: contacts.contacts_on(day, key, world) for day in world.days()} for key in CLIENTS}


def ids_of(rows: list[dict[str, str]], key: str) -> list[str]:
    return [row[contacts.COLUMNS[key][0]] for row in rows]


def rows_of(year, key: str) -> list[dict[str, str]]:
    return [row for rows in year[key].values() for row in rows]


def comments_of(world, year, key: str, seed: int) -> list[tuple[date, int, str]]:
    """Everybody asked once about every contact of the year: day, CSAT and comment (or "") of those who answer."""
    rng, found = random.Random(seed), []
    for day, rows in year[key].items():
        for external_id in dict.fromkeys(filter(None, ids_of(rows, key))):
            felt = contacts.mood(key, external_id, world)
            if voices.answers(felt, rng):
                score = voices.csat_score(felt, rng)
                form = world.clients[key].address_form
                text = voices.comment(felt, score, felt.customer.language, form, rng, scale="csat")
                found.append((day, score, text))
    return found


@pytest.fixture(scope="module")
def answers(world, year) -> dict[str, list[tuple[date, int, str]]]:
    return {key: comments_of(world, year, key, 1) + comments_of(world, year, key, 2) for key in CLIENTS}


# The exports


@pytest.mark.parametrize("key", CLIENTS)
def test_the_same_seed_gives_the_same_rows_moods_and_words(key, world, year):
    again = story.make_world(END_ON, seed=7)
    days = world.days()[:20]
    assert [contacts.contacts_on(day, key, again) for day in days] == [year[key][day] for day in days]
    some = {day: year[key][day] for day in days}
    assert comments_of(again, {key: some}, key, 5) == comments_of(world, {key: some}, key, 5)


def test_another_seed_gives_other_rows(world, year):
    other = story.make_world(END_ON, seed=8)
    day = world.days()[10]
    assert contacts.contacts_on(day, "nordheim", other) != year["nordheim"][day]


@pytest.mark.parametrize(
    ("key", "header", "bom"), [("nordheim", TELEPHONE_HEADER, b""), ("alderfinch", HELPDESK_HEADER, b"\xef\xbb\xbf")]
)
def test_a_file_has_the_header_and_the_encoding_of_its_export_and_reads_back_as_it_was(key, header, bom, year):
    encoding, delimiter = {"nordheim": ("cp1252", ";"), "alderfinch": ("utf-8-sig", ",")}[key]
    rows = rows_of(year, key)
    data = contacts.export_bytes(rows, key)
    assert data[: len(bom)] == bom
    text = data.decode(encoding)
    assert text.splitlines()[0] == header
    assert list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)) == rows


@pytest.mark.parametrize("key", CLIENTS)
def test_ids_are_unique_over_the_year_but_for_the_exact_repeats(key, year):
    distinct_rows = {tuple(row.values()) for row in rows_of(year, key)}
    ids = [row[0] for row in distinct_rows if row[0]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("key", CLIENTS)
def test_every_id_leads_back_to_a_mood_of_its_own_day_and_customer(key, world, year):
    mail_column = {"nordheim": "E-Mail", "alderfinch": "Requester email"}[key]
    for day, rows in list(year[key].items())[100:130]:
        for row in rows:
            if row[contacts.COLUMNS[key][0]]:
                felt = contacts.mood(key, row[contacts.COLUMNS[key][0]], world)
                assert felt.day == day
                known = {felt.customer.email, "noreply@example.com", "foo bar@example.com", "kunde@@example.org"}
                assert row[mail_column] in known | {"gewinn@example.net"}


@pytest.mark.parametrize(("key", "expected"), [("nordheim", 2500), ("alderfinch", 2200)])
def test_a_year_has_about_the_number_of_contacts_asked_for(key, expected, year):
    assert abs(len(rows_of(year, key)) - expected - 7 * 12) < 0.05 * expected


def test_the_number_of_contacts_is_a_parameter():
    small = story.make_world(END_ON, contacts_a_year={"nordheim": 400})
    count = sum(len(contacts.contacts_on(day, "nordheim", small)) for day in small.days())
    assert 400 * 0.9 < count < 400 * 1.1 + 7 * 13
    assert small.clients["alderfinch"].contacts_a_year == 2200


def test_weekends_are_quieter(year):
    for key in CLIENTS:
        by_weekday = Counter()
        for day, rows in year[key].items():
            by_weekday[day.weekday()] += len(rows)
        assert by_weekday[6] < by_weekday[5] < min(by_weekday[weekday] for weekday in range(5))


@pytest.mark.parametrize(
    ("key", "date_column", "february"), [("nordheim", "Datum", "30.02."), ("alderfinch", "Created at", "-02-30T")]
)
def test_every_whole_month_has_each_kind_of_dirt(key, date_column, february, year):
    mail_column = {"nordheim": "E-Mail", "alderfinch": "Requester email"}[key]
    months: dict[str, list[dict[str, str]]] = {}
    for day, rows in year[key].items():
        months.setdefault(f"{day:%Y-%m}", []).extend(rows)
    for rows in list(months.values())[1:-1]:
        copies = Counter(tuple(row.values()) for row in rows)
        assert sum(count - 1 for count in copies.values()) == 2
        assert sum(february in row[date_column] for row in rows) == 1
        assert ids_of(rows, key).count("") == 1
        assert sum(row[mail_column] == "noreply@example.com" for row in rows) == 1
        assert sum(row[mail_column] in ("foo bar@example.com", "kunde@@example.org") for row in rows) == 2


def test_outcomes_and_states_are_the_words_of_the_two_systems(year):
    calls, tickets = rows_of(year, "nordheim"), rows_of(year, "alderfinch")
    assert {row["Ergebnis"] for row in calls} == {
        "gelöst", "offen", "Rückruf vereinbart", "weitergeleitet", "aufgelegt", "falsch verbunden",
    }  # fmt: skip
    assert {row["Einwilligung"] for row in calls} == {"ja", "nein", ""}
    assert {row["Status"] for row in tickets} == {"solved", "closed", "open", "pending", "deleted"}
    tags = {tag for row in tickets for tag in row["Tags"].split()}
    assert {"goodwill", "spam", "internal_test", "merged"} - tags == set()
    assert all((row["Solved at"] != "") == (row["Status"] in ("solved", "closed")) for row in tickets)
    assert all(
        row["Created at"] < row["Solved at"] for row in tickets if row["Solved at"] and "02-30" not in row["Created at"]
    )


# The cast


def test_customers_have_addresses_at_example_domains_only_and_numbers_of_their_own(world):
    for client in world.clients.values():
        assert len(client.customers) == 900
        assert len({person.number for person in client.customers}) == 900
        good = [
            person.email
            for person in client.customers
            if re.fullmatch(r"[a-z.]+\d+@example\.(com|org|net)", person.email)
        ]
        assert len(set(good)) == len(good) > 700
        rest = [person.email for person in client.customers if person.email not in good]
        assert "" in rest
        assert all(
            re.search(r"example\.(com|org)$", email) for email in rest if "@" in email and not email.endswith("@")
        )


def test_staff_have_addresses_in_the_reserved_domain(world):
    for client in world.clients.values():
        assert {person.email.rpartition(".")[2] for person in client.staff} == {"example"}
        assert Counter(person.role for person in client.staff) == {"team_lead": 2, "analyst": 1, "client_viewer": 1}
        assert {person.team for person in client.staff if person.role == "team_lead"} == set(client.teams)
        assert {agent.team for agent in client.agents} == set(client.teams)


@pytest.mark.parametrize("end_on", [date(2026, month, day) for month, day in ((1, 5), (3, 1), (7, 15), (12, 24))])
def test_the_carrier_changes_before_christmas_whenever_the_demo_is_run(end_on):
    world = story.make_world(end_on)
    change = next(one for one in world.clients["alderfinch"].episodes if one.key == "carrier_change")
    assert (change.from_on.month, change.from_on.day) == (11, 15)
    assert (change.until_on.month, change.until_on.day) == (2, 1)
    assert sum(change.is_on(day) for day in world.days()) >= 38


# The plot


@pytest.mark.parametrize(
    ("key", "episode", "words"),
    [
        ("nordheim", "harbour_outage", r"hafen|harbour|ausfall|störung|leitung|internet"),
        ("nordheim", "billing_run", r"rechnung|\bbill|nachzahlung|abschlag|back payment"),
        ("nordheim", "callback_promise", r"rückruf|rueckruf|zurückgerufen|call.?back|called me back"),
        ("alderfinch", "carrier_change", r"magpie|liefer|paket|deliver|parcel|weihnacht|christmas"),
        ("alderfinch", "app_crashes", r"\bapp\b"),
        ("alderfinch", "kind_returns", r"rückgabe|zurückgeben|return|retoure|refund|geld zurück"),
    ],
)
def test_a_chapter_of_the_plot_is_heard_in_its_weeks_at_least_twice_as_often(key, episode, words, world, answers):
    chapter = next(one for one in world.clients[key].episodes if one.key == episode)
    said = {True: [], False: []}
    for day, _, text in answers[key]:
        if text:
            said[chapter.is_on(day)].append(bool(re.search(words, text.lower())))
    inside, outside = (sum(said[side]) / len(said[side]) for side in (True, False))
    assert inside > 2 * outside


@pytest.mark.parametrize(
    ("key", "episode"),
    [
        ("nordheim", "harbour_outage"),
        ("nordheim", "billing_run"),
        ("alderfinch", "carrier_change"),
        ("alderfinch", "app_crashes"),
    ],
)
def test_a_bad_chapter_costs_at_least_half_a_point_of_csat(key, episode, world, answers):
    client = world.clients[key]
    chapter = next(one for one in client.episodes if one.key == episode)
    during = [score for day, score, _ in answers[key] if chapter.is_on(day)]
    quiet = [score for day, score, _ in answers[key] if not client.episodes_on(day)]
    assert sum(during) / len(during) < sum(quiet) / len(quiet) - 0.5


def test_the_outage_brings_more_calls_and_longer_waits(world, year):
    outage = next(one for one in world.clients["nordheim"].episodes if one.key == "harbour_outage")
    before = {outage.from_on - timedelta(days=back) for back in range(1, 15)}
    during = [row for day, rows in year["nordheim"].items() if outage.is_on(day) for row in rows]
    usual = [row for day, rows in year["nordheim"].items() if day in before for row in rows]
    assert len(during) > 1.5 * len(usual)

    def median_wait(rows):
        return sorted(int(row["Wartezeit (s)"]) for row in rows)[len(rows) // 2]

    assert median_wait(during) > 2 * median_wait(usual)


# The words


def test_about_a_third_answer_and_the_unhappy_rather_more(world, year):
    rng = random.Random(3)
    felt = [
        contacts.mood("nordheim", one, world) for one in filter(None, ids_of(rows_of(year, "nordheim"), "nordheim"))
    ]
    answered = [mood for mood in felt if voices.answers(mood, rng)]
    assert 0.28 <= len(answered) / len(felt) <= 0.38

    def share_of_unhappy(moods):
        return sum(mood.satisfaction < 0.3 for mood in moods) / len(moods)

    assert share_of_unhappy(answered) > share_of_unhappy(felt)


def test_more_than_half_of_those_who_answer_write_and_hardly_two_write_the_same(answers):
    everyone = answers["nordheim"] + answers["alderfinch"]
    texts = [text for _, _, text in everyone if text]
    assert 0.55 <= len(texts) / len(everyone) <= 0.65
    assert len(texts) > 1500
    assert 1 - len(set(texts[:1500])) / 1500 < 0.08


@pytest.mark.parametrize("key", CLIENTS)
def test_every_slot_is_filled_and_every_address_in_a_comment_is_an_example(key, answers):
    for _, _, text in answers[key]:
        assert not re.search(r"[{}]|\[\[|\]\]|\bNone\b", text), text
        assert (
            set(re.findall(r"@([\w.-]*\w)", text.lower())) - {"example.com", "example.org", "example.net"} == set()
        ), text


@pytest.mark.parametrize(("phrases", "least"), [(phrases_de, 260), (phrases_en, 220)])
def test_the_phrase_book_is_thick_enough_and_speaks_of_every_theme_in_both_moods(phrases, least):
    clauses = [line.split(" ", 1)[1] for text in phrases.THEMES.values() for line in text.strip().splitlines()]
    assert len(set(clauses)) == len(clauses) >= least
    assert set(phrases.THEMES) == THEMES
    for theme in THEMES:
        for key in CLIENTS:
            for sentiment in (story.POSITIVE, story.NEGATIVE):
                assert voices._clauses(phrases, theme, sentiment, key), (theme, key, sentiment)


def test_the_delighted_write_no_complaint_and_the_furious_no_praise(world, year):
    """With the chance of spelling aside, every clause of a ten is praise or mild and every clause of a zero is not."""
    assert {sign for course in voices._COURSES["glad"] for sign in course} == {story.POSITIVE, voices.MILD}
    assert {sign for course in voices._COURSES["angry"] for sign in course} == {story.NEGATIVE}
    bitter = re.compile(r"anwalt|solicitor|frechheit|disgraceful|zumutung|betrug|fraud|nie wieder|never again", re.I)
    rng = random.Random(4)
    for key in CLIENTS:
        for external_id in filter(None, ids_of(rows_of(year, key)[:800], key)):
            felt = contacts.mood(key, external_id, world)
            text = voices.comment(felt, 10, felt.customer.language, "Sie", rng, scale="nps")
            assert not bitter.search(text), text


def test_the_same_score_is_read_on_its_own_scale(world, year):
    felt = contacts.mood("nordheim", year["nordheim"][world.days()[3]][0]["Anruf-Nr"], world)
    by_scale = {
        scale: sum(voices.wants_call(felt, 4, random.Random(n), scale=scale) for n in range(2000)) / 2000
        for scale in ("csat", "nps")
    }
    assert by_scale["csat"] < 0.06 < 0.2 < by_scale["nps"]


def test_german_answers_follow_the_form_of_address(world, year):
    felt = contacts.mood("nordheim", year["nordheim"][world.days()[3]][0]["Anruf-Nr"], world)
    text = "nach [[Ihnen|euch]] die Sintflut"
    assert voices._filled(text, felt, "de", "Sie", random.Random(1)) == "nach Ihnen die Sintflut"
    assert voices._filled(text, felt, "de", "du", random.Random(1)) == "nach euch die Sintflut"


def test_a_wave_knows_every_customer_by_address_and_feels_the_plot(world):
    client = world.clients["nordheim"]
    outage = next(one for one in client.episodes if one.key == "harbour_outage")

    def mean(day):
        moods = [contacts.mood_of_customer("nordheim", email, day, world) for email in client.by_email]
        return sum(mood.satisfaction for mood in moods) / len(moods)

    assert mean(outage.until_on) < mean(outage.from_on - timedelta(days=1)) - 0.1
