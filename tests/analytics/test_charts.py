"""Charts as they are delivered: markup for a strict policy, pictures of the right size, sentences with every value."""

import re
import struct
from datetime import UTC, date, datetime
from xml.etree import ElementTree

import pytest

from analytics import figures
from analytics.charts import (
    Break,
    Event,
    Loss,
    Step,
    TrendPoint,
    WhiskerRow,
    Words,
    distribution,
    funnel,
    small_trend,
    trend,
    whiskers,
)
from analytics.periods import containing, run_back
from analytics.scores import Estimate, nps, share

TITLE = "NPS je Monat"
HALF_A_YEAR = [(220, 150, 105), (230, 160, 110), (225, 150, 108), (240, 150, 104), (240, 155, 100), (261, 149, 102)]
TAG = "{http://www.w3.org/2000/svg}"


def _months(estimates, language="de"):
    months = run_back(containing(datetime(2026, 10, 9, tzinfo=UTC), "month", "Europe/Berlin"), len(estimates))
    pairs = zip(months, estimates, strict=True)
    return [TrendPoint(figures.month_short(month.first_on, language), month, estimate) for month, estimate in pairs]


def _leading(points):
    return [TrendPoint(p.label, p.period, p.estimate, f"/answers/?period={p.period.text}") for p in points]


def _chart(estimates=None, language="de", **options):
    estimates = estimates or [nps(*groups) for groups in HALF_A_YEAR]
    return trend(_months(estimates, language), language=language, **{"title": TITLE, **options})


def _root(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))


def _all(svg: str, tag: str, **attributes: str) -> list[ElementTree.Element]:
    return [
        e for e in _root(svg).iter(f"{TAG}{tag}") if all(e.get(name) == value for name, value in attributes.items())
    ]


def _lines(svg: str) -> list[list[float]]:
    """Where, from left to right, each drawn line has its corners, in thousandths of the width."""
    found = _all(svg, "polyline", stroke="var(--nk-chart-line)")
    return [[float(point.split(",")[0]) for point in line.get("points").split()] for line in found]


def _texts(svg: str) -> list[str]:
    return [text.text for text in _root(svg).iter(f"{TAG}text")]


def test_a_page_gets_markup_that_a_strict_policy_lets_through():
    for svg in (_chart().svg(), trend(_leading(_months([nps(220, 150, 105)] * 3)), language="de", title=TITLE).svg()):
        named = {name for element in _root(svg).iter() for name in element.attrib}
        assert {name for name in named if name in ("style", "id") or name.startswith("on")} == set()
        assert {e.tag.removeprefix(TAG) for e in _root(svg).iter()} & {"style", "script", "foreignObject"} == set()


def test_a_page_gets_one_picture_as_wide_as_its_place_with_its_sentence():
    chart = _chart()
    assert _root(chart.svg()).attrib == {
        "class": "chart",
        "height": "300",
        "role": "img",
        "aria-label": chart.description(),
    }


def test_a_picture_full_of_links_is_hidden_from_those_who_find_them_in_the_table():
    chart = trend(_leading(_months([nps(*groups) for groups in HALF_A_YEAR])), language="de", title=TITLE)
    root = _root(chart.svg())
    assert (root.get("aria-hidden"), root.get("role")) == ("true", None)
    links = _all(chart.svg(), "a")
    assert [link.get("href") for link in links] == [row.href for row in chart.table.rows]
    assert {link.get("tabindex") for link in links} == {"-1"}
    assert links[-1].find(f"{TAG}title").text == "Oktober 2026: 31 (24 bis 38), n\u00a0=\u00a0512"


def test_type_keeps_its_size_at_every_width():
    """Places across are shares of the width, never of a picture that shrinks."""
    svg = _chart().svg()
    assert "viewBox" not in _root(svg).attrib and "font-size" not in svg
    assert {text.get("x")[-1] for text in _all(svg, "text")} <= {"%", "0"}


