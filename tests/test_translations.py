"""Every text that a person reads is there in German, in both forms of address, and compiled as it stands in the source;
every text that a customer reads is there in each language in which customers are asked.

The English texts are the message ids. They are collected from Python by its syntax tree and from templates by Django's
own extractor, so no gettext program is needed.
"""

import ast
import gettext as catalogues
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import polib
import pytest
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import gettext, override, pgettext
from django.utils.translation.template import templatize

from surveys.models.people import LANGUAGES, STAFF_LANGUAGES

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "config" / "locale"
HOUSE = ("config", "surveys", "analytics", "feedback_loop")
# What customers see: there, du is not Sie, and every language of theirs is spoken.
FOR_CUSTOMERS = (
    "surveys/templates/survey/", "surveys/templates/mail/base", "surveys/templates/mail/survey",
    "surveys/templates/mail/reminder", "surveys/templates/sms/", "surveys/templatetags/moments.py",
    "surveys/templatetags/own_words.py", "surveys/pages/", "surveys/delivery/survey_mail.py",
    "surveys/delivery/compiled.py",
)  # fmt: skip
FOR_STAFF = ("surveys/templates/survey/sample.html",)  # a page of theirs, shown in the admin
# Customers' languages that staff need not speak, each with the forms of its plural.
PLURALS = {"tr": 2, "pl": 3, "fr": 2, "it": 2, "es": 2, "nl": 2, "ar": 6}
FORMAL = re.compile(r"\b(Sie|Ihnen|Ihr(e[mnrs]?)?)\b")
PLACEHOLDERS = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%[sd]")
TAGS = re.compile(r"<[^>]+>")
CALL = re.compile(r"\b(n?p?gettext|_)\(u?((?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^()])*)\)")

Message = tuple[str, str]  # context and text; of a plural its singular


def sources(*suffixes: str) -> list[Path]:
    files = (path for app in HOUSE for path in sorted((ROOT / app).rglob("*")) if path.suffix in suffixes)
    return [path for path in files if "migrations" not in path.parts]


def message(function: str, arguments: list[ast.expr]) -> Message | None:
    """What a call of gettext, ngettext, pgettext … names; None where the text is not written there."""
    texts = [a.value if isinstance(a, ast.Constant) and isinstance(a.value, str) else None for a in arguments]
    has_context = "pgettext" in function
    text = texts[1] if has_context else texts[0]
    return None if text is None else (texts[0] if has_context else "", text)


def in_python(path: Path) -> Iterator[Message]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if "gettext" in alias.name
    }
    for node in ast.walk(tree):
        is_call = isinstance(node, ast.Call) and getattr(node.func, "id", "") in names
        if is_call and (found := message(names[node.func.id], node.args)):
            yield found


def in_template(path: Path) -> Iterator[Message]:
    for function, arguments in CALL.findall(templatize(path.read_text(encoding="utf-8"))):
        call = ast.parse(f"f({arguments.strip()})", mode="eval").body
        if found := message(function, call.args):
            yield found


def used(wanted: Callable[[str], bool] = bool) -> dict[Message, str]:
    """Every text of the wanted files (of the whole house), with one place where it stands."""
    texts = {}
    for path in sources(".py", ".html", ".txt"):
        if wanted(place := path.relative_to(ROOT).as_posix()):
            found = in_python(path) if path.suffix == ".py" else in_template(path)
            texts |= dict.fromkeys(found, place)
    return texts


def is_for_customers(place: str) -> bool:
    return place.startswith(FOR_CUSTOMERS) and not place.startswith(FOR_STAFF)


def catalogue(locale: str, suffix: str = "po") -> list[polib.POEntry]:
    read = polib.pofile if suffix == "po" else polib.mofile
    return list(read(str(LOCALE / locale / "LC_MESSAGES" / f"django.{suffix}")))


def translations(entries: list[polib.POEntry]) -> dict[Message, list[str]]:
    return {(e.msgctxt or "", e.msgid): [*e.msgstr_plural.values()] if e.msgid_plural else [e.msgstr] for e in entries}


def is_known_to_django(context: str, text: str) -> bool:
    with override("de"):
        return (pgettext(context, text) if context else gettext(text)) != text


def names_of_days() -> set[Message]:
    """Django's own; some languages write them without the capital that Django's catalogues give them."""
    with override("en"):
        return {("", str(name)) for name in [*WEEKDAYS.values(), *MONTHS.values()]}


@pytest.fixture(scope="module")
def german() -> dict[Message, list[str]]:
    return translations(catalogue("de"))


@pytest.fixture(scope="module")
def informal() -> dict[Message, list[str]]:
    return translations(catalogue("de_DU"))


def test_the_reader_of_texts_sees_every_way_to_write_one(tmp_path):
    source, template = tmp_path / "a.py", tmp_path / "a.html"
    source.write_text(
        "from django.utils.translation import gettext as _, ngettext, pgettext_lazy as named\n"
        "_('one ' 'text')\nngettext('a day', '%(n)s days', n)\nnamed('verb', 'open')\n_(variable)\nother('no')\n"
    )
    template.write_text(
        "{% load i18n %}{% translate \"It's (here)\" %}{% translate 'open' context 'verb' %}"
        "{% blocktranslate trimmed %}Hello\n {{ name }},{% endblocktranslate %}"
        "{% blocktranslate count n=n %}a day{% plural %}{{ n }} days{% endblocktranslate %}"
        '{% firstof hint _("A hint.") %}{{ name|default:_("nobody") }}'
    )
    assert set(in_python(source)) == {("", "one text"), ("", "a day"), ("verb", "open")}
    assert set(in_template(template)) == {
        ("", "It's (here)"), ("verb", "open"), ("", "Hello %(name)s,"), ("", "a day"), ("", "A hint."),
        ("", "nobody"),
    }  # fmt: skip


