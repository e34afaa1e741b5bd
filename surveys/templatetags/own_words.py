"""A customer's own words, shown back to them as they were kept."""

import re

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import pgettext

register = template.Library()

TOKEN = re.compile(r"⟦[a-z_]+⟧")  # what redaction leaves behind


@register.filter
def own_words(text: str) -> SafeString:
    """The text as HTML, escaped; each thing that was taken out is a dashed word that says so."""
    removed = format_html('<span class="redacted">{}</span>', pgettext("redacted", "removed"))
    return mark_safe(TOKEN.sub(removed, escape(text)))
