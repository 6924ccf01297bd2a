"""EcoIndex of a page, from its published formula (GreenIT.fr / cnumr, quantiles of HTTP Archive pages).

score = 100 - 5 (3 q(elements) + 2 q(requests) + q(kilobytes)) / 6, with q the place among 20 quantiles.
"""

from bisect import bisect_right

# fmt: off
ELEMENTS = (0, 47, 75, 159, 233, 298, 358, 417, 476, 537, 603, 674, 753, 843, 949, 1076, 1237, 1459, 1801, 2479, 594601)
REQUESTS = (0, 2, 15, 25, 34, 42, 49, 56, 63, 70, 78, 86, 95, 105, 117, 130, 147, 170, 205, 281, 3920)
KILOBYTES = (0, 1.37, 144.7, 319.53, 479.46, 631.97, 783.38, 937.91, 1098.62, 1265.47, 1448.32, 1648.27, 1876.08,
             2142.06, 2465.37, 2866.31, 3401.59, 4155.73, 5400.08, 8037.54, 223212.26)
# fmt: on
GRADES = ((80, "A"), (70, "B"), (55, "C"), (40, "D"), (25, "E"), (10, "F"))


def place(value: float, quantiles: tuple[float, ...]) -> float:
    """Where `value` lies among the quantiles: a whole number at each of them, in between linearly; 20 beyond."""
    upper = bisect_right(quantiles, value)
    if upper >= len(quantiles):
        return float(len(quantiles) - 1)
    below, above = quantiles[upper - 1], quantiles[upper]
    return upper - 1 + (value - below) / (above - below)


def score(elements: int, requests: int, kilobytes: float) -> float:
    """0 to 100, the more the better."""
    weighed = 3 * place(elements, ELEMENTS) + 2 * place(requests, REQUESTS) + place(kilobytes, KILOBYTES)
    return 100 - 5 * weighed / 6


def grade(points: float) -> str:
    """A (above 80) to G."""
    return next((letter for least, letter in GRADES if points > least), "G")
