"""A person's judgement on one answer: per theme none, negative, neutral or positive; and which signals are right."""

from django import forms
from django.utils.translation import gettext_lazy as _

from surveys.models import Answer

from .models import Theme, ThemeAssignment
from .taxonomy import SIGNALS

SENTIMENTS = [
    ("", _("not mentioned")),
    (str(ThemeAssignment.Sentiment.NEGATIVE.value), _("negative")),
    (str(ThemeAssignment.Sentiment.NEUTRAL.value), _("neutral")),
    (str(ThemeAssignment.Sentiment.POSITIVE.value), _("positive")),
]


class CorrectionForm(forms.Form):
    def __init__(self, answer: Answer, language: str, data=None) -> None:
        super().__init__(data, auto_id=f"id_{answer.pk}_%s")
        self.standing = {found.theme_id: found.sentiment for found in answer.assignments.all()}
        themes = Theme.objects.filter(client=answer.response.client_id)
        self.themes = [theme for theme in themes if not theme.is_retired or theme.pk in self.standing]
        for theme in self.themes:
            self.fields[f"theme_{theme.pk}"] = forms.ChoiceField(
                label=str(theme),
                choices=SENTIMENTS,
                required=False,
                widget=forms.RadioSelect,
                initial=str(self.standing.get(theme.pk, "")),
            )
        reading = getattr(answer, "reading", None)
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
    def dropped(self) -> list[str]:
        return [key for key in self.found if key not in self.cleaned_data.get("signals", [])]
