"""A client's themes: every verb, every refusal, what is kept of each change, and the file they come and go in."""

import datetime as dt
import time
from importlib import import_module

import pytest
import yaml
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import translation

from analytics import classification, queries, readers, rules, taxonomy_file, themes
from analytics.models import Reading, Theme, ThemeAssignment, ThemeEvent
from analytics.taxonomy import STARTER, THEME_KEYS
from analytics.templatetags import voice
from analytics.themes import BadTaxonomy
from tests import factories
from tests.conftest import needs, together

HEAT = {"name_en": "Heat pumps", "name_de": "Wärmepumpe", "side": "client", "words_de": "Wärmepumpe~, 5G, E-Auto~"}
TWICE = {"name_en": "Debited twice", "name_de": "Doppelt abgebucht", "words_de": "zweimal abgebucht"}
ADVANCE = {"name_en": "Advance payment", "name_de": "Abschlag", "words_de": "Abschlag*"}


@pytest.fixture
def own(acme):
    return themes.adopt_starter_taxonomy(acme)


def again(theme):
    return Theme.objects.get(pk=theme.pk)


def found_in(client, text, *named, source="model", days_ago=1, **fields):
    """A response with one text in which these themes were found, each negatively."""
    response = factories.make_response(
        client, 3, text, submitted_at=factories.NOW - dt.timedelta(days=days_ago), **fields
    )
    answer = response.answers.get()
    Reading.objects.create(
        answer=answer, outcome="themes", language="de", source=source, text_hash="", read_at=factories.NOW
    )
    for theme in named:
        ThemeAssignment.objects.create(answer=answer, theme=theme, sentiment=-1, source=source)
    return response


def refusal(do, *args, language="en", **kwargs):
    """The lines in which something was refused; nothing was changed and nothing noted by it."""
    before = list(Theme.objects.order_by("pk").values()), ThemeEvent.objects.count()
    with translation.override(language), pytest.raises(BadTaxonomy) as refused:
        do(*args, **kwargs)
    assert (list(Theme.objects.order_by("pk").values()), ThemeEvent.objects.count()) == before
    return list(refused.value.lines)


def history(theme):
    return [(event.verb, event.details) for event in theme.events.order_by("pk")]


# --- Verbs


def test_an_added_theme_stands_last_and_is_found_by_its_words_at_once(acme, own, analyst, clock):
    heat = themes.add(acme, HEAT, analyst)
    assert (heat.key, heat.position, again(heat).words_de) == ("heat_pumps", 23, HEAT["words_de"])
    for text in ("Die Wärmepumpen sind laut", "Schlechtes 5G", "Mein e-auto lädt miserabel"):
        read = rules.read(text, "de", themes.own_words(acme, "de"))
        assert "heat_pumps" in [finding.theme for finding in read.findings]
    event = heat.events.get()
    assert (event.verb, event.by, event.at, event.client) == ("added", analyst, factories.NOW, acme)


def test_a_change_keeps_before_and_after_and_nothing_of_what_stayed(own, analyst):
    billing = own["billing"]
    same = {"name_en": "Invoice & payment", "name_de": " Rechnungen ", "side": "both", "parent": own["price"]}
    themes.change(billing, same, analyst)
    themes.change(billing, same, analyst)
    assert history(billing) == [
        (
            "changed",
            {
                "name_de": ["Rechnung & Zahlung", "Rechnungen"],
                "side": ["client", "both"],
                "parent": [None, "price"],
            },
        )
    ]


def test_a_merged_theme_leads_to_what_it_became_and_its_parts_move_along(own, analyst):
    themes.change(own["billing"], {"parent": own["price"]})
    themes.merge(own["sales_pressure"], own["price"])
    themes.merge(own["price"], own["trust"], analyst)
    assert {
        key: themes.in_use(own["price"].client)[key] for key in ("sales_pressure", "price", "trust")
    } == dict.fromkeys(("sales_pressure", "price", "trust"), own["trust"])
    assert again(own["billing"]).parent == own["trust"]
    assert history(own["price"]) == [("merged", {"into": "trust"})]
    assert history(own["billing"])[-1] == ("changed", {"parent": ["price", "trust"]})


def test_a_part_merged_keeps_in_the_history_what_it_was_part_of(own):
    themes.change(own["billing"], {"parent": own["price"]})
    themes.merge(own["billing"], own["price"])
    assert again(own["billing"]).parent is None
    assert history(own["billing"])[-1] == ("merged", {"into": "price", "part_of": "price"})


