"""Charts: what they draw, what they leave open, that they are safe, small and the same each time."""

import datetime as dt
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitoyen.www.charts import Bar, Event, Stretch, Table, interval_bar, monthly_bars, sparkline, time_series
from mitoyen.www.charts_frame import month_marks, ticks


def _drawings(figure):
    return [ElementTree.fromstring(drawn) for drawn in re.findall(r"<svg.*?</svg>", figure, re.S)]


def _days(count, start="2024-01-01"):
    return np.datetime64(start) + np.arange(count)


def test_a_series_is_one_line_in_two_widths_with_its_title_and_table():
    figure = time_series(
        "Gaz : 12 % de moins", _days(60), np.arange(60.0), unit="kWh", table=Table(("Mois",), [("mai",)])
    )
    assert "<figcaption>Gaz : 12 % de moins</figcaption>" in figure
    assert "<details>" in figure
    wide, narrow = _drawings(figure)
    for drawing in (wide, narrow):
        assert len(drawing.findall("polyline[@class='c-line']")) == 1
        assert drawing.get("role") == "img"
        assert drawing.get("aria-label") == "Gaz : 12 % de moins"
    assert float(wide.get("width")) > float(narrow.get("width"))


def test_a_gap_is_left_open_and_shaded_and_said():
    values = np.arange(100.0)
    values[40:60] = np.nan
    (wide, _narrow) = _drawings(time_series("t", _days(100), values, unit="kWh"))
    assert len(wide.findall("polyline[@class='c-line']")) == 2
    assert len(wide.findall("rect[@class='c-gap']")) == 1
    assert any(text.get("class") == "c-brique" for text in wide.findall("text"))


def test_days_that_are_no_part_of_the_comparison_are_no_gap():
    values = np.arange(100.0)
    values[40:60] = np.nan
    besides = [Stretch(dt.date(2024, 2, 10), dt.date(2024, 2, 29), "hors comparaison")]
    (wide, _narrow) = _drawings(time_series("t", _days(100), values, unit="kWh", besides=besides))
    assert wide.findall("rect[@class='c-gap']") == []
    assert "hors comparaison" in [text.text for text in wide.findall("text")]


def test_the_expectation_is_a_band_around_a_dashed_line():
    level = np.full(30, 10.0)
    figure = time_series("t", _days(30), level, unit="kWh", expected=level + 1, low=level, high=level + 2)
    (wide, _narrow) = _drawings(figure)
    assert len(wide.findall("polygon[@class='c-band']")) == 1
    assert len(wide.findall("polyline[@class='c-expected']")) == 1


def test_nothing_below_zero_is_shown_where_nothing_was_read_below_zero():
    values = np.array([3.0, 0.0, 1.0])
    shown = time_series("t", _days(3), values, unit="kWh", expected=values, low=values - 2, high=values + 2)
    assert "−" not in shown
    assert "−" in time_series("t", _days(3), values - 1, unit="°C")


def test_the_evidence_is_shaded_where_it_is_and_labelled_once():
    hours = np.datetime64("2024-03-04", "h") + np.arange(48)
    closed = [Stretch(hours[0], hours[7], "fermé"), Stretch(hours[20], hours[31], "fermé")]
    for drawing in _drawings(time_series("t", hours, np.ones(48), unit="kWh", marked=closed)):
        assert len(drawing.findall("rect[@class='c-gap']")) == 2
        texts = [text.text for text in drawing.findall("text")]
        assert texts.count("fermé") == 1
        assert {"lun", "mar"} <= set(texts)


def test_an_expectation_that_is_nowhere_is_not_labelled():
    nothing = np.full(30, np.nan)
    figure = time_series("t", _days(30), np.ones(30), unit="kWh", expected=nothing, expected_label="attendu")
    assert "attendu" not in figure


def test_an_event_stands_where_it_happened_and_nowhere_outside():
    events = [Event(dt.date(2024, 1, 11), "Isolation"), Event(dt.date(2020, 1, 1), "Avant")]
    (wide, _narrow) = _drawings(time_series("t", _days(21), np.ones(21), unit="kWh", events=events))
    (line,) = wide.findall("path[@class='c-event']")
    middle = (56 + (760 - 128)) / 2
    assert line.get("d").startswith(f"M{middle:.1f} ")
    texts = [text.text for text in wide.findall("text")]
    assert "Isolation" in texts
    assert "Avant" not in texts


