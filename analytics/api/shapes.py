"""How a frozen dataclass is told as JSON and described in the schema: its fields by their types, its docstring as text.

So a figure has one definition for pages and programs. Floats are told unrounded, never as minus zero; beside an
estimate stands what pages print, rounded once, half away from zero, in the language asked for. Where fewer than ten
answers stand behind an estimate, its interval is told and no value.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from django.db.models import Model
from django.utils.translation import get_language
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from .. import figures
from ..honesty.exclusions import WithAndWithout
from ..honesty.reconciliation import Comparison, Line
from ..periods import Period
from ..queries import Funnel
from ..scores import VALUE_FROM, Change, Estimate


class Unrounded(serializers.FloatField):
    """Never minus zero."""

    def to_representation(self, value: float) -> float:
        return float(value) + 0.0


@extend_schema_field(OpenApiTypes.STR)
class PeriodField(serializers.Field):
    def to_representation(self, value: Period) -> str:
        return value.text


@extend_schema_field(OpenApiTypes.INT)
class KeyField(serializers.Field):
    def to_representation(self, value: Model) -> int:
        return value.pk


class NumbersField(serializers.DictField):
    """Pairs of a name and a number."""

    child = serializers.IntegerField()

    def to_representation(self, value: Mapping[str, int] | Sequence[tuple[str, int]]) -> dict[str, int]:
        return {str(name): number for name, number in dict(value).items()}


class EstimateSerializer(serializers.Serializer):
    """A figure with its 95 % interval, unrounded, and as pages print it.

    Pages round once, half away from zero. Fewer than ten answers allow no value, only the interval.
    """

    value = Unrounded(allow_null=True)
    low = Unrounded(help_text="Lower end of the 95 % interval.")
    high = Unrounded(help_text="Upper end of the 95 % interval.")
    n = serializers.IntegerField(help_text="How many stand behind it.")
    printed = serializers.CharField(help_text="The value as pages print it; – for none.")
    printed_interval = serializers.CharField()

    def to_representation(self, estimate: Estimate) -> dict:
        unit, language = self.context.get("unit", "percent"), get_language() or "en"
        write = figures.percent if unit == "percent" else figures.points
        value = estimate.value if estimate.n >= VALUE_FROM else None
        return {
            "value": None if value is None else value + 0.0,
            "low": estimate.low + 0.0,
            "high": estimate.high + 0.0,
            "n": estimate.n,
            "printed": write(value, language=language),
            "printed_interval": figures.interval(estimate, unit, language),
        }


class ChangeSerializer(serializers.Serializer):
    """After minus before, in points. Only the verdict, which is the test's, allows the words up and down.

    The difference is that of the printed scores; interval, z and p are of the adjusted ones.
    """

    difference = Unrounded()
    low = Unrounded()
    high = Unrounded()
    z = Unrounded()
    p = Unrounded()
    verdict = serializers.CharField(help_text="“higher”, “lower” or “no_clear_change”.")
    printed = serializers.SerializerMethodField(help_text="The difference as pages print it.")

    def get_printed(self, change: Change) -> str:
        return figures.points(change.difference, sign=True, language=get_language() or "en")


# Properties that are told like fields, and fields that are not: numbers of a group that may be a small one.
_ALSO = {
    Funnel: ("coverage", "response_rate"),
    Comparison: ("reported", "received", "missing", "surplus", "missing_rate"),
    Line: ("missing", "surplus"),
}
_NOT = {WithAndWithout: ("groups", "groups_with")}
_OWN = {Estimate: EstimateSerializer, Change: ChangeSerializer}
_PLAIN = {
    bool: serializers.BooleanField,
    int: serializers.IntegerField,
    float: Unrounded,
    str: serializers.CharField,
    dt.date: serializers.DateField,
    dt.datetime: serializers.DateTimeField,
    Period: PeriodField,
}


@cache
def shape(kind: type) -> type[serializers.Serializer]:
    """The serializer of a dataclass. Named after it, and after its module where the name alone would say too little."""
    if kind in _OWN:
        return _OWN[kind]
    hints = get_type_hints(kind)
    shown = {field.name: _field(hints[field.name]) for field in fields(kind) if field.name not in _NOT.get(kind, ())}
    shown |= {name: _field(get_type_hints(getattr(kind, name).fget)["return"]) for name in _ALSO.get(kind, ())}
    room = kind.__module__.rpartition(".")[2].title().replace("_", "")
    return type(f"{room}{kind.__name__}Serializer", (serializers.Serializer,), {"__doc__": kind.__doc__, **shown})


def told(figure: Any, unit: figures.Unit = "percent") -> dict:
    """A dataclass as JSON."""
    return shape(type(figure))(figure, context={"unit": unit}).data


def _field(hint: Any, **options) -> serializers.Field:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        (inner,) = (part for part in parts if part is not NoneType)
        return _field(inner, allow_null=True)
    if origin is tuple:
        return _list(parts[0], **options)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return NumbersField(**options) if parts[1] is int else serializers.DictField(child=_field(parts[1]), **options)
    if hint in _PLAIN:
        return _PLAIN[hint](**options)
    if is_dataclass(hint):
        return shape(hint)(**options)
    if issubclass(hint, Enum):
        said = f"One of: {', '.join(one.value for one in hint)}."
        return serializers.CharField(help_text=said, **options)
    return KeyField(**options)  # of a row


def _list(hint: Any, **options) -> serializers.Field:
    if get_origin(hint) is tuple and get_args(hint) == (str, int):
        return NumbersField(**options)
    if is_dataclass(hint) and hint not in _PLAIN:
        return shape(hint)(many=True, **options)
    return serializers.ListField(child=_field(hint), **options)
