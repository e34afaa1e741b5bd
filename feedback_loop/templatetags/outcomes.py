"""Initiatives and targets in words, for pages and mails."""

import datetime as dt

from django import template

from analytics import figures
from analytics.scores import Change
from feedback_loop import initiative_words, places, target_words
from feedback_loop.initiatives import Effect
from feedback_loop.measures import Figure
from feedback_loop.models import Initiative, Measured, Target
from feedback_loop.targets import Past, State

register = template.Library()


@register.filter
def advice(effect: Effect) -> str:
    return initiative_words.advice(effect.advice)


@register.filter
def reason(effect: Effect) -> str:
    return initiative_words.reason(effect)


@register.filter
def warnings(effect: Effect) -> list[str]:
    return initiative_words.warnings(effect)


@register.filter
def figure_name(of: Measured) -> str:
    return places.figure_name(of)


@register.filter
def value_of(figure: Figure, of: Measured) -> str:
    """The value alone; a dash where only the range may be told."""
    return places.written(of, figure.estimate.value) if figure.is_firm else figures.NO_DATA


@register.filter
def span_of(figure: Figure, of: Measured) -> str:
    return places.interval(of, figure.estimate.low, figure.estimate.high) if figure.estimate else figures.NO_DATA


@register.filter
def answers(figure: Figure) -> str:
    """How many stand behind it, where that may be told."""
    return figures.count(figure.n, places.language()) if figure.estimate else figures.NO_DATA


@register.filter
def days_of(figure: Figure) -> str:
    return figures.day_span(figure.period.first_on, figure.period.last_on, places.language())


@register.filter
def period_of(figure: Figure) -> str:
    return figures.period_name(figure.period, places.language())


@register.filter
def verdict_on(change: Change | None, of: Initiative) -> str:
    return initiative_words.verdict(of, change)


@register.filter
def change_of(change: Change | None) -> str:
    return places.points(change.difference) if change else figures.NO_DATA


@register.filter
def change_span(change: Change | None) -> str:
    return places.change_interval(change.low, change.high) if change else figures.NO_DATA


@register.filter
def written_day(day: dt.date) -> str:
    return f"{figures.date_short(day, places.language())} {day.year}"


@register.filter
def target_name(target: Target) -> str:
    return target_words.name(target)


@register.filter
def standing(state: State) -> str:
    return target_words.standing(state)


@register.filter
def verdict(state: State) -> str:
    return target_words.verdict(state.verdict)


@register.filter
def ended(past: Past) -> str:
    return target_words.verdict(past.verdict)


@register.filter
def agreement(past: Past) -> str:
    return target_words.agreement(past)


@register.filter
def chance(value: float | None) -> str:
    return target_words.chance(value)
