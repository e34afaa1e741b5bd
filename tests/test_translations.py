"""Every text that a person reads is there in German, in both forms of address, and compiled as it stands in the source.

The English texts are the message ids. They are collected from Python by its syntax tree and from templates by Django's
own extractor, so no gettext program is needed.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.utils.translation import gettext, override, pgettext
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "config" / "locale"
HOUSE = ("config", "surveys", "analytics", "feedback_loop")
# What customers see: there, du is not Sie.
FOR_CUSTOMERS = (
    "surveys/templates/survey/", "surveys/templates/mail/survey", "surveys/templates/mail/reminder",
    "surveys/templates/sms/", "surveys/pages/", "surveys/delivery/survey_mail.py", "surveys/delivery/compiled.py",
)  # fmt: skip
FORMAL = re.compile(r"\b(Sie|Ihnen|Ihr(e[mnrs]?)?)\b")
PLACEHOLDERS = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%[sd]")
CALL = re.compile(r"\b(n?p?gettext)\(u?((?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^()])*)\)")

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


def used() -> dict[Message, str]:
    """Every text of the house, with one place where it stands."""
    places = {}
    for path in sources(".py"):
        places |= dict.fromkeys(in_python(path), path.relative_to(ROOT).as_posix())
    for path in sources(".html", ".txt"):
        places |= dict.fromkeys(in_template(path), path.relative_to(ROOT).as_posix())
    return places


def catalogue(locale: str, suffix: str = "po") -> list[polib.POEntry]:
    read = polib.pofile if suffix == "po" else polib.mofile
    return list(read(str(LOCALE / locale / "LC_MESSAGES" / f"django.{suffix}")))


def translations(entries: list[polib.POEntry]) -> dict[Message, list[str]]:
    return {(e.msgctxt or "", e.msgid): [*e.msgstr_plural.values()] if e.msgid_plural else [e.msgstr] for e in entries}


def is_known_to_django(context: str, text: str) -> bool:
    with override("de"):
        return (pgettext(context, text) if context else gettext(text)) != text


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
    )
    assert set(in_python(source)) == {("", "one text"), ("", "a day"), ("verb", "open")}
    assert set(in_template(template)) == {
        ("", "It's (here)"), ("verb", "open"), ("", "Hello %(name)s,"), ("", "a day"),
    }  # fmt: skip


def test_every_text_has_a_german_translation(german):
    missing = [(place, text) for text, place in used().items() if text not in german and not is_known_to_django(*text)]
    assert sorted(missing) == []


def test_no_translation_is_left_over(german):
    assert sorted(german.keys() - used().keys()) == []


def test_every_text_for_customers_that_says_sie_has_a_form_that_says_du(german, informal):
    for_customers = {text for text, place in used().items() if place.startswith(FOR_CUSTOMERS)}
    formal = {text for text in for_customers if FORMAL.search(" ".join(german.get(text, [])))}
    about_the_survey = {("", "It was open until %(on)s.")}  # “Sie war …”: die Umfrage
    assert sorted(formal - informal.keys()) == sorted(about_the_survey & formal)


def test_the_informal_texts_say_du_and_belong_to_a_formal_one(german, informal):
    assert sorted(informal.keys() - german.keys()) == []
    assert sorted(text for text, du in informal.items() if FORMAL.search(" ".join(du))) == []


@pytest.mark.parametrize("locale", ["de", "de_DU"])
def test_no_translation_is_fuzzy_obsolete_or_empty(locale):
    entries = catalogue(locale)
    assert [e.msgid for e in entries if e.fuzzy or e.obsolete or not all(translations([e]).popitem()[1])] == []


@pytest.mark.parametrize("locale", ["de", "de_DU"])
def test_translations_fill_in_what_the_originals_fill_in(locale):
    wrong = [
        e.msgid
        for e in catalogue(locale)
        for text in translations([e]).popitem()[1]
        if not set(PLACEHOLDERS.findall(text)) <= set(PLACEHOLDERS.findall(e.msgid + e.msgid_plural))
        or (not e.msgid_plural and set(PLACEHOLDERS.findall(text)) != set(PLACEHOLDERS.findall(e.msgid)))
    ]
    assert wrong == []


@pytest.mark.parametrize("locale", ["de", "de_DU"])
def test_the_compiled_file_says_what_its_source_says(locale):
    assert translations(catalogue(locale, "mo")) == translations(catalogue(locale))
