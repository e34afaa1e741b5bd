"""The form of one theme, with a field to try its words out; and the forms by which it is split or a file comes in."""

from dataclasses import dataclass

from django import forms
from django.db import transaction
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from surveys.admin_scope import OneClientForm

from .. import rules, text, themes
from ..models import Theme, ThemeAssignment
from ..taxonomy_file import LARGEST_FILE, BadTaxonomy

COLUMNS = (
    *(f"{part}_{code}" for part in ("name", "definition", "included", "excluded", "words") for code in ("de", "en")),
    "side",
    "parent",
)  # what is written by hand; the rest is done by verbs
NEW = "this"  # the key of a theme that has none yet, while its words are tried out
PARTS = 6  # a theme is split into so many at once


@dataclass(frozen=True)
class Trial:
    """What the words find in a comment of `language`: (theme, its sentiment and that in words, what decided)."""

    language: str
    found: list[tuple[str, str, str, str]]


class ThemeForm(OneClientForm):
    """Says what could not be meant before it is saved. Pressing “Try out” saves nothing."""

    comment = forms.CharField(
        label=gettext_lazy("Comment"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Type what a customer could say. It is read with the words above, saved or not."),
    )

    class Meta:
        model = Theme
        fields = ("client", *COLUMNS)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        above = self.fields["parent"].queryset.filter(is_retired=False, parent=None)
        if self.instance.pk:
            above = above.filter(client=self.instance.client_id).exclude(pk=self.instance.pk)
        self.fields["parent"].queryset = above.select_related("client")
        for name in COLUMNS:
            if name not in ("side", "parent", "name_de", "name_en"):
                self.fields[name].widget = forms.Textarea({"rows": 3 if name.startswith("words") else 2})

    @property
    def is_trial(self) -> bool:
        return "_try" in self.data

    def is_valid(self) -> bool:
        return not self.is_trial and super().is_valid()

    def clean_words_de(self) -> str:
        return self._words("words_de")

    def clean_words_en(self) -> str:
        return self._words("words_en")

    @property
    def columns(self) -> dict:
        return {name: self.cleaned_data[name] for name in COLUMNS}

    def _words(self, name: str) -> str:
        if wrong := themes.wrong_words(self.cleaned_data[name]):
            raise forms.ValidationError(wrong)
        return self.cleaned_data[name]

    def _post_clean(self) -> None:
        """Do it, look whether the themes make sense then, and undo it."""
        super()._post_clean()
        if self.errors:
            return
        try:
            with transaction.atomic():
                if self.instance.pk:
                    themes.change(self.instance, self.columns)
                else:
                    themes.add(self.cleaned_data["client"], self.columns)
                transaction.set_rollback(True)
        except BadTaxonomy as refused:
            for line in refused.lines:
                self.add_error(None, line)

    def trial(self) -> Trial | None:
        """None if nobody asked for one, or where there is nothing to read, or nothing to read it with."""
        client = self.instance.client if self.instance.pk else self.cleaned_data.get("client")
        comment = self.cleaned_data.get("comment", "") if self.is_trial and self.is_bound else ""
        if not comment or client is None or {"words_de", "words_en"} & self.errors.keys():
            return None
        ours = "de" if (get_language() or "en").startswith("de") else "en"
        language = text.language_of(comment, rules.LANGUAGES, fallback=ours)
        key, words = self.instance.key or NEW, self.cleaned_data.get(f"words_{language}", "")
        others = [pair for pair in themes.own_words(client, language) if pair[0] != key]
        read = rules.read(comment, language, (*others, *([(key, words)] if words else [])))
        names = {key: str(theme) for key, theme in themes.in_use(client).items()}
        names[key] = self.cleaned_data.get(f"name_{ours}") or _("this theme")
        known = [one for one in read.findings if one.theme in names]
        meant = ThemeAssignment.Sentiment
        found = [(names[f.theme], str(f.sentiment), meant(f.sentiment).label, comment[f.start : f.end]) for f in known]
        return Trial(language, found)


class PartForm(forms.Form):
    """One part of a theme that is split: empty, or named in both languages."""

    name_de = forms.CharField(label=gettext_lazy("German name"), max_length=80)
    name_en = forms.CharField(label=gettext_lazy("English name"), max_length=80)
    words_de = forms.CharField(label=gettext_lazy("German words"), required=False, widget=forms.Textarea({"rows": 2}))
    words_en = forms.CharField(label=gettext_lazy("English words"), required=False, widget=forms.Textarea({"rows": 2}))


class FileForm(forms.Form):
    """A file of themes for one client; its text comes back in `text` when the trial is confirmed."""

    client = forms.ModelChoiceField(None, label=gettext_lazy("Client"), empty_label=None)
    file = forms.FileField(label=gettext_lazy("YAML file"), required=False)
    text = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def __init__(self, clients, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client"].queryset = clients

    def clean(self) -> dict:
        cleaned = super().clean()
        if (file := cleaned.get("file")) is not None:
            cleaned["text"] = self._decoded(file)
        elif not cleaned.get("text") and not self.errors:
            self.add_error("file", _("Please choose a file."))
        return cleaned

    def _decoded(self, file) -> str:
        if file.size > 4 * LARGEST_FILE:  # bytes; a character has four at most
            self.add_error("file", _("The file is larger than 1 MB."))
            return ""
        try:
            return file.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            self.add_error("file", _("This is no YAML file: it is not written in UTF-8."))
            return ""
