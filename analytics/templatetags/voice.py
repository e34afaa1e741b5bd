"""How a customer's answer looks to staff: the mark of its score, the words with what was found in them, theme chips.

Every part says in words or signs what its colour says. Redaction tokens such as ⟦name⟧ become words of the reader's
language. Whatever a customer wrote is escaped here.
"""

import datetime as dt

from django import template
from django.db.models import Prefetch
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_lazy, ngettext

from analytics.models import Reading, Theme, ThemeAssignment
from analytics.text import fingerprint, pieces
from surveys.models import Answer, Group, Question, Response, Survey
from surveys.templatetags.asked import ask

register = template.Library()

SIGNS = {-1: ("negative", "−"), 0: ("neutral", "○"), 1: ("positive", "+")}
WORDS = {
    Survey.Kind.CSAT: {
        Group.DETRACTOR: gettext_lazy("of 5, unhappy"),
        Group.PASSIVE: gettext_lazy("of 5, in between"),
        Group.PROMOTER: gettext_lazy("of 5, happy"),
    },
    Survey.Kind.CES: {
        Group.DETRACTOR: gettext_lazy("of 7, hard"),
        Group.PASSIVE: gettext_lazy("of 7, in between"),
        Group.PROMOTER: gettext_lazy("of 7, easy"),
    },
}


def prefetches(to_answers: str = "answers") -> Prefetch:
    """What these tags read of a response, in three queries however many responses there are."""
    assignments = Prefetch(
        "assignments", ThemeAssignment.objects.select_related("theme__parent", "theme__merged_into__parent")
    )
    return Prefetch(to_answers, Answer.objects.select_related("reading", "question").prefetch_related(assignments))


@register.filter
def texts(response: Response) -> list[Answer]:
    """What the customer wrote, in the order of the questions."""
    return [answer for answer in response.answers.all() if answer.text]


@register.filter
def group_word(response: Response) -> str:
    """The group in a word; a score of a short scale says so, lest a 4 be taken for one of ten."""
    return (
        response.get_group_display() if response.kind == Survey.Kind.NPS else str(WORDS[response.kind][response.group])
    )


@register.filter
def mark(response: Response) -> SafeString:
    """The score in the form of its group, and the group in words."""
    return format_html(
        '<span class="mark mark-{}">{}</span> <span class="word">{}</span>',
        response.group,
        response.score,
        group_word(response),
    )


@register.filter
def voice(response: Response) -> SafeString:
    """The customer's words with the evidence marked, and the themes found in them; several under their questions."""
    written = texts(response)
    if not written:
        return format_html('<p class="no-text">{}</p>', gettext("No comment"))
    asked = [ask(answer.question, response.client) if len(written) > 1 else "" for answer in written]
    parts = (
        (_asked(question), _quoted(answer), chips(answer)) for question, answer in zip(asked, written, strict=True)
    )
    return format_html_join("", "{}{}{}", parts)


@register.filter
def notes(response: Response, now: dt.datetime) -> SafeString:
    """What must be known before the answer is taken for one like all others: unverified, partial, changed, excluded.

    Whether it is excluded is told where the query asked for it (`is_excluded`).
    """
    found = (_door_note(response), _partial_note(response, now), _changed_note(response), _excluded_note(response))
    said = [note for note in found if note]
    items = format_html_join("", '<li class="note note-{}">{}</li>', said)
    return format_html('<ul class="notes">{}</ul>', items) if said else mark_safe("")


@register.filter
def outcome(reading: Reading) -> str:
    """What became of the reading; where a person found no theme, that none fits, rather than that nobody knows."""
    if reading.source == Reading.Source.PERSON and reading.outcome == Reading.Outcome.UNCLASSIFIED:
        return gettext("no theme fits")
    return reading.get_outcome_display()


@register.filter
def chips(answer: Answer) -> SafeString:
    """One chip per theme with its sentiment as sign and hidden word; or one that says that nothing sure was found."""
    reading = getattr(answer, "reading", None)
    if reading and reading.outcome == Reading.Outcome.UNCLASSIFIED:
        quiet = '<ul class="chips"><li><span class="chip chip-none"><span class="label">{}</span></span></li></ul>'
        return format_html(quiet, outcome(reading))
    items = format_html_join("", "<li>{}</li>", ((chip(found),) for found in themes(answer)))
    return format_html('<ul class="chips">{}</ul>', items) if items else mark_safe("")


@register.filter
def themes(answer: Answer) -> list[ThemeAssignment]:
    """One finding per theme that it counts under: the worst, as in reports."""
    worst = {led(found): found for found in sorted(answer.assignments.all(), key=lambda found: -found.sentiment)}
    return [found for found in answer.assignments.all() if found in worst.values()]


