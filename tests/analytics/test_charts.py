"""Charts as they are delivered: markup for a strict policy, pictures of the right size, sentences with every value."""

import re
import struct
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from analytics import charts, figures
from analytics.charts import TrendPoint, trend
from analytics.periods import containing, run_back
from analytics.scores import nps, share

TITLE = "NPS je Monat"
HALF_A_YEAR = [(220, 150, 105), (230, 160, 110), (225, 150, 108), (240, 150, 104), (240, 155, 100), (261, 149, 102)]
TAG = "{http://www.w3.org/2000/svg}"


def _months(estimates, language="de"):
    months = run_back(containing(datetime(2026, 10, 9, tzinfo=UTC), "month", "Europe/Berlin"), len(estimates))
    pairs = zip(months, estimates, strict=True)
    return [TrendPoint(figures.month_short(month.first_on, language), month, estimate) for month, estimate in pairs]


def _chart(estimates=None, language="de", **options):
    estimates = estimates or [nps(*groups) for groups in HALF_A_YEAR]
    return trend(_months(estimates, language), language=language, **{"title": TITLE, **options})


def _paths(svg: str, **attributes: str) -> list[ElementTree.Element]:
    found = ElementTree.fromstring(svg).iter(f"{TAG}path")
    return [path for path in found if all(path.get(name) == value for name, value in attributes.items())]


def _places(path: ElementTree.Element) -> list[float]:
    """Where, from left to right, a path has its corners."""
    return [float(x) for x in re.findall(r"[ML]([\d.]+),", path.get("d"))]


def _texts(svg: str) -> list[str]:
    return [text.text for text in ElementTree.fromstring(svg).iter(f"{TAG}text")]


def test_a_page_gets_markup_that_a_strict_policy_lets_through():
    svg = _chart().svg()
    elements = list(ElementTree.fromstring(svg).iter())
    assert {element.tag.removeprefix(TAG) for element in elements} == {"svg", "g", "rect", "path", "line", "text"}
    named = {name for element in elements for name in element.attrib}
    assert {name for name in named if name in ("style", "class", "id", "href") or name.startswith("on")} == set()


def test_a_page_gets_one_picture_as_wide_as_its_place_with_its_sentence():
    chart = _chart()
    root = ElementTree.fromstring(chart.svg())
    assert root.attrib == {
        "viewBox": "0 0 536 300",
        "width": "100%",
        "role": "img",
        "aria-label": chart.description(),
    }


def test_every_colour_on_a_page_is_a_role_so_that_dark_mode_works():
    svg = _chart().svg()
    painted = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg)) - {"none"}
    roles = {"paper", "ink", "ink-3", "chart-line", "chart-band", "chart-band-edge", "chart-grid", "chart-zero"}
    assert painted == {f"var(--nk-{role})" for role in roles}


def test_few_labels_are_drawn_and_the_last_value_with_them():
    texts = _texts(_chart().svg())
    assert [text for text in texts if text not in ("0", "20", "40")] == ["31", "31", "Jun", "Aug", "Okt", "2026"]


def test_a_year_of_months_names_every_third_and_the_year_where_it_begins():
    texts = _texts(_chart([nps(*groups) for groups in HALF_A_YEAR * 2], language="en").svg())
    assert texts[-5:] == ["Jan", "Apr", "Jul", "Oct", "2026"]


def test_the_picture_of_a_mail_is_twice_536_by_300():
    png = _chart().png()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png[16:24]) == (1072, 600)


def test_the_picture_of_a_mail_has_values_for_every_colour():
    specification = charts._in_light_colours(_chart().specification)
    assert "var(" not in specification
    colours = {"#fcfbf9", "#1d1b19", "#69645c", "#dce3e8", "#9fb0bd", "#e9e6e0", "#514d47"}
    assert set(re.findall(r"#[0-9a-f]{6}", specification)) == colours


def test_the_same_figures_give_the_same_bytes():
    assert _chart().svg() == _chart().svg()
    assert _chart().png() == _chart().png()


def test_a_gap_in_the_answers_is_a_gap_in_line_and_band():
    estimates = [nps(*groups) for groups in HALF_A_YEAR]
    whole = _paths(_chart(estimates).svg(), stroke="var(--nk-chart-line)")
    assert [len(_places(line)) for line in whole] == [6]
    estimates[2] = None
    svg = _chart(estimates).svg()
    for painted in ({"stroke": "var(--nk-chart-line)"}, {"fill": "var(--nk-chart-band)"}):
        before, after = _paths(svg, **painted)
        assert max(_places(before)) < _places(whole[0])[2] < min(_places(after))


def test_a_value_between_two_gaps_keeps_its_interval():
    first, *_, last = (nps(*groups) for groups in HALF_A_YEAR)
    svg = _chart([first, None, last, None]).svg()
    bars = _paths(svg, fill="var(--nk-chart-band)", stroke="var(--nk-chart-band-edge)")
    assert len(bars) == 2
    assert [len(_places(line)) for line in _paths(svg, stroke="var(--nk-chart-line)")] == [1, 1]


def test_the_last_value_is_the_last_there_is():
    texts = _texts(_chart([nps(20, 10, 5), nps(4, 5, 21), None]).svg())
    assert texts[-6:-4] == ["\u221257", "\u221257"]
    assert sorted(texts[-4:]) == ["2026", "Aug", "Okt", "Sep"]


def test_zero_is_always_on_the_axis():
    for estimates in ([nps(90, 5, 5)] * 3, [nps(5, 5, 90)] * 3):
        assert "0" in _texts(_chart(estimates).svg())
    shares = [share(90, 100)] * 3
    assert _texts(_chart(shares, unit="percent").svg())[:5] == [
        "0\u00a0%",
        "25\u00a0%",
        "50\u00a0%",
        "75\u00a0%",
        "100\u00a0%",
    ]


def test_the_description_names_every_value_and_the_interval_of_the_last():
    estimates = [nps(220, 150, 105), None, nps(261, 149, 102)]
    assert _chart(estimates).description() == (
        "NPS je Monat, 1. August bis 31. Oktober 2026: "
        "August: 24, September: zu wenige Antworten, Oktober: 31 (24 bis 38)."
    )
    assert _chart(estimates, language="en", title="NPS per month").description() == (
        "NPS per month, 1 August to 31 October 2026: August: 24, September: too few answers, October: 31 (24 to 38)."
    )


def test_weeks_are_described_by_their_numbers():
    weeks = run_back(containing(datetime(2026, 11, 4, tzinfo=UTC), "week", "Europe/Berlin"), 2)
    points = [TrendPoint(figures.week_number(week.first_on), week, share(41, 50)) for week in weeks]
    chart = trend(points, language="de", unit="percent", title="CSAT je Woche")
    assert chart.description() == (
        "CSAT je Woche, 26. Oktober bis 8. November 2026: KW 44: 82\u00a0%, KW 45: 82\u00a0% (69\u00a0% bis 90\u00a0%)."
    )


def test_words_from_outside_stay_words():
    points = [TrendPoint('<b onclick="x()">', point.period, point.estimate) for point in _months([nps(5, 2, 1)] * 2)]
    svg = trend(points, language="de", title='"><script>alert(1)</script>').svg()
    assert ElementTree.fromstring(svg).get("aria-label").startswith('"><script>alert(1)</script>, ')
    assert _texts(svg).count('<b onclick="x()">') == 2
    assert "<script" not in svg and "<b" not in svg


def test_without_any_estimate_there_is_no_empty_chart():
    with pytest.raises(ValueError, match="nothing to draw"):
        _chart([None, None])
