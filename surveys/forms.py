"""The answer sheet as it comes from the page: checked and tidied, with a sentence for everything that is wrong."""

from dataclasses import dataclass

import phonenumbers
from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext, gettext_lazy

from .models import Group, Invitation, group_of
from .models.answering import scale_of
from .responses import Sheet

COMMENT_LIMIT = 2000  # characters
# Where a number without a country code is at home; phonenumbers wants a region, a client has a language.
REGIONS = {"de": "DE", "en": "GB"}
# The page words its open question by these; the customer never sees a group or its name.
CELL_CLASSES = {Group.DETRACTOR: "low", Group.PASSIVE: "mid", Group.PROMOTER: "high"}


@dataclass(frozen=True)
class Cell:
    """One number of the scale."""

    score: int
    group: str
    is_checked: bool


class Comment(forms.CharField):
    """Free words. Browsers send line ends as two characters and count them as one; so do we."""

    def to_python(self, value: str) -> str:
        return super().to_python(value).replace("\r\n", "\n")


def clicked_score(invitation: Invitation, values: list[str]) -> int | None:
    """The number that a link from the mail carries: one value, on the scale, in plain digits; else None."""
    on_scale = {str(score): score for score in scale_of(invitation.version.survey.kind)}
    return on_scale.get(values[0]) if len(values) == 1 else None


class AnswerForm(forms.Form):
    """One invitation's sheet. `initial["score"]` is the number clicked in the mail."""

    score = forms.ChoiceField()
    comment = Comment(
        required=False,
        max_length=COMMENT_LIMIT,
        error_messages={
            "max_length": gettext_lazy(
                "Your text has %(show_value)s characters; %(limit_value)s fit. Please shorten it, it is still here."
            ),
            "null_characters_not_allowed": gettext_lazy("Your text contains a character that we cannot store."),
        },
    )
    wants_call = forms.BooleanField(required=False)
    phone = forms.CharField(required=False)

    def __init__(self, invitation: Invitation, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.invitation = invitation
        self.scale = scale_of(invitation.version.survey.kind)
        ends = {"first": self.scale[0], "last": self.scale[-1]}
        wrong = gettext("Please choose a number from %(first)s to %(last)s.") % ends
        self.fields["score"].choices = [(str(score), score) for score in self.scale]
        self.fields["score"].error_messages = {"required": wrong, "invalid_choice": wrong}

    @cached_property
    def cells(self) -> list[Cell]:
        kind, chosen = self.invitation.version.survey.kind, str(self["score"].value())
        return [Cell(score, CELL_CLASSES[group_of(kind, score)], str(score) == chosen) for score in self.scale]

    def clean(self) -> dict:
        if self.cleaned_data.get("wants_call") and "phone" in self.cleaned_data:
            self._check_phone(self.cleaned_data["phone"])
        return self.cleaned_data

    def sheet(self, is_preselected: bool, language: str) -> Sheet:
        data = self.cleaned_data
        return Sheet(int(data["score"]), data["comment"], data["wants_call"], data["phone"], is_preselected, language)

    def _check_phone(self, phone: str) -> None:
        """A number that could exist, in international form; none at all only if the customer's own is known."""
        customer = self.invitation.customer
        if not phone:
            if not (customer and customer.phone):
                self.add_error("phone", gettext("Please give a number where we can reach you."))
            return
        try:
            number = phonenumbers.parse(phone, REGIONS[self.invitation.client.language])
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_possible_number(number):
            self.add_error(
                "phone", gettext("We cannot read this number. Please write it with its code, such as +44 20 7946 0018.")
            )
            return
        self.cleaned_data["phone"] = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