@register.filter
def is_current(answer: Answer) -> bool:
    """Whether what was read was read in these words: a person's judgement stays when the customer changes them."""
    reading = getattr(answer, "reading", None)
    return reading is None or reading.text_hash == fingerprint(answer.text)


@register.filter
def sentiment_key(value: str) -> str:
    """“negative”, “neutral”, “positive”; “none” for a theme that is not mentioned."""
    return SIGNS[int(value)][0] if value else "none"


@register.filter
def sign(value: str) -> SafeString:
    """The sign of a sentiment beside its word."""
    return format_html('<span class="sign" aria-hidden="true">{}</span>', SIGNS[int(value)][1] if value else "")


@register.filter
def spoken(text: str) -> str:
    """The words as plain text, for mails: what was redacted stands in brackets."""
    return "".join(f"[{said}]" if is_redacted else said for said, is_redacted in pieces(text))


@register.filter
def age(at: dt.datetime, now: dt.datetime) -> str:
    """How long ago, in the largest unit that fits: 2 h, 1 day."""
    seconds = max(0, (now - at).total_seconds())
    if seconds < 3600:
        return gettext("%(n)d min") % {"n": seconds // 60}
    if seconds < 24 * 3600:
        return gettext("%(n)d h") % {"n": seconds // 3600}
    days = int(seconds // (24 * 3600))
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


@register.filter
def chip(found: ThemeAssignment) -> SafeString:
    """One theme, as it is called now, with its sentiment as sign and hidden word.

    Its title says what it is part of, and under which name it was found if that has been merged since.
    """
    key, sign = SIGNS[found.sentiment]
    theme = led(found)
    told = [gettext("part of “%s”") % theme.parent] if theme.parent else []
    told += [gettext("found as “%s”, merged since") % found.theme] if theme != found.theme else []
    return format_html(
        '<span class="chip chip-{}"{}><span class="sign" aria-hidden="true">{}</span>'
        '<span class="label"><span class="visually-hidden">{}: </span>{}</span></span>',
        key,
        format_html(' title="{}"', "; ".join(told)) if told else "",
        sign,
        found.get_sentiment_display(),
        theme,
    )


@register.filter
def led(found: ThemeAssignment) -> Theme:
    """The theme it counts under."""
    return found.theme.merged_into or found.theme


def _door_note(response: Response) -> tuple[str, str] | None:
    return None if response.is_verified else ("unverified", gettext("unverified"))


def _excluded_note(response: Response) -> tuple[str, str] | None:
    return ("unverified", gettext("excluded, in no score")) if getattr(response, "is_excluded", False) else None


def _partial_note(response: Response, now: dt.datetime) -> tuple[str, str] | None:
    if response.completed_at:
        return None
    if not response.is_settled(now):
        return "partial", gettext("being filled in")
    return "partial", (gettext("not sent to the end") if response.answers.all() else gettext("score only"))


def _changed_note(response: Response) -> tuple[str, str] | None:
    if not response.changed_at:
        return None
    scores = {"first": response.first["said"][Question.SCORE], "now": response.score}
    if scores["first"] == scores["now"]:
        return "changed", gettext("changed, same score")
    return "changed", gettext("changed: first %(first)s, now %(now)s") % scores


def _asked(question: str) -> SafeString:
    return format_html('<p class="asked">{}</p>', question) if question else mark_safe("")


def _quoted(answer: Answer) -> SafeString:
    reading = getattr(answer, "reading", None)
    return quoted(evidence(answer), reading.language if reading else "")


@register.filter
def quoted(said: SafeString, language: str = "") -> SafeString:
    """A customer's own words, in quotes and in the type that nobody else's are set in."""
    start, end = gettext("“…”").split("…")
    return format_html('<p class="voice-text" lang="{}" dir="auto">{}{}{}</p>', language, start, said, end)


@register.filter
def evidence(answer: Answer) -> SafeString:
    """The text with the words that decided marked. Where two findings share words, the first keeps them.

    No marks in words that the customer has changed since they were judged.
    """
    parts, here = [], 0
    found = [a for a in answer.assignments.all() if a.start is not None and a.end is not None and is_current(answer)]
    for span in sorted(found, key=lambda a: (a.start, -a.end)):
        if span.start < here or span.end > len(answer.text):
            continue
        parts += [words(answer.text[here : span.start]), '<mark class="ev ev-', SIGNS[span.sentiment][0], '">']
        parts += [words(answer.text[span.start : span.end]), "</mark>"]
        here = span.end
    return mark_safe("".join([*parts, words(answer.text[here:])]))  # every part went through `words`


@register.filter
def words(text: str) -> SafeString:
    """The words as HTML, escaped; what was redacted is a dashed word."""
    shapes = {True: '<span class="redacted">{}</span>', False: "{}"}
    return mark_safe("".join(format_html(shapes[is_redacted], said) for said, is_redacted in pieces(text)))
