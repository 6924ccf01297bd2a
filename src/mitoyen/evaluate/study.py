"""The study that the interval answers to: does it cover a planted truth, and is nothing proven where nothing was done?

Two trials, on meters whose baselines are known (`study_meters`):

* planted: three meters' expected use in two years' real weather, plus noise drawn in blocks of four weeks from the real
  meters' own errors on weeks held out of the fit; a share of the second year's use is then taken off. The noise of the
  second year is part of what would have been used: the truth is that share of it. Every run fits anew.
* placebo: a window of 30, 60 or 90 days inside a real baseline stands for a reporting period; the rest of the year is
  the baseline. Nothing was done: whatever is called proven is wrong. Only the interval decides here: the guards, which
  refuse a baseline with such a hole, would make the trial too easy.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mitoyen.evaluate.baseline import DailyData, Floats, Model, fit
from mitoyen.evaluate.uncertainty import Saving, saving

PLANTED = (0.0, 0.05, 0.10, 0.20)
BLOCK_DAYS = 28
WINDOWS = (30, 60, 90)

COVERAGE_WITHIN = (0.85, 0.95)
MOST_FALSELY_PROVEN = 0.05
LEAST_PLACEBO_SILENT = 0.95


@dataclass(frozen=True)
class StudyMeter:
    """A meter of the study: its name, its baseline year and the next one (whose energy is not used)."""

    name: str
    baseline: DailyData
    next_year: DailyData


@dataclass(frozen=True)
class Planted:
    """One planted saving: how often the interval held the truth, how often a saving was called proven."""

    saving: float
    runs: int
    covered: float
    proven: float
    above: float
    """Share of the intervals wholly above the truth: savings overstated."""
    bias: float
    """Mean error, as a share of the expected use."""
    half_width: float
    """Median half-width, as a share of the expected use."""


@dataclass(frozen=True)
class Placebo:
    """Windows in which nothing was done: how often the interval proved nothing."""

    days: int
    runs: int
    silent: float
    """Share not called proven."""
    increases: float
    covered: float
    half_width: float


@dataclass(frozen=True)
class Study:
    source: str
    seed: int
    block_days: int
    noise: str
    planted: list[Planted]
    placebo: list[Placebo]
    meters: dict[str, list[Planted]]

    def verdicts(self) -> dict[str, bool]:
        """Whether each of the study's demands is met, over all meters."""
        low, high = COVERAGE_WITHIN
        runs = sum(one.runs for one in self.placebo)
        silent = sum(one.silent * one.runs for one in self.placebo) / runs if runs else 1.0
        return {
            "coverage": all(low <= one.covered <= high for one in self.planted),
            "nothing_proven_at_zero": all(one.proven <= MOST_FALSELY_PROVEN for one in self.planted if not one.saving),
            "placebo_silent": silent >= LEAST_PLACEBO_SILENT,
        }

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.verdicts()}


@dataclass(frozen=True)
class _Run:
    meter: str
    truth: float
    result: Saving


Progress = Callable[[int, int], None]


def study(
    meters: Sequence[StudyMeter],
    source: str,
    *,
    runs: int = 500,
    seed: int = 1,
    block_days: int = BLOCK_DAYS,
    noise: str = "held_out",
    progress: Progress | None = None,
) -> Study:
    """Run both trials: `runs` series for each planted saving, and as many placebo windows in all.

    `noise` is "held_out" or "in_sample", the fit's own residuals, which are smaller and have less memory.
    """
    found: dict[float, list[_Run]] = {share: [] for share in PLANTED}
    draws = _draws(meters, runs, seed, block_days, noise)
    for number, (name, model, baseline, after) in enumerate(draws):
        for share in PLANTED:
            reporting = DailyData(after.day, after.energy * (1 - share), after.temperature, after.closed)
            truth = share * float(after.energy.sum())
            found[share].append(_Run(name, truth, saving(model, baseline, reporting)))
        if progress:
            progress(number + 1, 2 * runs)
    placebos = []
    each = runs // len(WINDOWS)
    for number, days in enumerate(WINDOWS):
        placebos.append(placebo(meters, days, each, seed + number))
        if progress:
            progress(runs + (number + 1) * each, 2 * runs)
    names = [meter.name for meter in meters]
    by_meter = {n: [_planted(s, [r for r in done if r.meter == n]) for s, done in found.items()] for n in names}
    planted = [_planted(share, done) for share, done in found.items()]
    return Study(source, seed, block_days, noise, planted, placebos, by_meter)


