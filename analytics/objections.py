"""What the rule of promotion holds against a version, in words: for pages and commands alike."""

from django.utils.translation import gettext as _

from .models import Theme, ThemeModel
from .templatetags.modelcards import share


def said(objection: dict, row: ThemeModel) -> str:
    """One of the version's `objections` as a sentence in the reader's language."""
    if objection["what"] == "too_few":
        return _("%(n)d labels are held out; nothing can be said below %(enough)d.") % objection
    words = {name: share(objection[name]) for name in ("before", "after")}
    if objection["what"] == "micro_f1":
        return _("On the same labels, F1 falls from %(before)s to %(after)s.") % words
    theme = Theme.objects.filter(client=row.client_id, key=objection["theme"]).first() or objection["theme"]
    return _("“%(theme)s” would be right less often: %(after)s instead of %(before)s.") % {"theme": theme, **words}
