"""Mails are triples: `mail/NAME.subject.txt`, `mail/NAME.txt` and `mail/NAME.html`, rendered here and nowhere else.

The HTML is written with the classes of `mail.css`, and that with the tokens of `tokens.css`; mail programs know neither
stylesheets nor custom properties, so both are resolved and inlined. Text parts are not HTML-escaped.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import css_inline
from django.contrib.staticfiles import finders
from django.template import Context
from django.template.loader import get_template
from django.utils import translation


@dataclass(frozen=True)
class Mail:
    subject: str
    text: str
    html: str


def render(name: str, context: dict, locale: str) -> Mail:
    """The mail `name` in a locale (“de”, “de-du”, “en”)."""
    with translation.override(locale):
        subject = _plain(f"mail/{name}.subject.txt", context)
        text = _plain(f"mail/{name}.txt", context)
        html = get_template(f"mail/{name}.html").render(context)
    return Mail(" ".join(subject.split()), _tidy(text), _inliner().inline(html))


def _plain(template: str, context: dict) -> str:
    return get_template(template).template.render(Context(context, autoescape=False))


def _tidy(text: str) -> str:
    """No spaces at line ends, never more than one empty line: what template tags leave behind."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(
        inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False, extra_css=light_css("mail.css")
    )


@cache
def light_css(stylesheet: str) -> str:
    """A stylesheet with every token replaced by its value in the light scheme."""
    light = _static("tokens.css").split("@media", 1)[0]
    values = dict(re.findall(r"(--[\w-]+):\s*([^;]+);", light))
    css = _static(stylesheet)
    while "var(" in css:
        css = re.sub(r"var\((--[\w-]+)(?:,\s*([^()]+))?\)", lambda m: values.get(m[1]) or m[2], css)
    return css


def _static(name: str) -> str:
    return Path(finders.find(f"nachklang/{name}")).read_text(encoding="utf-8")
