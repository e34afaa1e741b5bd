"""The form of one question: its texts by language and form of address, its options, and for whom it is shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import lint
from ..authoring import INFORMAL, SPOKEN, Wish, usual_labels
from ..models import Contact, Group, Question, Survey
from ..models.answering import SCALES, scale_of
from ..pages.frame import FROM_RIGHT
from ..questionnaire import Subject, pages
from .rules import ValuesField

BLANKS = 3  # rows for new options
LONGEST, LONGEST_LABEL = 500, 120  # characters
CHOICES = (Question.Kind.SINGLE, Question.Kind.MULTIPLE)
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


@dataclass(frozen=True)
class Row:
    """One text in both forms of address."""

    label: str
    formal: forms.BoundField
    informal: forms.BoundField


@dataclass(frozen=True)
class Language:
    """All texts of one language."""

    code: str
    name: str
    is_open: bool
    direction: str
    rows: list[Row]


class QuestionForm(forms.Form):
    """One question of a draft among the others; `languages` are those in which it is meant to be asked."""

    key = forms.SlugField(
        label=gettext_lazy("name in exports"), max_length=40, help_text=gettext_lazy("Letters, digits, hyphen.")
    )
    is_required = forms.BooleanField(label=gettext_lazy("must be answered"), required=False)
    group = forms.MultipleChoiceField(label=gettext_lazy("group of the score"), required=False)
    channel = forms.MultipleChoiceField(
        label=gettext_lazy("channel"),
        required=False,
        choices=Contact.Channel.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    language = forms.MultipleChoiceField(
        label=gettext_lazy("language"), required=False, widget=forms.CheckboxSelectMultiple
    )
    segment = ValuesField(
        label=gettext_lazy("segment"), required=False, help_text=gettext_lazy("Of the customer; separated by commas.")
    )

    def __init__(self, question: Question, questions: Sequence[Question], languages: Iterable[str], *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.question, self.languages = question, list(languages)
        self.earlier = [asked for asked in _before(question, questions) if lint.answers_to(asked)]
        self.options = [*question.choices, *([""] * BLANKS if question.kind in CHOICES else [])]
        self.is_score = question.key == Question.SCORE
        self.initial = {**self._stored(), **self.initial}
        self._ask_for_whom()
        if self.is_score:
            for name in ("key", "is_required", *(field.name for field in self.conditions)):
                del self.fields[name]
        if not question.standard:
            self._ask_for_texts()

    # --- How it is shown ---------------------------------------------------------------------------------------------

    @property
    def conditions(self) -> list[forms.BoundField]:
        names = ("group", "channel", "language", "segment", *(f"answer-{asked.key}" for asked in self.earlier))
        return [self[name] for name in names if name in self.fields]

    @property
    def has_conditions(self) -> bool:
        return any(field.value() for field in self.conditions)

    @property
    def places(self) -> list[tuple[str, forms.BoundField, forms.BoundField]]:
        """The options that are there: label, place, and whether it goes."""
        if self.question.kind not in CHOICES or self.question.standard:
            return []
        named = [(n, option) for n, option in enumerate(self.options) if option]
        return [
            (_label(self.question, option), self[f"option-{n}-place"], self[f"option-{n}-gone"]) for n, option in named
        ]

    @property
    def texts(self) -> list[Language]:
        """The languages that it is meant to be asked in first; those without a text yet are folded up."""
        if self.question.standard:
            return []
        codes = [*self.languages, *(code for code in SPOKEN if code not in self.languages)]
        return [
            Language(
                code,
                str(SPOKEN[code]),
                self._is_begun(code),
                "rtl" if code in FROM_RIGHT else "ltr",
                self._rows(code),
            )
            for code in codes
        ]

    def _is_begun(self, code: str) -> bool:
        is_own = code == self.question.version.survey.client.language
        return is_own or any(
            self[f"{code}{form}:ask"].value() or self[f"{code}{form}:ask"].errors for form in lint.FORMS
        )

    def _rows(self, code: str) -> list[Row]:
        names = [name for name in self._names() if f"{code}:{name}" in self.fields]
        return [Row(self._called(name), self[f"{code}:{name}"], self[f"{code}{INFORMAL}:{name}"]) for name in names]

    def _called(self, name: str) -> str:
        if name.startswith("option-"):
            option = self.options[number := int(name.rpartition("-")[2])]
            place = {"number": number + 1 - len(self.question.options)}
            return (
                _("Option: %(label)s") % {"label": _label(self.question, option)}
                if option
                else (_("New option %(number)s") % place)
            )
        scale = scale_of(self.question.kind) if self.question.is_scale else range(1)
        return {
            "ask": _("Question"),
            "hint": _("Line below"),
            "lowest": _("%(number)s means") % {"number": scale[0]},
            "highest": _("%(number)s means") % {"number": scale[-1]},
        }.get(name) or _("Instead, to group “%(group)s”") % {"group": Group(name).label}

    # --- What it asks for --------------------------------------------------------------------------------------------

    def _ask_for_whom(self) -> None:
        kind = self.question.version.survey.kind
        self.fields["group"].choices = [(group.value, f"{group.label} ({_range(kind, group)})") for group in Group]
        self.fields["group"].widget = forms.CheckboxSelectMultiple(choices=self.fields["group"].choices)
        self.fields["language"].choices = [(code, SPOKEN[code]) for code in self.languages]
        for asked in self.earlier:
            self.fields[f"answer-{asked.key}"] = forms.MultipleChoiceField(
                label=_("answer to “%(question)s”") % {"question": asked_in_words(asked)},
                choices=[(answer, _answer(asked, answer)) for answer in lint.answers_to(asked)],
                required=False,
                widget=forms.CheckboxSelectMultiple,
                initial=self.initial.get(f"answer-{asked.key}"),
            )

    def _names(self) -> list[str]:
        """The texts that a question of this kind has."""
        kind = self.question.kind
        names = ["ask", "hint"]
        names += ["lowest", "highest"] if self.question.is_scale else []
        names += list(lint.VARIANTS) if kind == Question.Kind.TEXT else []
        return names + [f"option-{number}" for number in range(len(self.options))]

    def _ask_for_texts(self) -> None:
        for code in SPOKEN:
            for form in lint.FORMS:
                for name in self._names():
                    is_long = name in ("ask", *lint.VARIANTS)
                    attributes = {"lang": code, "dir": "rtl"} if code in FROM_RIGHT else {"lang": code}
                    self.fields[f"{code}{form}:{name}"] = forms.CharField(
                        required=False,
                        max_length=LONGEST if is_long else LONGEST_LABEL,
                        label=self._called(name),
                        widget=forms.Textarea({"rows": 2, **attributes}) if is_long else forms.TextInput(attributes),
                        validators=[_only_the_client],
                    )
        if self.question.kind in CHOICES:
            for number, option in enumerate(self.options):
                if option:
                    self.fields[f"option-{number}-place"] = forms.IntegerField(
                        label=_("place"), min_value=1, max_value=99, initial=number + 1
                    )
                    self.fields[f"option-{number}-gone"] = forms.BooleanField(label=_("remove"), required=False)

    def _stored(self) -> dict[str, object]:
        question = self.question
        initial: dict[str, object] = {"key": question.key, "is_required": question.is_required}
        for stored in question.conditions:
            name = f"answer-{stored['key']}" if stored["of"] == Subject.ANSWER else stored["of"]
            initial[name] = stored["values"]
        for locale, texts in question.wording.items():
            initial |= {f"{locale}:{name}": text for name, text in texts.items() if name != "options"}
            labels = texts.get("options", {})
            initial |= {f"{locale}:option-{n}": labels.get(o, "") for n, o in enumerate(self.options) if o}
        for locale in (code + form for code in SPOKEN for form in lint.FORMS if code + form not in question.wording):
            if not locale.endswith(INFORMAL):
                labels = usual_labels(question, locale)
                initial |= {f"{locale}:option-{n}": labels[o] for n, o in enumerate(self.options) if o in labels}
        return initial

    # --- What it says ------------------------------------------------------------------------------------------------

    def clean(self) -> dict:
        cleaned = super().clean()
        for locale in (code + form for code in SPOKEN for form in lint.FORMS):
            written = [name for name in self.changed_data if name.startswith(f"{locale}:") and cleaned.get(name)]
            if written and not cleaned.get(f"{locale}:ask"):
                sentence = _("Write the question in this language and form, too, or clear its other texts.")
                self.add_error(f"{locale}:ask", ValidationError(sentence))
        return cleaned

    def wish(self) -> Wish:
        """What the form says; of one that is not valid, what can be read of it."""
        given = self.cleaned_data
        options, named = self._wished_options(given)
        wording = {}
        for locale in (code + form for code in SPOKEN for form in lint.FORMS):
            texts = {
                name: given.get(f"{locale}:{name}", "") for name in self._names() if not name.startswith("option-")
            }
            labels = {option: given.get(f"{locale}:option-{number}", "") for number, option in named.items()}
            if texts.pop("ask"):
                wording[locale] = {
                    "ask": given[f"{locale}:ask"],
                    **{name: text for name, text in texts.items() if text},
                }
                if labels := {option: label for option, label in labels.items() if label}:
                    wording[locale]["options"] = labels
        return Wish(
            key=given.get("key") or self.question.key,
            wording=wording,
            options=options,
            conditions=self._wished_conditions(given),
            is_required=given.get("is_required", False),
        )

    def _wished_options(self, given: dict) -> tuple[list[str], dict[int, str]]:
        """The options in their order, and by the number of their row; new ones are named by their label."""
        if self.question.kind not in CHOICES:
            return [], dict(enumerate(self.options))
        named: dict[int, str] = {}
        for number, option in enumerate(self.options):
            labels = [given.get(f"{code}{form}:option-{number}") for code in self._codes() for form in lint.FORMS]
            label = next(filter(None, labels), "")
            if option and not given.get(f"option-{number}-gone"):
                named[number] = option
            elif not option and label:
                named[number] = _free(
                    slugify(label.translate(UMLAUTS))[:30] or "option", {*self.options, *named.values()}
                )
        order = sorted(named, key=lambda number: (given.get(f"option-{number}-place") or 100, number))
        return [named[number] for number in order], named

    def _codes(self) -> list[str]:
        """English first where it is written: keys are read by programs."""
        return sorted(SPOKEN, key=lambda code: code != "en")

    def _wished_conditions(self, given: dict) -> list[dict]:
        plain = [(Subject(name), "", given.get(name)) for name in ("group", "channel", "language", "segment")]
        answers = [(Subject.ANSWER, asked.key, given.get(f"answer-{asked.key}")) for asked in self.earlier]
        return [
            {"of": str(of), "values": list(values), **({"key": key} if key else {})}
            for of, key, values in (*plain, *answers)
            if values
        ]


def asked_in_words(question: Question) -> str:
    """The question as the client's language has it; its name where it has no text yet."""
    client = question.version.survey.client
    wished = (client.language, client.language + INFORMAL, *question.wording)
    ask = next(filter(None, (question.wording.get(locale, {}).get("ask") for locale in wished)), question.key)
    return ask.replace("{client}", client.name_in_sentence(client.language))


