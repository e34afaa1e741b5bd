"""What a digest shows, as finished strings and positions: the parts of a report, for mail, text part and page alike."""

from dataclasses import dataclass

from analytics import figures
from analytics.figures import Unit
from analytics.scores import Estimate

SCALES: dict[Unit, tuple[int, int]] = {"points": (-100, 100), "percent": (0, 100)}


def written(value: float, unit: Unit, language: str, digits: int = 0) -> str:
    """A score in its unit: 31, 82 %."""
    return (figures.percent if unit == "percent" else figures.points)(value, digits, language=language)


@dataclass(frozen=True)
class Ruler:
    """Positions on the whole scale, as SVG lengths."""

    zero: str
    low: str
    high: str
    dot: str
    first: str
    last: str

    @classmethod
    def of(cls, estimate: Estimate, unit: Unit, language: str) -> "Ruler":
        first, last = SCALES[unit]
        at = [
            f"{100 * (value - first) / (last - first):.1f}%"
            for value in (0, estimate.low, estimate.high, estimate.value)
        ]
        return cls(*at, first=figures.points(first, language=language), last=written(last, unit, language))


@dataclass(frozen=True)
class FigureText:
    """Number, interval, verdict, evidence; `missing` says why there is no number, `beside` what was not counted."""

    name: str
    short: str
    value: str
    interval: str
    evidence: str
    verdict: str
    before: str
    missing: str
    beside: str
    ruler: Ruler | None

    def summary(self) -> str:
        """One line for previews and the text part: NPS 31 (24 bis 38), n = 512."""
        if self.missing:
            return f"{self.short} {figures.NO_DATA} ({self.missing})"
        number = f"{self.value} ({self.interval})" if self.value else self.interval
        return f"{self.short} {number}, {self.evidence}"


@dataclass(frozen=True)
class Rates:
    """Rates that count everyone have no interval; `…_bar` is a width, empty where there is no rate."""

    response_rate: str
    response_evidence: str
    response_bar: str
    coverage: str
    coverage_evidence: str
    coverage_bar: str
    by_kind: str
    losses: str


@dataclass(frozen=True)
class TrendRow:
    name: str
    value: str
    low: str
    high: str
    n: str


@dataclass(frozen=True)
class BadNews:
    title: str
    rows: list[tuple[str, str]]


@dataclass(frozen=True)
class Segment:
    """A piece of a bar: CSS name of its sentiment, start and width in percent."""

    sentiment: str
    start: str
    width: str


def bar(mentions: dict[str, int]) -> list[Segment]:
    """Pieces in whole percent of the bar; the last one takes what rounding left."""
    kinds = [(kind, mentions[kind]) for kind in ("negative", "neutral", "positive") if mentions[kind]]
    total, start, pieces = sum(number for _kind, number in kinds), 0, []
    for place, (kind, number) in enumerate(kinds, 1):
        width = 100 - start if place == len(kinds) else round(100 * number / total)
        pieces.append(Segment(kind, f"{start}%", f"{width}%"))
        start += width
    return pieces


@dataclass(frozen=True)
class ThemeText:
    name: str
    side: str
    before: str
    share: str
    interval: str
    negative: str
    neutral: str
    positive: str
    bar: list[Segment]


@dataclass(frozen=True)
class ThemeGroup:
    title: str
    themes: list[ThemeText]


@dataclass(frozen=True)
class VoiceText:
    """`parts` are (words, was it redacted) in order; `language` is that of the comment."""

    group: str
    score: int
    parts: list[tuple[str, bool]]
    about: str
    language: str

    def plain(self) -> str:
        return "".join(f"[{words}]" if is_redacted else words for words, is_redacted in self.parts)


@dataclass(frozen=True)
class Report:
    """Everything a digest shows, in order."""

    client: str
    title: str
    span: str
    opening: str
    preview: str
    scores: list[FigureText]
    rates: Rates
    trend_title: str
    trend_description: str
    trend_rows: list[TrendRow]
    detectable: str
    bad_news: list[BadNews]
    themes_intro: str
    theme_groups: list[ThemeGroup]
    themes_outro: str
    voices: list[VoiceText]
    cases: list[str]
    cases_promised: str
    method: str
    provider: str
    rhythm: str


def width(rate: float | None) -> str:
    """Of a bar: “16.3%”, as SVG and HTML want it; empty without a rate."""
    return "" if rate is None else f"{rate:.1f}%"
