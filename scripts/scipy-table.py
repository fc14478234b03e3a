"""Writes tests/compare/scipy.json: what scipy and statsmodels say of small samples.

The tests of `vedette compare` are held to it. Written with Python 3.11 and these versions; another
one may say the same, and is refused so that the table is always written anew by the same hand:

    python3 -m venv .vedette/scipy
    .vedette/scipy/bin/pip install numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0
    .vedette/scipy/bin/python scripts/scipy-table.py
"""

import json
import pathlib
import sys

import numpy
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

PINNED = {numpy: "2.4.6", scipy: "1.17.1", statsmodels: "0.15.0"}
SEED = 20260131
SIZES = [(20, 20), (20, 200), (35, 21), (60, 140), (113, 57), (200, 200)]
TABLE = pathlib.Path(__file__).parent.parent / "tests" / "compare" / "scipy.json"


def times(random, size, scale, ties):
    """Response times of two humps; with ties in steps of 25 ms, else to a thousandth."""
    humps = random.choice([80.0, 200.0], size, p=[0.7, 0.3])
    drawn = humps * random.lognormal(0.0, 0.3, size) * scale
    return (numpy.round(drawn / 25) * 25 if ties else numpy.round(drawn, 3)).tolist()


def tails(test):
    return {"up": test("greater"), "down": test("less")}


def mann_whitney(before, after):
    def test(side):
        asked = {"alternative": side, "method": "asymptotic", "use_continuity": True}
        return float(stats.mannwhitneyu(after, before, **asked).pvalue)

    return tails(test)


def fisher(before, after):
    """Of (true, all) each."""
    table = [[after[0], after[1] - after[0]], [before[0], before[1] - before[0]]]
    return tails(lambda side: float(stats.fisher_exact(table, alternative=side).pvalue))


def mood(before, after, quantile):
    """The exact test of the table that scipy's median test makes, at any quantile."""
    if quantile == 0.5:
        table = stats.median_test(before, after, ties="below").table
        above = [int(n) for n in table[0]]
    else:
        edge = numpy.quantile(before + after, quantile, method="inverted_cdf")
        above = [sum(value > edge for value in side) for side in (before, after)]
    return fisher((above[0], len(before)), (above[1], len(after)))


def newcombe(before, after):
    ends = confint_proportions_2indep(*after, *before, method="newcomb", compare="diff", correction=False)
    return [float(end) for end in ends]


def numbers(random, sizes, scale, ties):
    before, after = times(random, sizes[0], 1.0, ties), times(random, sizes[1], scale, ties)
    return {
        "before": before,
        "after": after,
        "ranks": mann_whitney(before, after),
        "p50": mood(before, after, 0.5),
        "p90": mood(before, after, 0.9),
        "p95": mood(before, after, 0.95),
    }


def shares(random, sizes, rates):
    before, after = ((int(random.binomial(size, rate)), size) for size, rate in zip(sizes, rates))
    return {
        "before": before,
        "after": after,
        "fisher": fisher(before, after),
        "newcombe": newcombe(before, after),
    }


def main():
    for module, version in PINNED.items():
        if module.__version__ != version:
            sys.exit(f"{module.__name__} is {module.__version__}, not {version}: install as this file says")
    random = numpy.random.default_rng(SEED)
    drawn = [
        numbers(random, sizes, scale, ties)
        for sizes in SIZES
        for scale in (0.8, 1.0, 1.3)
        for ties in (False, True)
    ]
    rates = [(0.0, 0.0), (0.02, 0.02), (0.05, 0.1), (0.5, 0.3), (1.0, 0.9)]
    counted = [shares(random, sizes, pair) for sizes in SIZES for pair in rates]
    made = f"scripts/scipy-table.py, scipy {PINNED[scipy]}, statsmodels {PINNED[statsmodels]}, seed {SEED}"
    parts = {"numbers": drawn, "shares": counted}
    rows = {name: ",\n".join(json.dumps(one) for one in part) for name, part in parts.items()}
    text = ",\n".join(f'"{name}": [\n{part}\n]' for name, part in rows.items())
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(f'{{"made_by": {json.dumps(made)},\n{text}}}\n')


main()