def _draws(
    meters: Sequence[StudyMeter], runs: int, seed: int, block_days: int, noise: str
) -> Iterator[tuple[str, Model, DailyData, DailyData]]:
    """For each run, the meter's name, the model of a drawn baseline, that baseline, and a drawn next year."""
    sources = [(meter, fit(meter.baseline)) for meter in meters]
    for run in range(runs):
        meter, truth = sources[run % len(sources)]
        generator = np.random.default_rng([seed, run])
        drawn = []
        for year in (meter.baseline, meter.next_year):
            expected = truth.predict(year.day, year.temperature, year.closed)
            errors = blocks(errors_of(truth, meter.baseline, noise), len(year.day), block_days, generator)
            drawn.append(DailyData(year.day, np.maximum(expected + errors, 0), year.temperature, year.closed))
        yield meter.name, fit(drawn[0]), drawn[0], drawn[1]


def errors_of(model: Model, baseline: DailyData, noise: str) -> Floats:
    """The meter's own errors, of mean zero: on held-out weeks, or the fit's residuals (made up for its parameters)."""
    if noise == "held_out":
        errors = model.residuals_held_out
    else:
        known = baseline.only(baseline.usable)
        errors = known.energy - model.predict(known.day, known.temperature, known.closed)
        parameters = model.parameters["quality"]["n_parameters"]
        errors = errors * np.sqrt(len(errors) / (len(errors) - parameters))
    centred: Floats = errors - errors.mean()
    return centred


def blocks(errors: Floats, length: int, block_days: int, generator: np.random.Generator) -> Floats:
    """`length` errors drawn in blocks of consecutive ones (circular block bootstrap, Politis and Romano 1992)."""
    starts = generator.integers(0, len(errors), length // block_days + 1)
    drawn: Floats = errors[(starts[:, None] + np.arange(block_days)).ravel()[:length] % len(errors)]
    return drawn


def placebo(meters: Sequence[StudyMeter], days: int, runs: int, seed: int) -> Placebo:
    """Windows at random dates within the meters' baselines, in which nothing was done."""
    generator = np.random.default_rng([seed, days])
    results = []
    for run in range(runs):
        year = meters[run % len(meters)].baseline
        start = int(generator.integers(0, len(year.day) - days + 1))
        window = np.zeros(len(year.day), bool)
        window[start : start + days] = True
        rest = year.without(window)
        results.append(saving(fit(rest), rest, year.only(window)))
    told = [one for one in results if one.days]
    return Placebo(
        days=days,
        runs=len(told),
        silent=float(np.mean([one.low <= 0 for one in told])),
        increases=float(np.mean([one.high < 0 for one in told])),
        covered=float(np.mean([one.low <= 0 <= one.high for one in told])),
        half_width=float(np.median([one.half_width / one.expected for one in told])),
    )


def _planted(share: float, runs: list[_Run]) -> Planted:
    results = [(run.result, run.truth) for run in runs]
    return Planted(
        saving=share,
        runs=len(runs),
        covered=float(np.mean([one.low <= truth <= one.high for one, truth in results])),
        proven=float(np.mean([one.low > 0 for one, _ in results])),
        above=float(np.mean([one.low > truth for one, truth in results])),
        bias=float(np.mean([(one.value - truth) / one.expected for one, truth in results])),
        half_width=float(np.median([one.half_width / one.expected for one, _ in results])),
    )