def test_every_colour_on_a_page_is_a_role_so_that_dark_mode_works():
    svg = _chart().svg()
    painted = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg)) - {"none"}
    roles = {"paper", "ink", "ink-3", "chart-line", "chart-band", "chart-band-edge", "chart-grid", "chart-zero"}
    assert painted == {f"var(--nk-{role})" for role in roles}


def test_few_labels_are_left_where_it_is_narrow_and_the_last_value_is_drawn():
    svg = _chart().svg()
    everywhere = [text.text for text in _all(svg, "text") if text.get("class") is None]
    assert [text for text in everywhere if text not in ("0", "20", "40")] == ["Jun", "Aug", "Okt", "31"]
    assert [text.text for text in _all(svg, "text", **{"class": "only-wide"})] == ["Mai", "Jul", "Sep", "2026"]
    assert [text.text for text in _all(svg, "text", **{"class": "only-narrow"})] == ["2026"]


def test_a_year_of_months_names_the_year_where_it_begins():
    svg = _chart([nps(*groups) for groups in HALF_A_YEAR * 2], language="en").svg()
    years = [
        (text.text, text.get("x")) for text in _all(svg, "text") if text.text.startswith("20") and len(text.text) == 4
    ]
    assert [year for year, _x in years] == ["2025", "2026"]


def test_the_picture_of_a_mail_is_twice_536_by_300():
    png = _chart().png()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png[16:24]) == (1072, 600)


def test_paper_gets_a_page_of_the_same_drawing():
    assert _chart().pdf()[:5] == b"%PDF-"


def test_a_picture_has_values_for_every_colour_and_no_links():
    fixed = trend(
        _leading(_months([nps(*groups) for groups in HALF_A_YEAR])), language="de", title=TITLE
    ).drawing.fixed()
    assert "var(" not in fixed and "<a " not in fixed and "transparent" not in fixed
    colours = {"#fcfbf9", "#1d1b19", "#69645c", "#dce3e8", "#9fb0bd", "#e9e6e0", "#514d47"}
    assert set(re.findall(r"#[0-9a-f]{6}", fixed)) == colours


def test_the_same_figures_give_the_same_bytes():
    assert _chart().svg() == _chart().svg()
    assert _chart().png() == _chart().png()


def test_a_gap_in_the_answers_is_a_gap_in_line_and_band():
    estimates = [nps(*groups) for groups in HALF_A_YEAR]
    (whole,) = _lines(_chart(estimates).svg())
    assert len(whole) == 6
    estimates[2] = None
    before, after = _lines(_chart(estimates).svg())
    assert max(before) < whole[2] < min(after)
    assert len(_all(_chart(estimates).svg(), "polygon", fill="var(--nk-chart-band)")) == 2


def test_a_value_between_two_gaps_keeps_its_interval():
    first, *_, last = (nps(*groups) for groups in HALF_A_YEAR)
    svg = _chart([first, None, last, None]).svg()
    assert len(_all(svg, "rect", fill="var(--nk-chart-band)")) == 2
    assert _lines(svg) == []


def test_under_ten_answers_there_is_a_range_and_no_dot():
    svg = _chart([nps(20, 10, 5), nps(4, 2, 1), nps(20, 10, 5)]).svg()
    assert len(_all(svg, "circle")) == 2
    assert len(_all(svg, "line", stroke="var(--nk-passive)")) == 1
    assert _chart([nps(20, 10, 5), nps(4, 2, 1), nps(20, 10, 5)]).table.rows[1].cells[1] == figures.NO_DATA


def test_no_line_and_no_band_lead_across_a_series_break():
    chart = trend(
        _months([nps(*groups) for groups in HALF_A_YEAR]),
        language="de",
        title=TITLE,
        breaks=[Break(date(2026, 8, 1), "Neuer Wortlaut")],
    )
    assert [len(line) for line in _lines(chart.svg())] == [3, 3]
    assert "Neuer Wortlaut" in _texts(chart.svg())
    (line,) = _all(chart.svg(), "line", stroke="var(--nk-chart-break)")
    first, second = _lines(chart.svg())
    assert max(first) < 10 * float(line.get("x1").rstrip("%")) < min(second)


