"""A round visits what must be visited, in a good order, and costs what it says."""

import numpy as np
import pytest

from mitoyen.usages.waste.rounds import DETOUR, EARTH_M, Lorry, Spot, needed, plan

DEPOT = Spot("depot", -0.5, 47.45)


def around(count, seed=0, litres=1000.0):
    rng = np.random.default_rng(seed)
    return [Spot(f"b{n}", -0.55 + 0.03 * rng.normal(), 47.47 + 0.02 * rng.normal(), litres) for n in range(count)]


def test_each_bin_is_visited_once_and_no_lorry_is_overfull():
    bins = around(40)
    made = plan(DEPOT, bins, Lorry(litres=9_000), seconds=1)
    stops = [key for tour in made.tours for key in tour]
    assert sorted(stops) == sorted(one.key for one in bins)
    assert max(len(tour) for tour in made.tours) <= 9
    assert len(made.tours) >= 5


def test_bins_on_a_line_are_driven_along_it_and_back():
    bins = [Spot(f"b{n}", -0.5, 47.45 + 0.01 * n, 10.0) for n in (3, 1, 4, 2)]
    made = plan(DEPOT, bins, Lorry(), seconds=0.5)
    there_and_back = 2 * EARTH_M * np.radians(0.04) * DETOUR / 1000
    assert made.km == pytest.approx(there_and_back, rel=0.001)
    assert made.tours[0] in {("b1", "b2", "b3", "b4"), ("b4", "b3", "b2", "b1")} or set(made.tours[0]) == {
        "b1",
        "b2",
        "b3",
        "b4",
    }


def test_litres_and_emissions_are_of_the_kilometres_and_the_lifts():
    bins = around(10)
    made = plan(DEPOT, bins, Lorry(litres_per_km=0.5, litres_a_lift=0.2, kgco2e_per_litre=3.0), seconds=0.5)
    assert made.litres == pytest.approx(0.5 * made.km + 0.2 * 10)
    assert made.kgco2e == pytest.approx(3.0 * made.litres)


def test_nothing_to_collect_is_no_round_and_too_much_in_one_bin_is_said():
    assert plan(DEPOT, [], Lorry()).km == 0.0
    with pytest.raises(ValueError, match="more than the lorry takes"):
        plan(DEPOT, [Spot("b", -0.5, 47.4, 2_000.0)], Lorry(litres=1_000))


def test_needed_are_those_that_may_be_full_before_the_next_round():
    assert needed([100.0, 80.0, 50.0, 20.0], [0.0, 1.5, 4.0, None], 3.0) == [0, 1]