def test_a_split_makes_parts_below_and_of_a_part_parts_beside(own, analyst):
    first, second = themes.split(own["billing"], [TWICE, ADVANCE], analyst)
    assert {(part.parent, part.side) for part in (first, second)} == {(own["billing"], "client")}
    assert history(own["billing"]) == [("split", {"parts": ["debited_twice", "advance_payment"]})]
    finer = [{"name_en": f"Half {n}", "name_de": f"Hälfte {n}", "side": "both"} for n in (1, 2)]
    assert {(part.parent, part.side) for part in themes.split(first, finer)} == {(own["billing"], "both")}


def test_a_retired_theme_is_no_longer_found_keeps_its_name_and_lets_its_parts_go(own, analyst):
    response = found_in(own["billing"].client, "Die Rechnung ist falsch", own["billing"])
    part, _other = themes.split(own["billing"], [TWICE, ADVANCE])
    themes.retire(own["billing"], analyst)
    themes.retire(own["billing"], analyst)
    assert "billing" not in themes.in_use(own["billing"].client)
    assert again(part).parent is None
    assert "Invoice &amp; payment" in voice.chips(response.answers.get())
    assert [verb for verb, _details in history(own["billing"])] == ["split", "retired"]


def test_a_restored_theme_is_itself_again_also_after_a_merge(own, analyst):
    themes.merge(own["price"], own["trust"])
    for _twice in range(2):
        themes.restore(own["price"], analyst)
    price = again(own["price"])
    assert (price.is_retired, price.merged_into, themes.in_use(price.client)["price"]) == (False, None, price)
    assert history(price) == [("merged", {"into": "trust"}), ("restored", {"was": "trust"})]


def test_keys_are_made_once_and_never_taken_from_the_starter_or_the_rules(acme, globex):
    made = [
        themes.add(acme, {**HEAT, "name_en": name, "name_de": f"N{name}"}).key for name in ("日本", "Opinion", "Price")
    ]
    assert made == ["theme", "opinion_2", "price_2"]
    assert themes.add(globex, HEAT).key == themes.add(acme, HEAT).key == "heat_pumps"
    assert "opinion" in rules.TAKEN


def test_the_same_key_in_two_clients_is_two_themes_and_words_stay_at_home(acme, globex):
    here, there = themes.add(acme, HEAT), themes.add(globex, {**HEAT, "words_de": "Brunnen"})
    themes.retire(there)
    assert (again(here).is_retired, again(there).is_retired) == (False, True)
    assert themes.own_words(acme, "de") == (("heat_pumps", HEAT["words_de"]),)
    assert (themes.own_words(globex, "de"), themes.own_words(acme, "tr")) == ((), ())


# --- What cannot be meant


def test_what_cannot_be_meant_is_refused_and_changes_nothing(acme, globex, own):
    foreign = themes.adopt_starter_taxonomy(globex)["price"]
    themes.change(own["billing"], {"parent": own["price"]})
    themes.merge(own["sales_pressure"], own["trust"])
    themes.retire(own["contract"])
    billing, price, trust, process = (own[key] for key in ("billing", "price", "trust", "process"))
    for verb, *args in (
        (themes.merge, price, price),
        (themes.merge, price, foreign),
        (themes.merge, price, billing),
        (themes.merge, price, own["contract"]),
        (themes.merge, own["sales_pressure"], price),
        (themes.change, process, {"parent": billing}),
        (themes.change, price, {"parent": trust}),
        (themes.change, process, {"parent": process}),
        (themes.change, process, {"parent": foreign}),
        (themes.change, process, {"parent": own["contract"]}),
        (themes.change, process, {"name_de": " WARTEZEIT & Erreichbarkeit"}),
        (themes.change, process, {"name_de": "  "}),
        (themes.change, process, {"name_de": "x" * 81}),
        (themes.change, process, {"side": "nobody"}),
        (themes.change, process, {"definition_en": "x" * 2_001}),
        (themes.change, process, {"definition_en": "a\0b"}),
        (themes.split, process, [TWICE]),
        (themes.split, process, [TWICE, TWICE]),
        (themes.split, own["contract"], [TWICE, ADVANCE]),
        (themes.add, acme, {**HEAT, "name_de": "Preis & Leistung fürs Geld"}),
    ):
        assert len(refusal(verb, *args)) >= 1, args


@pytest.mark.parametrize(
    "phrase",
    ["*", "~", "|", "+", "#", "..", "a ..", ".. b", "a?", "@staff", "24", "aaaa*", "*er*", "D&D", "a .. b .. c .. d",
     "eins zwei? drei? vier? fünf? sechs? sieben", "x" * 61, ",".join(["wort"] * 301)],
)  # fmt: skip
def test_a_phrase_that_would_be_found_everywhere_or_hold_up_the_rest_is_refused(own, phrase):
    assert len(refusal(themes.change, own["price"], {"words_de": phrase})) == 1


