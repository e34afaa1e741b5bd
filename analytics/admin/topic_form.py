"""What a person says of an emerging topic: which comments belong to it, and which theme it becomes or joins."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.models import Answer

from .. import rules, themes, topics
from ..models import Theme, ThemeAssignment, Topic, TopicMember


class TopicForm(forms.Form):
    """Which comments belong to the topic, each with its sentiment; and the theme that it becomes, or joins."""

    name_en = forms.CharField(label=gettext_lazy("English name"), max_length=80)
    name_de = forms.CharField(label=gettext_lazy("German name"), max_length=80)
    side = forms.ChoiceField(
        label=gettext_lazy("Who can mend it"), choices=Theme.Side.choices, initial=Theme.Side.BOTH.value
    )
    words_en = forms.CharField(
        label=gettext_lazy("English words that name it"), required=False, widget=forms.Textarea({"rows": 2})
    )
    words_de = forms.CharField(
        label=gettext_lazy("German words that name it"), required=False, widget=forms.Textarea({"rows": 2})
    )
    theme = forms.ModelChoiceField(
        Theme.objects.none(), label=gettext_lazy("Theme"), empty_label=gettext_lazy("Choose")
    )
    as_theme = ("name_en", "name_de", "side", "words_en", "words_de")

    def __init__(self, topic: Topic, members: list[TopicMember], data=None, verb: str = "") -> None:
        initial = {f"words_{topic.language}": ", ".join(topic.words)} if topic.language in rules.LANGUAGES else {}
        super().__init__(data, initial=initial)
        self.members = members
        in_use = themes.in_use(topic.client).values()
        self.fields["theme"].queryset = Theme.objects.filter(pk__in=[theme.pk for theme in in_use])
        for member in members:
            sentiment = topics.suggested_sentiment(member.answer, topic.language)
            self.fields[f"take_{member.answer_id}"] = forms.BooleanField(required=False, initial=True)
            self.fields[f"sentiment_{member.answer_id}"] = forms.TypedChoiceField(
                choices=[(str(value), label) for value, label in ThemeAssignment.Sentiment.choices],
                coerce=int,
                required=False,
                empty_value=sentiment,
                initial=sentiment,
                widget=forms.RadioSelect,
            )
        for name in {"accept": ("theme",), "merge": self.as_theme}.get(verb, ()):
            self.fields[name].required = False  # what the other button asks for

    def rows(self) -> list[tuple[TopicMember, forms.BoundField, forms.BoundField]]:
        named = [(member, str(member.answer_id)) for member in self.members]
        return [(member, self[f"take_{pk}"], self[f"sentiment_{pk}"]) for member, pk in named]

    def clean(self) -> dict:
        cleaned = super().clean()
        if not any(cleaned.get(f"take_{member.answer_id}") for member in self.members):
            self.add_error(None, _("Tick at least one comment that belongs to it."))
        return cleaned

    @property
    def chosen(self) -> dict[Answer, int]:
        answers = [member.answer for member in self.members]
        taken = [answer for answer in answers if self.cleaned_data[f"take_{answer.pk}"]]
        return {answer: self.cleaned_data[f"sentiment_{answer.pk}"] for answer in taken}

    @property
    def columns(self) -> dict:
        return {name: self.cleaned_data[name] for name in self.as_theme}