@pytest.mark.parametrize("day", [1, 40, 100, 160, 199])
def test_an_event_s_label_stays_in_the_plot_however_long(day):
    events = [Event(dt.date(2024, 1, 1) + dt.timedelta(days=day), "Réglage du chauffage et ralenti de nuit, deux fois")]
    for drawing in _drawings(time_series("t", _days(200), np.ones(200), unit="kWh", events=events)):
        (label,) = drawing.findall("text[@class='c-strong c-halo']")
        reach = 7.6 * len(label.text) * (1 if label.get("text-anchor") == "start" else -1)
        assert 0 <= float(label.get("x")) + reach <= float(drawing.get("width"))


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", '" onload="x', "a & b"])
def test_every_text_is_escaped(words):
    table = Table((words, words), [(words, words)])
    events = [Event(dt.date(2024, 1, 2), words)]
    figure = time_series(words, _days(9), np.ones(9), unit=words, events=events, measured_label=words, table=table)
    bars = monthly_bars(words, [Bar(dt.date(2024, 1, 1), 1.0)], unit=words, table=table)
    for drawn in (figure, bars, interval_bar(1, 0, 2, reach=2, says=words), sparkline([1, 2], says=words)):
        assert "<script>" not in drawn
        assert 'label="" onload' not in drawn
        ElementTree.fromstring(re.sub(r" class=n>", ' class="n">', drawn))


@given(
    st.lists(st.one_of(st.just(float("nan")), st.floats(-1e9, 1e9)), min_size=1, max_size=80),
    st.integers(0, 3000),
)
def test_any_series_is_drawn_within_its_frame(values, start):
    days = np.datetime64("2020-01-01") + start + np.arange(len(values))
    for drawing in _drawings(time_series("t", days, values, unit="kWh", low=values, high=values, expected=values)):
        width, height = (float(drawing.get(name)) for name in ("width", "height"))
        for line in drawing.iter("polyline"):
            for point in line.get("points").split():
                x, y = map(float, point.split(","))
                assert 0 <= x <= width
                assert -0.1 <= y <= height + 0.1


def test_three_years_of_days_weigh_a_few_kilobytes():
    rng = np.random.default_rng(1)
    figure = time_series("t", _days(1096), rng.random(1096) * 1000, unit="kWh")
    assert len(figure) < 16_000


def test_the_same_values_give_the_same_drawing():
    values = np.random.default_rng(2).random(40)
    assert time_series("t", _days(40), values, unit="kWh") == time_series("t", _days(40), values, unit="kWh")


@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e12))
def test_ticks_cover_what_they_measure_in_few_round_steps(low, span):
    marks = ticks(low, low + span)
    assert marks[0] <= low + abs(low) * 1e-6 + span * 1e-6
    assert marks[-1] >= (low + span) - abs(low) * 1e-6 - span * 1e-6
    assert 2 <= len(marks) <= 8


def test_month_marks_are_few_and_january_bears_the_year():
    marks = month_marks(dt.date(2023, 1, 1), dt.date(2025, 12, 31), 10)
    assert len(marks) <= 10
    assert [label for day, label in marks if day.month == 1] == ["2023", "2024", "2025"]


def test_an_interval_below_zero_is_shown_as_bad_news_and_stays_in_its_drawing():
    drawn = ElementTree.fromstring(interval_bar(-5, -900, -1, reach=10))
    assert "interval--brique" in drawn.get("class", "")
    assert drawn.find("path[@class='c-range']").get("d").startswith("M4 ")  # type: ignore[union-attr]
    assert drawn.get("aria-hidden") == "true"


def test_a_sparkline_lifts_its_pen_over_a_gap():
    drawn = ElementTree.fromstring(sparkline([1, 2, float("nan"), 2, 1], says="en baisse"))
    assert drawn.find("path").get("d").count("M") == 2  # type: ignore[union-attr]
    assert drawn.get("aria-label") == "en baisse"


def test_monthly_bars_leave_a_month_without_reading_empty():
    bars = [Bar(dt.date(2024, m, 1), None if m == 2 else 5.0, 4.0, 6.0) for m in range(1, 13)]
    (wide, _narrow) = _drawings(monthly_bars("t", bars, unit="kWh"))
    assert len(wide.findall("rect[@class='c-bar']")) == 11
    assert len(wide.findall("rect[@class='c-bar--expected']")) == 12