@pytest.mark.parametrize(
    ("do", "english", "german"),
    [
        (
            lambda own: themes.change(own["process"], {"words_de": "*"}),
            "“Rules & room to decide”: German words that name it: “*” cannot be looked for. A phrase begins and ends "
            "with a word, has at most 60 characters and two “..”, and at least three letters beside “*” or “~”; "
            "a list has at most 300 phrases.",
            "„Regeln & Entscheidungsspielraum“: deutsche Wörter dafür: Nach „*“ lässt sich nicht suchen. Eine Wendung "
            "beginnt und endet mit einem Wort, hat höchstens 60 Zeichen und zwei „..“ und neben „*“ oder „~“ "
            "mindestens drei Buchstaben; eine Liste hat höchstens 300 Wendungen.",
        ),
        (
            lambda own: themes.change(own["process"], {"parent": own["billing"]}),
            "“Rules & room to decide”: There are two levels, and “Invoice & payment” is itself part of another theme.",
            "„Regeln & Entscheidungsspielraum“: Es gibt zwei Ebenen, und „Rechnung & Zahlung“ ist selbst Teil eines "
            "anderen Themas.",
        ),
        (
            lambda own: themes.merge(own["price"], own["billing"]),
            "“Price & value” cannot be merged into this one. Choose another that is in use.",
            "„Preis & Leistung fürs Geld“ kann darin nicht aufgehen. Wählen Sie ein anderes Thema in Gebrauch.",
        ),
        (
            lambda own: themes.split(own["process"], [TWICE]),
            "A theme is split into two parts or more.",
            "Ein Thema wird in mindestens zwei Teile geteilt.",
        ),
        (
            lambda own: themes.change(own["process"], {"name_de": "Vertrag & Kündigung"}),
            "“Contract & cancellation”: Another theme in use has the same name.",
            "„Vertrag & Kündigung“: Ein anderes Thema in Gebrauch heißt genauso.",
        ),
    ],
)
def test_a_refusal_says_why_in_the_readers_language(own, do, english, german):
    themes.change(own["billing"], {"parent": own["price"]})
    assert refusal(do, own) == [english]
    assert refusal(do, own, language="de") == [german]


def test_what_was_wrong_before_does_not_stand_in_the_way_of_mending_the_rest(own):
    Theme.objects.filter(key__in=["price", "trust"]).update(name_de="Gleich")
    themes.change(own["process"], {"name_de": "Regeln"})
    themes.change(own["price"], {"name_de": "Preis"})
    assert again(own["price"]).name_de == "Preis"


def test_a_client_has_two_hundred_themes_at_most(acme, own):
    Theme.objects.bulk_create(
        Theme(client=acme, key=f"k{n}", name_en=f"E{n}", name_de=f"D{n}", side="both") for n in range(200 - len(own))
    )
    assert refusal(themes.add, acme, HEAT) == ["A client has at most 200 themes. Nobody tells more apart."]


@pytest.mark.django_db(transaction=True)
def test_two_who_merge_two_themes_into_each_other_leave_one_of_them_in_use(acme):
    needs("two who merge at once take PostgreSQL (set DATABASE_URL)", connection.vendor == "postgresql")
    own = themes.adopt_starter_taxonomy(acme)

    def merge(theme, into):
        try:
            themes.merge(theme, into)
        except BadTaxonomy:
            return "refused"
        return "merged"

    pair = own["price"], own["trust"]
    assert sorted(together([lambda: merge(*pair), lambda: merge(*reversed(pair))])) == ["merged", "refused"]
    assert Theme.objects.filter(pk__in=[theme.pk for theme in pair], is_retired=False).count() == 1
    assert ThemeEvent.objects.filter(verb="merged").count() == 1


# --- One file


def changed_a_lot(client):
    own = themes.adopt_starter_taxonomy(client)
    themes.split(
        own["billing"], [{**TWICE, "included_de": 'zweimal: "abgebucht", \u2028 ☎️ 日本\nzweite Zeile'}, ADVANCE]
    )
    themes.merge(own["price"], own["trust"])
    themes.retire(own["trust"])
    themes.retire(own["contract"])
    themes.change(own["process"], {"definition_de": "", "parent": own["digital"], "name_en": "yes"})