def _before(question: Question, questions: Sequence[Question]) -> list[Question]:
    """Those of earlier pages, and of this one, too: it can begin a new page. The score has its groups."""
    place = [asked.key for asked in questions].index(question.key)
    return [asked for asked in questions[:place] if asked.key != Question.SCORE]


def _label(question: Question, option: str) -> str:
    language = question.version.survey.client.language
    wished = (language, language + INFORMAL, *question.wording)
    labels = (question.wording.get(locale, {}).get("options", {}).get(option) for locale in wished)
    return next(filter(None, labels), option)


def _answer(asked: Question, answer: str) -> str:
    return answer if asked.is_scale else _label(asked, answer)


def _range(kind: str, group: Group) -> str:
    """“0–6”: the scores of a group."""
    first, middle, upper, last = SCALES[Survey.Kind(kind)]
    ranges = {Group.DETRACTOR: (first, middle - 1), Group.PASSIVE: (middle, upper - 1), Group.PROMOTER: (upper, last)}
    low, high = ranges[group]
    return f"{low}" if low == high else f"{low}–{high}"


def _only_the_client(text: str) -> None:
    if set("{}") & set(text.replace("{client}", "")):
        raise ValidationError(_("Only {client} is filled in. Leave other braces out."))


def _free(wished: str, taken: set[str]) -> str:
    return next(key for key in (wished, *(f"{wished}-{n}" for n in range(2, len(taken) + 3))) if key not in taken)


def page_of(question: Question, questions: Sequence[Question]) -> int:
    """The page that it stands on, from 1."""
    return next(n for n, page in enumerate(pages(questions), 1) if question.key in {asked.key for asked in page})
