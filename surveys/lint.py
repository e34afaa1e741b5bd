"""What is wrong with a survey before it is asked: errors that keep it from being published, and warnings.

Pure functions of the questions. A warning is a hint of a rule of thumb by words; whoever writes decides.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from .lint_words import KNOWN, WORDS, Words
from .models import Client, Contact, Group, Question
from .models.answering import scale_of
from .questionnaire import Condition, Subject, conditions_of, pages
from .wording import INFORMAL, SPOKEN

MOST_WORDS, MOST_CHARACTERS = 25, 140  # of one question
MOST_QUESTIONS, MOST_TEXTS = 8, 3  # of one survey
VARIANTS = tuple(str(group) for group in Group)
FORMS = ("", INFORMAL)  # of address: endings of a locale


class Severity(StrEnum):
    ERROR = "error"  # keeps the draft from being published
    WARNING = "warning"


class Rule(StrEnum):
    NO_TEXT = "no_text"
    TOO_FEW_OPTIONS = "too_few_options"
    NEVER_SHOWN = "never_shown"
    LOOKS_AHEAD = "looks_ahead"
    LEADING = "leading"
    DOUBLE = "double"
    TURNED = "turned"
    MISSING = "missing"
    LONG = "long"
    NEGATION = "negation"
    ABSOLUTE = "absolute"
    JARGON = "jargon"
    SEVERAL_NPS = "several_nps"
    REQUIRED_TEXT = "required_text"


@dataclass(frozen=True)
class Finding:
    """One thing to look at: in which question (empty: the survey), in which locale (empty: in all), and what to do."""

    rule: Rule
    severity: Severity
    key: str
    locale: str
    message: str
    mend: str

    @property
    def is_error(self) -> bool:
        return self.severity == Severity.ERROR


def check(questions: Sequence[Question], client: Client, languages: Iterable[str]) -> list[Finding]:
    """Everything that is found, errors first, then in the order of the questions.

    `languages`: those in which the survey is meant to be asked, the client's own always among them.
    """
    questions, languages = list(questions), list(dict.fromkeys([client.language, *languages]))
    found = [*_of_the_survey(questions)]
    for question in questions:
        found += _structure(question, questions, client, languages)
        found += _translations(question, client, languages)
        found += _wordings(question)
    return sorted(found, key=lambda finding: not finding.is_error)


def ahead(questions: Sequence[Question]) -> list[tuple[Question, str]]:
    """Questions that look at an answer which is not given on an earlier page, with the key of that answer."""
    page_of = {question.key: n for n, page in enumerate(pages(questions)) for question in page}
    return [
        (question, key)
        for question in questions
        for key in looked_at(question)
        if page_of.get(key, len(questions)) >= page_of[question.key]
    ]


def looked_at(question: Question) -> list[str]:
    """The keys of the answers that decide whether it is shown."""
    subjects = (Subject.GROUP, Subject.ANSWER)
    return [condition.key or Question.SCORE for condition in conditions_of(question) if condition.of in subjects]


def decisive(question: Question, questions: Iterable[Question]) -> list[Question]:
    """The question itself, and all whose answers decide, however far back, whether it is shown; each once."""
    by_key, found = {asked.key: asked for asked in questions}, {question.key: question}
    waiting = [question]
    while waiting:
        new = [by_key[key] for key in looked_at(waiting.pop()) if key in by_key and key not in found]
        found |= {asked.key: asked for asked in new}
        waiting += new
    return list(found.values())


# --- The survey as a whole -------------------------------------------------------------------------------------------


def _of_the_survey(questions: list[Question]) -> Iterator[Finding]:
    texts = sum(question.kind == Question.Kind.TEXT for question in questions)
    if len(questions) > MOST_QUESTIONS:
        yield _warning(
            Rule.LONG,
            message=_("%(count)s questions: many will stop before the end.") % {"count": len(questions)},
            mend=_("Keep the %(most)s that you would act on.") % {"most": MOST_QUESTIONS},
        )
    if texts > MOST_TEXTS:
        yield _warning(
            Rule.LONG,
            message=_("%(count)s open questions: writing is the hardest part of answering.") % {"count": texts},
            mend=_("Ask openly %(most)s times at most.") % {"most": MOST_TEXTS},
        )
    if sum(question.kind == Question.Kind.NPS for question in questions) > 1:
        yield _warning(
            Rule.SEVERAL_NPS,
            message=_("The recommendation is asked more than once. Nobody will know which one the NPS is."),
            mend=_("Ask it once, as the score; use satisfaction for the rest."),
        )


# --- One question: does it stand? ------------------------------------------------------------------------------------


def _structure(
    question: Question, questions: list[Question], client: Client, languages: list[str]
) -> Iterator[Finding]:
    if not any(_ask(question, client.language + form) for form in FORMS):
        yield _error(
            question,
            Rule.NO_TEXT,
            _("No text in the client’s language, %(language)s.") % {"language": SPOKEN[client.language]},
            _("Write the question in this language."),
        )
    if question.kind in (Question.Kind.SINGLE, Question.Kind.MULTIPLE) and len(question.options) < 2:
        yield _error(question, Rule.TOO_FEW_OPTIONS, _("A choice needs two options."), _("Add what can be chosen."))
    for asked, key in ahead(questions):
        if asked is question:
            names = {"key": key}
            message = _("It looks at the answer to “%(key)s”, which is not given on an earlier page.") % names
            yield _error(question, Rule.LOOKS_AHEAD, message, _("Begin a new page with it, or move it further down."))
    if is_never_shown(question, questions, languages):
        mend = _("Loosen what it is shown for, or remove it.")
        yield _error(question, Rule.NEVER_SHOWN, _("Nobody can ever see it: its conditions never hold."), mend)
    if question.kind == Question.Kind.TEXT and question.is_required:
        message = _("An answer in words is demanded. Many will leave, or write a dot.")
        yield _warning(Rule.REQUIRED_TEXT, question, message=message, mend=_("Let it be left out."))


def is_never_shown(question: Question, questions: Sequence[Question], languages: Iterable[str]) -> bool:
    """Whether its conditions, with those of the questions it looks at, leave nothing for which it could be shown."""
    by_key = {asked.key: asked for asked in questions}
    possible: dict[tuple[str, str], set[str]] = {}
    for condition in (condition for asked in decisive(question, questions) for condition in conditions_of(asked)):
        subject = (condition.of, condition.key)
        room = _possible(condition, by_key, languages)
        values = set(condition.values) if room is None else set(condition.values) & room
        is_many = condition.key in by_key and by_key[condition.key].kind == Question.Kind.MULTIPLE
        possible[subject] = values if is_many else possible.get(subject, values) & values
        if not possible[subject]:
            return True
    return False


def _possible(condition: Condition, by_key: dict[str, Question], languages: Iterable[str]) -> set[str] | None:
    """The values that the subject can have; None: any."""
    if condition.of == Subject.ANSWER:
        return set(answers_to(by_key[condition.key])) if condition.key in by_key else set()
    rooms = {
        Subject.GROUP: set(VARIANTS), Subject.CHANNEL: set(Contact.Channel.values), Subject.LANGUAGE: set(languages)
    }  # fmt: skip
    return rooms.get(condition.of)


def answers_to(question: Question) -> tuple[str, ...]:
    """The values that a condition can name of this question; none of a text."""
    return tuple(map(str, scale_of(question.kind))) if question.is_scale else question.choices


# --- One question: is it there in every language? --------------------------------------------------------------------


def _translations(question: Question, client: Client, languages: list[str]) -> Iterator[Finding]:
    wording = question.wording
    has_text = {language: [form for form in FORMS if _ask(question, language + form)] for language in languages}
    lacking = [language for language, found in has_text.items() if not found]
    if lacking and client.language not in lacking:  # where it is, that is an error
        told = {"languages": ", ".join(str(SPOKEN[language]) for language in lacking)}
        message = _("Not worded in: %(languages)s. The survey is not asked there.") % told
        mend = _("Write it in these languages, or publish without them.")
        yield _warning(Rule.MISSING, question, lacking[0] if len(lacking) == 1 else "", message, mend)
    for locale in (language + form for language, found in has_text.items() for form in found):
        if missing := sorted(_expected(question) - _texts_in(wording[locale]), key=str):
            told = {"missing": ", ".join(_part(part, question) for part in missing)}
            yield _warning(
                Rule.MISSING, question, locale, _("Missing here: %(missing)s.") % told, _("Write what is missing.")
            )
    yield from _forms_of_address(question, client)


def _forms_of_address(question: Question, client: Client) -> Iterator[Finding]:
    is_informal = client.form_of_address == Client.Address.INFORMAL
    formal, informal = question.wording.get("de", {}), question.wording.get("de" + INFORMAL, {})
    says_sie = WORDS["de"].formal.search(" · ".join(_sentences(formal)))
    if is_informal and says_sie and not informal:
        message = _("The client says du, and this is worded with Sie only.")
        yield _warning(Rule.MISSING, question, "de" + INFORMAL, message, _("Write the informal wording."))
    if not is_informal and informal and not formal:
        message = _("The client says Sie, and this is worded with du only.")
        yield _warning(Rule.MISSING, question, "de", message, _("Write the formal wording."))


def _expected(question: Question) -> set[str | tuple[str, str]]:
    """What every wording of this question needs besides the question."""
    ends = {"lowest", "highest"} if question.is_scale else set()
    variants = {name for texts in question.wording.values() for name in VARIANTS if texts.get(name)}
    return ends | variants | {("options", option) for option in question.choices}


def _texts_in(texts: dict) -> set[str | tuple[str, str]]:
    labels = {("options", option) for option, label in texts.get("options", {}).items() if label.strip()}
    return labels | {name for name, text in texts.items() if isinstance(text, str) and text.strip()}


def _part(part: str | tuple[str, str], question: Question) -> str:
    if isinstance(part, tuple):
        labels = (texts.get("options", {}).get(part[1]) for texts in question.wording.values())
        return _("the option “%(option)s”") % {"option": next(filter(None, labels), part[1])}
    return {"lowest": _("the lowest end"), "highest": _("the highest end")}.get(part) or (
        _("the question for a group") + f" ({Group(part).label})"
    )


# --- One question: is it well worded? --------------------------------------------------------------------------------


def _wordings(question: Question) -> Iterator[Finding]:
    for locale, texts in question.wording.items():
        words = WORDS.get(locale.partition("-")[0])
        if any(_is_long(text) for text in _sentences(texts)):
            told = {"words": MOST_WORDS, "characters": MOST_CHARACTERS}
            message = _("Longer than %(words)s words or %(characters)s characters; on a phone that is half the page.")
            yield _warning(Rule.LONG, question, locale, message % told, _("Say it in one short sentence."))
        if words:
            yield from _by_words(question, locale, texts, words)
            if question.is_scale and _is_turned(texts, words):
                message = _("The lowest number has the better label. The score would be turned round.")
                mend = _("Put the worse label at the lowest number.")
                yield _warning(Rule.TURNED, question, locale, message, mend)


def _by_words(question: Question, locale: str, texts: dict, words: Words) -> Iterator[Finding]:
    """What single words give away; each rule once a wording."""
    asked = texts.get("ask", "")
    all_asked = [_plain(text, words) for text in _sentences(texts)]
    plain = _plain(asked, words)
    is_for_a_group = any(condition.of == Subject.GROUP for condition in conditions_of(question))
    if not is_for_a_group and (hit := words.leading.search(plain)):
        yield _by_word(Rule.LEADING, question, locale, hit)
    hits: dict[Rule, re.Match | None] = {
        Rule.DOUBLE: _first(_two_things(text, words, question) for text in all_asked),
        Rule.NEGATION: _first(_negation(text, words, question) for text in all_asked),
        Rule.ABSOLUTE: _first(words.absolute.search(text) for text in all_asked),
        Rule.JARGON: _first(words.jargon.search(text) or _abbreviation(text) for text in all_asked),
    }
    yield from (_by_word(rule, question, locale, hit) for rule, hit in hits.items() if hit)


def _by_word(rule: Rule, question: Question, locale: str, hit: re.Match) -> Finding:
    message, mend = _told()[rule]
    return _warning(rule, question, locale, message % {"words": hit[0].strip(" ,")}, mend)


def _told() -> dict[Rule, tuple[str, str]]:
    return {
        Rule.LEADING: (
            _("“%(words)s” suggests an answer."),
            _("Ask without praise or blame, so that both ends are as easy to give."),
        ),
        Rule.DOUBLE: (
            _("“%(words)s” joins two questions; nobody knows which one was answered."),
            _("Ask for one thing, and for the other in a question of its own."),
        ),
        Rule.NEGATION: (
            _("“%(words)s” is easily read over, and then the answer is turned round."),
            _("Ask the other way round."),
        ),
        Rule.ABSOLUTE: (_("“%(words)s” is hardly ever true; few can agree."), _("Leave the word out.")),
        Rule.JARGON: (_("“%(words)s”: will every customer know that?"), _("Say it as customers do.")),
    }  # fmt: skip


def _two_things(text: str, words: Words, question: Question) -> re.Match | None:
    """A joining word within what is asked, or a second question mark. A choice may name its options: “A or B?”."""
    if second := re.search(r"\?[^?]*\?", text):
        return re.search(r"\?", text[second.start() :])
    joined = [hit for part in _asked_parts(text) for hit in words.joining.finditer(part)]
    is_choice = question.kind in (Question.Kind.SINGLE, Question.Kind.MULTIPLE)
    return _first(hit for hit in joined if not (is_choice and hit[0].lower() in ("or", "oder")))


def _asked_parts(text: str) -> list[str]:
    """The sentences that ask, and quoted statements to agree with; all of it where there are none."""
    quoted = re.findall(r"[„“«\"]([^„“”«»\"]+)[“”»\"]", text)
    asking = [sentence for sentence in re.split(r"(?<=[.!:])\s+", text) if sentence.rstrip().endswith("?")]
    return [*asking, *quoted] or [text]


def _negation(text: str, words: Words, question: Question) -> re.Match | None:
    """A closed question must not be denied, an open one not twice. A tag such as “nicht wahr” only leads."""
    text = words.leading.sub("", text)
    twice = words.double_negation.search(text)
    return twice or (words.negation.search(text) if question.kind != Question.Kind.TEXT else None)


def _abbreviation(text: str) -> re.Match | None:
    found = re.finditer(r"\b[A-ZÄÖÜ]{2,6}\b", text)
    return next((hit for hit in found if hit[0] not in KNOWN), None)


def _is_turned(texts: dict, words: Words) -> bool:
    def polarity(label: str) -> int:
        return -1 if words.negative.search(label) else int(bool(words.positive.search(label)))

    return polarity(texts.get("lowest", "").lower()) > polarity(texts.get("highest", "").lower())


def _is_long(text: str) -> bool:
    bare = text.replace("{client}", "…")
    return len(bare.split()) > MOST_WORDS or len(bare) > MOST_CHARACTERS


def _sentences(texts: dict) -> list[str]:
    """What is asked, of everyone or of a group."""
    return [text for name in ("ask", *VARIANTS) if (text := texts.get(name, ""))]


def _plain(text: str, words: Words) -> str:
    """Without the client's name, and without what is balanced."""
    return words.balanced.sub("…", text.replace("{client}", "…"))


def _ask(question: Question, locale: str) -> str:
    return question.wording.get(locale, {}).get("ask", "").strip()


def _first(hits: Iterable[re.Match | None]) -> re.Match | None:
    return next((hit for hit in hits if hit), None)


def _error(question: Question, rule: Rule, message: str, mend: str) -> Finding:
    return Finding(rule, Severity.ERROR, question.key, "", message, mend)


def _warning(
    rule: Rule, question: Question | None = None, locale: str = "", message: str = "", mend: str = ""
) -> Finding:
    return Finding(rule, Severity.WARNING, question.key if question else "", locale, message, mend)
