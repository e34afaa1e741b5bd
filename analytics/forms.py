"""A person's judgement on one answer: per theme none, negative, neutral or positive; and which signals are right."""

from collections.abc import Iterable
from string import ascii_lowercase

from django import forms
from django.utils.translation import gettext_lazy as _

from surveys.models import Answer

from .models import Theme, ThemeAssignment
from .taxonomy import SIGNALS
from .templatetags.voice import led
from .templatetags.voice import themes as found_in

SENTIMENTS = [
    ("", _("not mentioned")),
    (str(ThemeAssignment.Sentiment.NEGATIVE.value), _("negative")),
    (str(ThemeAssignment.Sentiment.NEUTRAL.value), _("neutral")),
    (str(ThemeAssignment.Sentiment.POSITIVE.value), _("positive")),
]
VERBS = "nu0"  # keys that are none of a theme: next, undo, neutral


class CorrectionForm(forms.Form):
    """Begins with what stands there; blind, with nothing, for whoever must not see it."""

    def __init__(self, answer: Answer, language: str, data=None, is_blind: bool = False) -> None:
        super().__init__(data, auto_id=f"id_{answer.pk}_%s")
        self.standing = {} if is_blind else {led(found).pk: found.sentiment for found in found_in(answer)}
        themes = Theme.objects.filter(client=answer.response.client_id)
        self.themes = [theme for theme in themes if not theme.is_retired or theme.pk in self.standing]
        for theme, key in zip(self.themes, keys(str(theme) for theme in self.themes), strict=True):
            self.fields[f"theme_{theme.pk}"] = field = forms.ChoiceField(
                label=str(theme),
                choices=SENTIMENTS,
                required=False,
                widget=forms.RadioSelect,
                initial=str(self.standing.get(theme.pk, "")),
            )
            field.key = key
        reading = None if is_blind else getattr(answer, "reading", None)
        self.found = reading.signals if reading else []
        if self.found:
            name = "name_de" if language.startswith("de") else "name_en"
            self.fields["signals"] = forms.MultipleChoiceField(
                label=_("Signals"),
                required=False,
                widget=forms.CheckboxSelectMultiple,
                initial=self.found,
                choices=[(signal.key, getattr(signal, name)) for signal in SIGNALS if signal.key in self.found],
                help_text=_("Untick what the customer did not say."),
            )

    def sides(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The rows grouped by who can mend the theme."""
        return [
            (side.label, [self[f"theme_{theme.pk}"] for theme in self.themes if theme.side == side])
            for side in Theme.Side
            if any(theme.side == side for theme in self.themes)
        ]

    @property
    def sentiments(self) -> dict[Theme, int]:
        chosen = {theme: self.cleaned_data[f"theme_{theme.pk}"] for theme in self.themes}
        return {theme: int(value) for theme, value in chosen.items() if value}

    @property
    def stood(self) -> dict[Theme, int]:
        return {theme: self.standing[theme.pk] for theme in self.themes if theme.pk in self.standing}

    @property
    def dropped(self) -> list[str]:
        return [key for key in self.found if key not in self.cleaned_data.get("signals", [])]


def keys(names: Iterable[str]) -> list[str]:
    """A key of the keyboard for each name: a letter that begins one of its words, else one in it, else any left.

    Digits come last; "" once all are given away. In the order given: the first names have the first choice.
    """
    left, given = [key for key in ascii_lowercase + "123456789" if key not in VERBS], []
    for name in names:
        words = name.lower().split()
        wanted = [word[0] for word in words] + [letter for word in words for letter in word]
        key = next((letter for letter in [*wanted, *left] if letter in left), "")
        given.append(key)
        if key:
            left.remove(key)
    return given
