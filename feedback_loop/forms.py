"""What a person does with a case: hand it on, write down, close it."""

from django import forms
from django.utils.translation import gettext_lazy as _

from . import cases
from .models import Case

SIDES = (("our_", _("With us")), ("client_", _("With {client}")), ("", _("Neither")))


class OwnerField(forms.ModelChoiceField):
    def label_from_instance(self, login) -> str:
        return login.get_full_name() or login.username


class CaseForm(forms.Form):
    owner = OwnerField(label=_("Owner"), queryset=None, required=False, empty_label=_("nobody yet"))
    cause = forms.ChoiceField(
        label=_("Cause"), required=False, help_text=_("Needed to close the case. It says who has to change something.")
    )
    note = forms.CharField(
        label=_("Agreed or done"),
        required=False,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 40, "class": "vLargeTextField"}),
    )

    def __init__(self, case: Case, data=None) -> None:
        super().__init__(data, initial={"owner": case.owner_id, "cause": case.cause, "note": ""})
        self.fields["owner"].queryset = cases.candidates(case)
        self.fields["cause"].choices = [("", _("please choose")), *_causes(str(case.client))]


def _causes(client: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The causes under who has to change something."""
    groups, left = [], list(Case.Cause.choices)
    for prefix, title in SIDES:
        found = [(key, label) for key, label in left if key.startswith(prefix)]
        groups.append((str(title).format(client=client), found))
        left = [choice for choice in left if choice not in found]
    return groups