def test_what_is_exported_and_imported_elsewhere_is_the_same(acme, globex, analyst):
    changed_a_lot(acme)
    file = themes.dump(acme)
    lines = themes.load(globex, file, analyst)
    assert themes.dump(globex) == file
    assert (lines[:2], len(lines)) == (["added: Debited twice", "added: Advance payment"], 6)
    assert lines[2:] == [
        "changed: yes (English name, German definition, part of)",
        "changed: Price & value (retired, merged into)",
        "changed: Contract & cancellation (retired)",
        "changed: Privacy, security & honesty (retired)",
    ]
    assert {event.by for event in globex.theme_events.all()} == {analyst}
    assert themes.load(globex, file) == themes.load(acme, file) == []


def test_the_starter_file_changes_nothing_of_a_client_that_begins(acme):
    assert themes.load(acme, STARTER) == []
    assert [theme.key for theme in Theme.objects.filter(client=acme)] == list(THEME_KEYS)


def test_a_trial_says_the_same_and_does_nothing(acme, globex):
    changed_a_lot(acme)
    file = themes.dump(acme)
    before = list(Theme.objects.values()), ThemeEvent.objects.count()
    said = themes.load(globex, file, is_trial=True)
    assert (list(Theme.objects.values()), ThemeEvent.objects.count()) == before
    assert said == themes.load(globex, file)


def test_levels_may_be_turned_round_and_parts_stand_before_their_wholes(acme, own):
    themes.change(own["billing"], {"parent": own["price"]})
    file = yaml.safe_load(themes.dump(acme))
    by_key = {entry["key"]: entry for entry in file["themes"]}
    by_key["price"]["part_of"] = "billing"
    by_key["billing"].pop("part_of")
    assert themes.load(acme, yaml.safe_dump(file)) == [
        "changed: Price & value (part of)",
        "changed: Invoice & payment (part of)",
    ]
    assert (again(own["price"]).parent, again(own["billing"]).parent) == (own["billing"], None)


def test_whatever_looks_like_something_else_is_the_text_that_stands_there(acme):
    entry = (
        "themes:\n- key: 007\n  name: {en: No, de: 2024-01-01}\n  side: both\n  words: {de: 1e5 Watt}\n  part_of: ~\n"
    )
    assert themes.load(acme, entry) == ["added: No"]
    assert (Theme.objects.get(key="007").name_de, Theme.objects.get(key="007").words_de) == ("2024-01-01", "1e5 Watt")