def test_every_text_has_a_german_translation(german):
    missing = [(place, text) for text, place in used().items() if text not in german and not is_known_to_django(*text)]
    assert sorted(missing) == []


def test_no_translation_is_left_over(german):
    assert sorted(german.keys() - used().keys()) == []


def test_every_text_for_customers_that_says_sie_has_a_form_that_says_du(german, informal):
    formal = {text for text in used(is_for_customers) if FORMAL.search(" ".join(german.get(text, [])))}
    about_the_survey = {("", "It was open until %(on)s.")}  # “Sie war …”: die Umfrage
    assert sorted(formal - informal.keys()) == sorted(about_the_survey & formal)


def test_the_informal_texts_say_du_and_belong_to_a_formal_one(german, informal):
    assert sorted(informal.keys() - german.keys()) == []
    assert sorted(text for text, du in informal.items() if FORMAL.search(" ".join(du))) == []


@pytest.mark.parametrize("locale", ["de", "de_DU", *PLURALS])
def test_no_translation_is_fuzzy_obsolete_or_empty(locale):
    entries = catalogue(locale)
    assert [e.msgid for e in entries if e.fuzzy or e.obsolete or not all(translations([e]).popitem()[1])] == []


def test_customers_are_asked_in_nine_languages_and_seven_of_them_have_catalogues_of_their_own():
    assert [code for code, _ in LANGUAGES] == ["de", "en", *PLURALS]
    assert [code for code, _ in STAFF_LANGUAGES] == ["de", "en"]
    assert {path.parent.parent.name for path in LOCALE.rglob("django.po")} == {"de", "de_DU", *PLURALS}


@pytest.mark.parametrize("locale", PLURALS)
def test_every_text_for_customers_is_there_in_their_language(locale):
    known = translations(catalogue(locale))
    missing = {(place, text) for text, place in used(is_for_customers).items() if text not in known}
    assert sorted(missing) == []


@pytest.mark.parametrize("locale", PLURALS)
def test_a_customers_catalogue_holds_what_customers_read_and_nothing_else(locale):
    assert sorted(translations(catalogue(locale)).keys() - used(is_for_customers).keys() - names_of_days()) == []


@pytest.mark.parametrize("locale", PLURALS)
def test_nothing_for_customers_is_left_in_english(locale):
    same_in_both = {"Privacy", "Error:", "%(count)s questions", "l j F", "j F Y", "j F Y, H:i", "“%(words)s”"}
    english = {text for text, said in translations(catalogue(locale)).items() if set(said) & set(text)}
    assert {text for _, text in english} <= same_in_both


@pytest.mark.parametrize("locale", PLURALS)
def test_texts_for_customers_keep_the_links_and_never_shout(locale):
    entries = catalogue(locale)
    wrong = [e.msgid for e in entries if sorted(TAGS.findall(e.msgstr)) != sorted(TAGS.findall(e.msgid))]
    shouting = [text for said in translations(entries).values() for text in said if "!" in text]
    assert (wrong, shouting) == ([], [])


@pytest.mark.parametrize(("locale", "forms"), PLURALS.items())
def test_each_plural_has_all_its_forms_and_the_common_one_names_the_number(locale, forms):
    plurals = [e for e in catalogue(locale) if e.msgid_plural]
    assert plurals
    for entry in plurals:
        assert sorted(entry.msgstr_plural) == list(range(forms))
        common = entry.msgstr_plural[forms - 1]
        assert set(PLACEHOLDERS.findall(common)) == set(PLACEHOLDERS.findall(entry.msgid_plural))


@pytest.mark.parametrize(
    ("locale", "chosen"),
    [
        ("tr", {0: 0, 1: 0, 2: 1}),
        ("fr", {0: 0, 1: 0, 2: 1}),
        ("it", {0: 1, 1: 0, 2: 1}),
        ("es", {0: 1, 1: 0, 2: 1}),
        ("nl", {0: 1, 1: 0, 2: 1}),
        ("pl", {0: 2, 1: 0, 2: 1, 4: 1, 5: 2, 12: 2, 14: 2, 21: 2, 22: 1, 25: 2, 112: 2}),
        ("ar", {0: 0, 1: 1, 2: 2, 3: 3, 10: 3, 11: 4, 99: 4, 100: 5, 102: 5, 103: 3, 111: 4}),
    ],
)
def test_numbers_take_the_form_that_the_language_gives_them(locale, chosen):
    with (LOCALE / locale / "LC_MESSAGES" / "django.mo").open("rb") as file:
        form = catalogues.GNUTranslations(file).plural
    assert {number: form(number) for number in chosen} == chosen


@pytest.mark.parametrize("locale", ["de", "de_DU", *PLURALS])
def test_translations_fill_in_what_the_originals_fill_in(locale):
    wrong = [
        e.msgid
        for e in catalogue(locale)
        for text in translations([e]).popitem()[1]
        if not set(PLACEHOLDERS.findall(text)) <= set(PLACEHOLDERS.findall(e.msgid + e.msgid_plural))
        or (not e.msgid_plural and set(PLACEHOLDERS.findall(text)) != set(PLACEHOLDERS.findall(e.msgid)))
    ]
    assert wrong == []


@pytest.mark.parametrize("locale", ["de", "de_DU", *PLURALS])
def test_the_compiled_file_says_what_its_source_says(locale):
    assert translations(catalogue(locale, "mo")) == translations(catalogue(locale))