def test_a_break_and_an_initiative_outside_the_trend_are_not_drawn():
    outside = date(2020, 1, 1)
    plain = trend(_months([nps(5, 2, 4)] * 3), language="de", title=TITLE)
    marked = trend(
        _months([nps(5, 2, 4)] * 3),
        language="de",
        title=TITLE,
        breaks=[Break(outside, "x")],
        events=[Event(outside, "y")],
    )
    assert plain.svg() == marked.svg()


def test_an_initiative_is_marked_with_its_name_and_its_run_in():
    chart = trend(
        _months([nps(*groups) for groups in HALF_A_YEAR]),
        language="de",
        title=TITLE,
        events=[Event(date(2026, 7, 1), "Rückruf-Zusage", date(2026, 8, 1))],
        target=30,
    )
    svg = chart.svg()
    (line,), (run_in,) = (
        _all(svg, "line", stroke="var(--nk-chart-event)", **{"stroke-width": "2"}),
        _all(svg, "rect", fill="var(--nk-chart-event-wash)"),
    )
    assert line.get("x1") == run_in.get("x") and "Rückruf-Zusage" in _texts(svg)
    assert "Ziel 30" in _texts(svg)


def test_the_last_value_is_the_last_there_is():
    svg = _chart([nps(20, 10, 5), nps(4, 5, 21), None]).svg()
    assert _texts(svg)[-1] == "\u221257"


def test_zero_is_always_on_the_axis():
    for estimates in ([nps(90, 5, 5)] * 3, [nps(5, 5, 90)] * 3):
        assert "0" in _texts(_chart(estimates).svg())
    shares = [share(90, 100)] * 3
    percents = [text for text in _texts(_chart(shares, unit="percent").svg()) if text.endswith("%")]
    assert percents == ["0\u00a0%", "25\u00a0%", "50\u00a0%", "75\u00a0%", "100\u00a0%", "90\u00a0%"]


def test_a_small_trend_has_no_words_and_needs_two_values():
    assert small_trend(_months([nps(20, 10, 5), None]), unit="points") is None
    drawing = small_trend(_months([nps(20, 10, 5)] * 3), unit="points")
    assert _texts(drawing.fluid()) == [] and len(_lines(drawing.fluid())) == 1


def test_the_description_names_every_value_and_the_interval_of_the_last():
    estimates = [nps(220, 150, 105), None, nps(261, 149, 102)]
    assert _chart(estimates).description() == (
        "NPS je Monat, 1. August bis 31. Oktober 2026: "
        "August: 24, September: zu wenige Antworten, Oktober: 31 (24 bis 38)."
    )
    assert _chart(estimates, language="en", title="NPS per month").description() == (
        "NPS per month, 1 August to 31 October 2026: August: 24, September: too few answers, October: 31 (24 to 38)."
    )


def test_the_table_says_what_the_picture_shows():
    table = _chart([nps(220, 150, 105), None, nps(261, 149, 102)], language="en").table
    assert [row.cells for row in table.rows] == [
        ("August 2026", "24.2", "17.0", "31.1", "475"),
        ("September 2026", "–", "–", "–", "–"),
        ("October 2026", "31.1", "24.1", "37.6", "512"),
    ]


def test_weeks_are_described_by_their_numbers():
    weeks = run_back(containing(datetime(2026, 11, 4, tzinfo=UTC), "week", "Europe/Berlin"), 2)
    points = [TrendPoint(figures.week_number(week.first_on), week, share(41, 50)) for week in weeks]
    chart = trend(points, language="de", unit="percent", title="CSAT je Woche")
    assert chart.description() == (
        "CSAT je Woche, 26. Oktober bis 8. November 2026: KW 44: 82\u00a0%, KW 45: 82\u00a0% (69\u00a0% bis 90\u00a0%)."
    )