ENTRY = "themes:\n- key: own\n  name: {en: Own, de: Eigen}\n  side: both\n"
FAULTS = [
    (
        "",
        "The file needs a list “themes” of 1 to 200 entries.",
        "Die Datei braucht eine Liste „themes“ mit 1 bis 200 Einträgen.",
    ),
    (
        "themes: []",
        "The file needs a list “themes” of 1 to 200 entries.",
        "Die Datei braucht eine Liste „themes“ mit 1 bis 200 Einträgen.",
    ),
    (
        "- key: x",
        "The file needs a list “themes” of 1 to 200 entries.",
        "Die Datei braucht eine Liste „themes“ mit 1 bis 200 Einträgen.",
    ),
    ("themes: [a: b", "This is no YAML file: line 2.", "Das ist keine YAML-Datei: Zeile 2."),
    (
        "a: \x00",
        "This is no YAML file: a character that YAML does not allow.",
        "Das ist keine YAML-Datei: ein Zeichen, das YAML nicht erlaubt.",
    ),
    (ENTRY + "---\na: b\n", "This is no YAML file: line 5.", "Das ist keine YAML-Datei: Zeile 5."),
    (
        ENTRY + "  side: client\n",
        "Line 2: a field stands there twice, or its name is no text.",
        "Zeile 2: Ein Feld steht dort zweimal, oder sein Name ist kein Text.",
    ),
    (
        "themes:\n- just text",
        "Entry 1: It needs a “key” of at most 50 letters, digits, hyphens and underscores.",
        "Eintrag 1: Er braucht einen „key“ aus höchstens 50 Buchstaben, Ziffern, Binde- und Unterstrichen.",
    ),
    (
        "themes:\n- key: größe\n",
        "Entry 1: It needs a “key” of at most 50 letters, digits, hyphens and underscores.",
        "Eintrag 1: Er braucht einen „key“ aus höchstens 50 Buchstaben, Ziffern, Binde- und Unterstrichen.",
    ),
    (
        ENTRY.replace("own", "opinion"),
        "Entry 1: The key “opinion” means something else to the rules. Choose another.",
        "Eintrag 1: Der Schlüssel „opinion“ ist bei den Regeln vergeben. Bitte wählen Sie einen anderen.",
    ),
    (
        ENTRY + "  colour: red\n",
        "Entry 1: “colour” is no field of a theme.",
        "Eintrag 1: „colour“ ist kein Feld eines Themas.",
    ),
    (
        ENTRY.replace("both", "us"),
        "Entry 1: “side” is one of: service, client, both.",
        "Eintrag 1: „side“ ist eines von: service, client, both.",
    ),
    (
        ENTRY + "  retired: perhaps\n",
        "Entry 1: “retired” is true or false.",
        "Eintrag 1: „retired“ ist true oder false.",
    ),
    (
        ENTRY + "  part_of: [price]\n",
        "Entry 1: “part_of” is the key of another theme.",
        "Eintrag 1: „part_of“ ist der Schlüssel eines anderen Themas.",
    ),
    (
        ENTRY + "  definition: text\n",
        "Entry 1: “definition” has a text for “en” and one for “de”.",
        "Eintrag 1: „definition“ hat einen Text für „en“ und einen für „de“.",
    ),
    (
        ENTRY + "  words: {fr: mot}\n",
        "Entry 1: “words” has a text for “en” and one for “de”.",
        "Eintrag 1: „words“ hat einen Text für „en“ und einen für „de“.",
    ),
    (
        ENTRY.replace(", de: Eigen", ""),
        "Entry 1: Its “name” is missing in English or German.",
        "Eintrag 1: Sein „name“ fehlt auf Englisch oder Deutsch.",
    ),
    (
        ENTRY + "  part_of: nowhere\n",
        "“Own”: “part_of” names no other theme: “nowhere”.",
        "„Eigen“: „part_of“ nennt kein anderes Thema: „nowhere“.",
    ),
    (
        ENTRY + "  merged_into: own\n",
        "“Own”: “merged_into” names no other theme: “own”.",
        "„Eigen“: „merged_into“ nennt kein anderes Thema: „own“.",
    ),
    (
        ENTRY + "  retired: true\n  part_of: price\n",
        "“Own”: Only a theme in use can be part of another one.",
        "„Eigen“: Nur ein Thema in Gebrauch kann Teil eines anderen sein.",
    ),
    (
        "a: &x 1\nb: *x",
        "The file refers to itself (“*”) or is nested too deep. Write each theme out.",
        "Die Datei verweist auf sich selbst („*“) oder ist zu tief verschachtelt. Schreiben Sie jedes Thema aus.",
    ),
]


@pytest.mark.parametrize(("file", "english", "german"), FAULTS)
def test_a_faulty_file_is_refused_line_by_line_in_the_readers_language(acme, own, file, english, german):
    assert refusal(themes.load, acme, file) == [english]
    assert refusal(themes.load, acme, file, language="de") == [german]


def test_every_fault_of_the_form_is_told_at_once(acme, own):
    twice = ENTRY + "- key: own\n  side: us\n"
    assert refusal(themes.load, acme, twice) == [
        "Entry 1: The key “own” stands in the file twice.",
        "Entry 2: The key “own” stands in the file twice.",
        "Entry 2: “side” is one of: service, client, both.",
        "Entry 2: Its “name” is missing in English or German.",
    ]


