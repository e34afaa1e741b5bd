"""The form of what is measured: a scope as one field for each dimension, offered within reach, all of one client."""

import datetime as dt

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import solved
from analytics.counts import By, Where
from surveys.admin_scope import OneClientForm
from surveys.models import Contact, Survey
from surveys.models.people import LANGUAGES

from .. import initiatives
from ..models import Initiative, Target
from ..places import DIMENSIONS

ANY = gettext_lazy("all")
SCOPE, CONTROL = "in", "beside"  # how the fields of a scope begin
LABELS = {
    By.TEAM: gettext_lazy("team"),
    By.CHANNEL: gettext_lazy("channel"),
    By.REASON: gettext_lazy("contact reason"),
    By.LANGUAGE: gettext_lazy("language"),
    By.SEGMENT: gettext_lazy("segment"),
    By.SURVEY: gettext_lazy("survey"),
    By.THEME: gettext_lazy("naming the theme"),
}
CHOICES = {By.CHANNEL: Contact.Channel.choices, By.LANGUAGE: LANGUAGES}


class RowField(forms.ModelChoiceField):
    """Before a client is chosen, rows of several may be on offer: each says whose it is."""

    def label_from_instance(self, row) -> str:
        return _("%(name)s (%(client)s)") % {"name": row, "client": row.client}


def place_fields(prefix: str) -> tuple[str, ...]:
    return tuple(f"{prefix}_{by}" for by in DIMENSIONS)


class PlaceForm(OneClientForm):
    """`offered` are the teams, surveys and themes within the reach of whoever fills it in."""

    offered: dict[str, object] = {}
    prefixes: dict[str, str] = {SCOPE: "scope"}  # how the fields begin → the column

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for prefix, column in self.prefixes.items():
            known: Where = getattr(self.instance, column)
            for by in DIMENSIONS:
                self.fields[f"{prefix}_{by}"] = self._field(by, known.get(by, ""))
        self.fields["theme"].queryset = self._rows(By.THEME)
        self.fields["theme"].empty_label = _("the score itself")
        for what in ("add", "change", "view"):
            for name in self.fields.keys() & {"client", "theme"}:
                setattr(self.fields[name].widget, f"can_{what}_related", False)

    def clean(self) -> dict:
        cleaned = super().clean()
        for prefix, column in self.prefixes.items():
            setattr(self.instance, column, self._where(prefix, cleaned))
        self._check_figure(cleaned)
        self._check_survey(cleaned)
        return cleaned

    def _check_figure(self, cleaned: dict) -> None:
        client = cleaned.get("client") or (self.instance.client if self.instance.client_id else None)
        if cleaned.get("theme") and self.instance.scope.get(By.THEME):
            self.add_error(f"{SCOPE}_{By.THEME}", _("Either mentions are counted or the answers that name a theme."))
        if cleaned.get("theme") and cleaned.get("is_solved"):
            self.add_error("is_solved", _("Either mentions are counted or matters solved."))
        if cleaned.get("is_solved") and client and cleaned.get("kind") not in solved.asked_in(client):
            self.add_error("is_solved", _("No survey of this kind asks whether the matter was solved."))

    def _check_survey(self, cleaned: dict) -> None:
        for prefix in self.prefixes:
            survey = cleaned.get(f"{prefix}_{By.SURVEY}")
            if survey and survey.kind != cleaned.get("kind", survey.kind):
                self.add_error(f"{prefix}_{By.SURVEY}", _("This survey asks for another score."))

    def _where(self, prefix: str, cleaned: dict) -> dict[str, str]:
        chosen = {by: cleaned.get(f"{prefix}_{by}") for by in DIMENSIONS}
        return {str(by): str(getattr(value, "pk", value)) for by, value in chosen.items() if value}

    def _field(self, by: str, known: str) -> forms.Field:
        about = {"label": capfirst(LABELS[by]), "required": False, "initial": known}
        if by in CHOICES:
            return forms.ChoiceField(choices=[("", ANY), *CHOICES[by]], **about)
        if by in self.offered:
            field = forms.ModelChoiceField if self.instance.pk else RowField
            return field(self._rows(by), empty_label=ANY, **about)
        return forms.CharField(max_length=120, strip=True, **about)

    def _rows(self, by: str):
        """Of the client, once that is settled."""
        rows = self.offered[by]
        rows = rows.filter(client=self.instance.client_id) if self.instance.pk else rows
        return rows.select_related("client")


class InitiativeForm(PlaceForm):
    prefixes = {SCOPE: "scope", CONTROL: "control"}

    class Meta:
        model = Initiative
        fields = (
            "client", "name", "what", "by", "kind", "theme", "is_solved", "hoped_change", "starts_on", "run_in_days",
            "ends_on",
        )  # fmt: skip
        widgets = {"what": forms.Textarea({"rows": 3})}

    def clean(self) -> dict:
        cleaned = super().clean()
        if self.instance.control and initiatives.may_overlap(self.instance.scope, self.instance.control):
            field = next(f"{CONTROL}_{by}" for by in DIMENSIONS if by in self.instance.control)
            self.add_error(
                field,
                _(
                    "An answer could belong to both. Choose another value of what the initiative is narrowed to, such "
                    "as another team."
                ),
            )
        self._check_days(cleaned)
        return cleaned

    def _check_days(self, cleaned: dict) -> None:
        starts_on, run_in, ends_on = (cleaned.get(name) for name in ("starts_on", "run_in_days", "ends_on"))
        if starts_on and run_in is not None and ends_on and ends_on < starts_on + dt.timedelta(days=run_in + 6):
            self.add_error("ends_on", _("At least one whole week must be left after the run-in."))


class TargetForm(PlaceForm):
    class Meta:
        model = Target
        fields = ("client", "kind", "theme", "is_solved", "value", "period", "starts_on", "ends_on")

    def clean(self) -> dict:
        cleaned = super().clean()
        starts_on, ends_on = cleaned.get("starts_on"), cleaned.get("ends_on")
        if starts_on and ends_on and ends_on < starts_on:
            self.add_error("ends_on", _("This is before it begins."))
        is_share = cleaned.get("theme") or cleaned.get("is_solved") or cleaned.get("kind") != Survey.Kind.NPS
        if is_share and (cleaned.get("value") or 0) < 0:
            self.add_error("value", _("A share lies between 0 and 100."))
        return cleaned