def test_words_from_outside_stay_words():
    evil = '"><script>alert(1)</script>'
    points = [TrendPoint('<b onclick="x()">', p.period, p.estimate, f"/?{evil}") for p in _months([nps(5, 2, 4)] * 2)]
    for chart in (
        trend(points, language="de", title=evil, events=[Event(date(2026, 10, 1), evil)]),
        whiskers([WhiskerRow(evil, evil, nps(20, 10, 5), f"/?{evil}")], language="de", title=evil, head=evil),
        funnel([Step(evil, 5, evil, Loss(Words(evil)))], language="de", title=evil, heads=("a", "b", "c")),
    ):
        for svg in (chart.svg(), chart.drawing.fixed(), *(piece.svg for piece in chart.pieces)):
            _root(svg) if "xmlns" not in svg else ElementTree.fromstring(svg)
            assert "<script" not in svg and "<b" not in svg


def test_bars_stand_on_zero_and_lead_to_their_answers():
    chart = distribution(
        {1: 0, 2: 5, 3: 10}, {1: "detractor", 2: "passive", 3: "promoter"}, language="en", title="Answers by score",
        hrefs={score: f"/?score={score}" for score in (1, 2, 3)},
    )  # fmt: skip
    bars = [_all(chart.svg(), "rect", fill=f"var(--nk-{group})")[0] for group in ("detractor", "passive", "promoter")]
    assert [float(bar.get("height")) for bar in bars] == [0, 75, 150]
    assert {float(bar.get("y")) + float(bar.get("height")) for bar in bars} == {176}
    assert [link.get("href") for link in _all(chart.svg(), "a")] == ["/?score=2", "/?score=3"]
    assert [row.cells for row in chart.table.rows] == [("1", "0", "0.0%"), ("2", "5", "33.3%"), ("3", "10", "66.7%")]


def test_an_effect_lies_around_zero_with_its_sign_and_a_thin_one_is_a_range():
    rows = [WhiskerRow("Waiting", "n = 89", Estimate(-15.8, -18.6, -12.9, 89)),
            WhiskerRow("Contract", "n = 7", Estimate(-0.8, -1.5, 0.2, 7))]  # fmt: skip
    chart = whiskers(rows, language="en", title="Effect", head="Theme", is_effect=True, ends=("lowers", "raises"))
    first, second = chart.pieces
    assert (first.value, first.interval, first.is_thin) == ("\u221215.8", "\u221218.6 to \u221212.9", False)
    assert (second.value, second.interval, second.is_thin) == ("", "\u22121.5 to +0.2", True)
    assert [len(_all(piece.svg, "circle")) for piece in chart.pieces] == [1, 0]
    assert _texts(chart.axis_svg) == ["lowers", "0", "raises"]
    assert chart.png()[:4] == b"\x89PNG"


def test_a_funnel_is_on_one_scale_and_says_its_losses():
    steps = [
        Step("Eligible", 200),
        Step("Asked", 50, "coverage 25%", Loss(Words("− 150 not asked"))),
        Step("Answered", 10),
    ]
    chart = funnel(steps, language="en", title="Funnel", heads=("Step", "Number", "Loss"))
    bars = [_all(piece.svg, "rect", fill="var(--nk-chart-bar)")[0].get("width") for piece in chart.pieces]
    assert bars == ["100%", "25%", "5%"]
    assert [row.cells for row in chart.table.rows] == [
        ("Eligible", "200", "–"), ("Asked", "50", "\u2212150"), ("Answered", "10", "\u221240")
    ]  # fmt: skip
    with pytest.raises(ValueError, match="nobody was eligible"):
        funnel([Step("Eligible", 0)], language="en", title="Funnel", heads=("a", "b", "c"))


def test_without_any_estimate_there_is_no_empty_chart():
    with pytest.raises(ValueError, match="nothing to draw"):
        _chart([None, None])