LAUGHS = "".join(f"l{n}: &l{n} [{','.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))


@pytest.mark.parametrize(
    "bomb",
    ["l0: &l0 ha\n" + LAUGHS, "a: &a {x: 1}\nb: {<<: *a}\n", "[" * 900_000, "{a: " * 200_000, "? " * 400_000,
     "- " * 400_000, "themes: " + "[" * 5_000 + "]" * 5_000, "9" * 1_000_001,
     "themes: !!python/object/apply:os.system [ls]"],
)  # fmt: skip
def test_a_bomb_fails_within_a_second(acme, own, bomb):
    begun = time.perf_counter()
    assert len(refusal(themes.load, acme, bomb)) == 1
    assert time.perf_counter() - begun < 1


# --- Who reads, and what reports make of it


def test_readers_find_a_clients_own_theme_at_once_and_only_there(acme, globex, own):
    themes.add(acme, HEAT)
    themes.change(own["contract"], {"words_de": "Schlupfloch~"})
    texts = ["Die Wärmepumpe ist miserabel.", "Dieses Schlupfloch ist miserabel."]
    for client, expected in ((acme, ["heat_pumps", "contract"]), (globex, [None, None])):
        judged = readers.reader_for(client, "de").judge(texts)
        keys = [[f.theme for f in one.findings if f.theme in ("heat_pumps", "contract")] for one in judged]
        assert keys == [[key] if key else [] for key in expected]
    answers = [factories.make_response(client, 1, texts[0]).answers.get() for client in (acme, globex)]
    classification.read_all(answers)
    named = [set(a.assignments.values_list("theme__key", flat=True)) & {"heat_pumps"} for a in answers]
    assert named == [{"heat_pumps"}, set()]


def test_what_names_a_merged_theme_is_stored_under_what_it_became(acme, own):
    heat = themes.add(acme, HEAT)
    themes.merge(heat, own["digital"])
    answer = factories.make_response(acme, 1, "Die Wärmepumpe ist miserabel.").answers.get()
    classification.read(answer)
    assert list(answer.assignments.values_list("theme__key", flat=True)) == ["digital"]


def test_found_counts_comments_by_reader_with_what_was_merged_and_only_ones_own(acme, globex, own):
    price, trust, billing = own["price"], own["trust"], own["billing"]
    found_in(acme, "a", price, trust, source="model")
    found_in(acme, "b", price, source="person")
    found_in(acme, "c", trust, billing, source="rules")
    found_in(acme, "d", trust, days_ago=91)
    foreign = themes.adopt_starter_taxonomy(globex)
    found_in(globex, "e", foreign["price"])
    themes.merge(price, trust)
    span = factories.NOW - dt.timedelta(days=90), factories.NOW
    assert queries.found([acme], *span) == {
        trust.pk: queries.Found(3, by_person=1, by_model=1, by_rules=1),
        billing.pk: queries.Found(1, by_rules=1),
    }
    assert queries.found([globex], *span) == {foreign["price"].pk: queries.Found(1, by_model=1)}


def test_a_chip_says_what_a_theme_became_once_with_the_worse_sentiment(acme, own):
    response = found_in(acme, "a", own["price"], own["trust"])
    ThemeAssignment.objects.filter(theme=own["trust"]).update(sentiment=1)
    themes.merge(own["price"], own["trust"])
    part, _other = themes.split(own["billing"], [TWICE, ADVANCE])
    ThemeAssignment.objects.create(answer=response.answers.get(), theme=part, sentiment=1, source="model")
    shown = voice.chips(response.answers.get())
    assert shown.count("Privacy, security &amp; honesty") == shown.count("chip-negative") == 1
    assert 'title="found as “Price &amp; value”, merged since"' in shown
    assert 'title="part of “Invoice &amp; payment”"' in shown


def test_clients_of_before_get_definitions_where_nobody_wrote_any(acme, own):
    empty = {f"{text}_{code}": "" for text in ("definition", "included", "excluded") for code in ("de", "en")}
    Theme.objects.update(**empty)
    Theme.objects.filter(key="price").update(definition_de="Unsere Preise.")
    foreign = Theme.objects.create(client=acme, key="own", name_en="Own", name_de="Eigen", side="both")
    describe = import_module("analytics.migrations.0003_describe_starter_themes").describe
    for _twice in range(2):
        describe(apps, None)
    starter = {key: columns for key, columns, _links in taxonomy_file.entries(STARTER)}
    for theme in Theme.objects.filter(client=acme).exclude(pk=foreign.pk):
        own_text = {"definition_de": "Unsere Preise."} if theme.key == "price" else {}
        assert {name: getattr(theme, name) for name in empty} == {
            name: starter[theme.key][name] for name in empty
        } | own_text
    assert again(foreign).definition_de == ""


# --- The admin


def at(page, *args):
    return reverse(f"admin:analytics_theme_{page}", args=args)


def test_the_list_stands_by_side_and_level_and_tells_how_often(browser, acme, own, clock):
    themes.split(own["billing"], [TWICE, ADVANCE])
    themes.merge(own["price"], own["trust"])
    found_in(acme, "a", own["price"], source="person")
    found_in(acme, "b", own["trust"])
    page = browser.get(at("changelist"))
    groups = {side: rows for _client, side, rows in page.context_data["groups"]}
    assert list(groups) == [
        "Mended by: the contact centre", "Mended by: the client company", "Mended by: both", "Retired",
    ]  # fmt: skip
    billing = next(row for row in groups["Mended by: the client company"] if row.theme.key == "billing")
    assert [part.theme.key for part in billing.parts] == ["debited_twice", "advance_payment"]
    trust = next(row for row in groups["Mended by: both"] if row.theme.key == "trust")
    assert trust.found == queries.Found(2, by_person=1, by_model=1)
    led = browser.get(reverse("admin:surveys_response_changelist"), {"theme": "trust"})
    assert led.context["cl"].result_count == trust.found.comments
    assert [row.theme.key for row in groups["Retired"]] == ["price"]


def test_the_list_takes_as_many_queries_for_three_as_for_one(
    browser, acme, django_assert_max_num_queries, django_assert_num_queries
):
    def make(n):
        theme = themes.add(acme, {**HEAT, "name_en": f"E{n}", "name_de": f"D{n}"})
        themes.split(theme, [{"name_en": f"{n}{p}", "name_de": f"{n}{p}"} for p in "ab"])
        found_in(acme, "x", theme)

    make(1)
    browser.get(at("changelist"))
    with django_assert_max_num_queries(20) as first:
        browser.get(at("changelist"))
    make(2)
    make(3)
    with django_assert_num_queries(len(first.captured_queries)):
        browser.get(at("changelist"))


def filled(theme=None, **fields):
    columns = {
        f"{part}_{code}": getattr(theme, f"{part}_{code}", "") for part in taxonomy_file.TEXTS for code in ("de", "en")
    }
    return {**columns, "side": getattr(theme, "side", "both"), "parent": "", "comment": "", **fields}


def test_a_theme_is_added_and_changed_by_its_form_and_the_history_says_by_whom(browser, analyst, acme, own):
    typed = filled(client=acme.pk, name_en="Heat pumps", name_de="Wärmepumpe", words_de="Wärmepumpe*")
    assert browser.post(at("add"), typed).status_code == 302
    heat = Theme.objects.get(client=acme, key="heat_pumps")
    browser.post(at("change", heat.pk), filled(heat, name_de="Heizung", parent=own["digital"].pk))
    assert [(event.verb, event.by) for event in heat.events.order_by("pk")] == [
        ("added", analyst),
        ("changed", analyst),
    ]
    page = browser.get(at("history", heat.pk)).content.decode()
    assert "German name: “Wärmepumpe” became “Heizung”" in page
    assert "Part of: “–” became “Website, app &amp; self-service”" in page
    assert "Anna Berg" in page


def test_who_may_not_read_names_reads_the_history_without_them(client, acme, globex, analyst, own):
    themes.change(own["price"], {"name_de": "Preis"}, analyst)
    factories.give_access(analyst, globex, "viewer")
    client.force_login(analyst)
    page = client.get(at("history", own["price"].pk)).content.decode()
    assert ("became “Preis”" in page, 'class="who"' in page) == (True, False)


def test_the_form_says_at_the_field_and_above_what_cannot_be_meant(browser, acme, own):
    refused = browser.post(at("change", own["price"].pk), filled(own["price"], words_de="*", name_en=""))
    assert set(refused.context["adminform"].form.errors) == {"words_de", "name_en"}
    refused = browser.post(at("change", own["price"].pk), filled(own["price"], name_de="Vertrag & Kündigung"))
    assert refused.context["adminform"].form.non_field_errors() == [
        "“Contract & cancellation”: Another theme in use has the same name."
    ]
    assert (ThemeEvent.objects.count(), again(own["price"]).name_de) == (0, own["price"].name_de)


def test_trying_out_says_what_unsaved_words_find_and_saves_nothing(browser, acme, own):
    typed = filled(own["price"], words_de="Grünzuschlag*", comment="Der Grünzuschlag ist furchtbar.", _try="1")
    page = browser.post(at("change", own["price"].pk), typed)
    assert page.context["trial"].found == [("Price & value", "-1", "negative", "Grünzuschlag")]
    assert (again(own["price"]).words_de, ThemeEvent.objects.count()) == ("", 0)
    fresh = filled(
        client=acme.pk, name_en="New", name_de="Neu", words_de="Zaubertrank", comment="Toller Zaubertrank!", _try="1"
    )
    page = browser.post(at("add"), fresh)
    assert page.context["trial"].found == [("New", "1", "positive", "Zaubertrank")]
    assert not Theme.objects.filter(name_en="New").exists()


def test_a_page_says_what_a_merge_means_and_only_a_post_merges(browser, acme, own):
    for text in "ab":
        found_in(acme, text, own["price"], days_ago=300)
    page = browser.get(at("merging", own["price"].pk), {"into": own["trust"].pk}).content.decode()
    assert (
        "2 comments that named “Price &amp; value” will count as “Privacy, security &amp; honesty”, in past"
    ) in page
    assert browser.get(at("merge", own["price"].pk), {"into": own["trust"].pk}).status_code == 405
    assert not again(own["price"]).is_retired
    browser.post(at("merge", own["price"].pk), {"into": own["trust"].pk})
    assert again(own["price"]).merged_into == own["trust"]


def test_splitting_keeps_what_was_typed_beside_what_is_wrong(browser, acme, own):
    frame = {"form-TOTAL_FORMS": "6", "form-INITIAL_FORMS": "0"}
    typed = {**frame, "form-0-name_de": "Abschlag", "form-0-name_en": "Advance", "form-2-name_de": "Mahnung"}
    page = browser.post(at("split", own["billing"].pk), typed)
    assert (page.status_code, "Mahnung" in page.content.decode(), Theme.objects.count()) == (200, True, 23)
    one = browser.post(at("split", own["billing"].pk), {**typed, "form-2-name_de": ""})
    assert "A theme is split into two parts or more." in one.content.decode()
    browser.post(at("split", own["billing"].pk), {**typed, "form-2-name_en": "Reminder"})
    assert set(own["billing"].children.values_list("key", flat=True)) == {"advance", "reminder"}


def test_retiring_and_taking_up_again_need_a_press_each(browser, own):
    price = own["price"]
    for page, verb, is_retired in (("retiring", "retire", True), ("restoring", "restore", False)):
        assert browser.get(at(page, price.pk)).status_code == 200
        assert (browser.get(at(verb, price.pk)).status_code, again(price).is_retired) == (405, not is_retired)
        browser.post(at(verb, price.pk))
        assert again(price).is_retired == is_retired


def upload(text):
    return SimpleUploadedFile("themes.yaml", text if isinstance(text, bytes) else text.encode())


def test_a_file_is_tried_first_and_taken_over_once_confirmed(browser, acme, own):
    page = browser.post(at("files"), {"client": acme.pk, "file": upload("\ufeff" + ENTRY)})
    assert (page.context_data["lines"], Theme.objects.filter(key="own").exists()) == (["added: Own"], False)
    done = browser.post(at("files"), {"client": acme.pk, "text": page.context_data["text"], "confirmed": "1"})
    assert (done.status_code, Theme.objects.get(key="own").name_de) == (302, "Eigen")
    faulty = browser.post(at("files"), {"client": acme.pk, "file": upload(ENTRY.replace("both", "us"))})
    assert list(faulty.context_data["faults"]) == ["Entry 1: “side” is one of: service, client, both."]
    for wrong in (None, upload(b"\xff\xfe")):
        refused = browser.post(at("files"), {"client": acme.pk, **({"file": wrong} if wrong else {})})
        assert set(refused.context_data["form"].errors) == {"file"}


def test_an_export_is_the_file_and_the_starters_is_there_for_everybody(browser, acme, own):
    changed_a_lot(acme)
    mine = browser.get(at("export", acme.pk))
    assert (mine.content.decode(), mine["Content-Disposition"]) == (
        themes.dump(acme), 'attachment; filename="themes-acme.yaml"',
    )  # fmt: skip
    assert browser.get(at("starter")).content.decode() == STARTER


def test_a_foreign_theme_and_a_foreign_file_do_not_exist(browser, acme, globex, own):
    foreign = themes.adopt_starter_taxonomy(globex)["price"]
    before = themes.dump(globex)
    for page in ("merging", "splitting", "retiring", "restoring", "history"):
        there, missing = browser.get(at(page, foreign.pk)), browser.get(at(page, 987654321))
        assert (there.status_code, there.url) == (missing.status_code, missing.url) == (302, reverse("admin:index"))
    for verb in ("merge", "split", "retire", "restore"):
        assert browser.post(at(verb, foreign.pk), {"into": own["price"].pk}).status_code == 302
    assert browser.post(at("merge", own["price"].pk), {"into": foreign.pk}).status_code == 404
    assert browser.get(at("export", globex.pk)).status_code == 404
    refused = browser.post(at("files"), {"client": globex.pk, "file": upload(ENTRY), "confirmed": "1"})
    assert set(refused.context_data["form"].errors) == {"client"}
    assert themes.dump(globex) == before


@pytest.mark.parametrize("role", ["lead", "viewer", "nobody"])
def test_only_analysts_keep_themes(client, acme, own, role):
    login = factories.make_login(role)
    if role != "nobody":
        factories.give_access(login, acme, role, *([factories.make_team(acme)] if role == "lead" else []))
    client.force_login(login)
    pages = [
        at("files"),
        at("starter"),
        at("export", acme.pk),
        at("merging", own["price"].pk),
        at("history", own["price"].pk),
    ]
    assert {client.get(page).status_code for page in pages} == {403}
    assert client.post(at("retire", own["price"].pk)).status_code == 403
    assert not again(own["price"]).is_retired
