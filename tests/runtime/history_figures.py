"""Computes from raw samples what history must say of them, and holds its answer to that.

Reads `{"samples": [...], "history": {...}}` from standard input. Everything must be equal but the
quantiles: those may differ by the relative error that the answer states, by nearest rank. Knows
nothing of how the worker counts.
"""

import json
import math
import sys
from collections import Counter

FIELDS = {"pass": "pass", "warn": "warn", "fail": "fail", "unproven": "unproven", "none": "none"}


def nearest_rank(values: list[int], share: float) -> int:
    ordered = sorted(values)
    return ordered[max(1, math.ceil(round(share * len(ordered), 9))) - 1]


def sketch(values: list[int], told: dict, error: float, where: str) -> None:
    assert told["count"] == len(values), f"{where}: {told['count']} of {len(values)}"
    for share, value in told["quantiles"].items():
        if not values:
            assert value is None, f"{where}: {share} of nothing is {value}"
            continue
        exact = nearest_rank(values, float(share))
        assert abs(value - exact) <= error * exact, f"{where}: {share} is {value}, exactly {exact}"


def main() -> None:
    given = json.load(sys.stdin)
    history, error = given["history"], given["history"]["relative_error"]
    start, end = history["from"], history["to"]
    samples = [sample for sample in given["samples"] if start <= sample["at"] < end]
    merged: dict[str, dict] = {}
    for step in history["steps"]:
        for name, sums in step["classes"].items():
            known = merged.setdefault(name, {"kinds": Counter(), "sums": Counter()})
            known["kinds"].update(sums["kinds"])
            numbers = {key: value for key, value in sums.items() if isinstance(value, int)}
            known["sums"].update(numbers)
    assert set(merged) == {sample["cache"] for sample in samples}, f"{set(merged)}"
    for name, known in merged.items():
        own = [sample for sample in samples if sample["cache"] == name]
        sums, stated = known["sums"], [s["db_calls"] for s in own if s["db_calls"] is not None]
        assert sums["samples"] == len(own), f"{name}: {sums['samples']} of {len(own)}"
        for field, word in FIELDS.items():
            count = sum(sample["evidence"] == word for sample in own)
            assert sums[field] == count, f"{name}: {field} is {sums[field]}, exactly {count}"
        kinds = Counter(sample["kind"] for sample in own if sample["kind"])
        assert known["kinds"] == kinds, f"{name}: {known['kinds']}, exactly {kinds}"
        assert (sums["db_stated"], sums["db_calls"]) == (len(stated), sum(stated)), name
        assert sums["bytes"] == sum(sample["bytes"] for sample in own), name
    # Quantiles are told by step: each is held to the samples of that step.
    for step, after in zip(history["steps"], [s["at"] for s in history["steps"][1:]] + [end]):
        for name, sums in step["classes"].items():
            own = [s for s in samples if step["at"] <= s["at"] < after and s["cache"] == name]
            if sums["samples"] != len(own):
                continue  # A late answer counts in the step after that of its probe.
            where = f"{name} at {step['at']}"
            sketch([s["response_ms"] for s in own if s["complete"]], sums["response_ms"], error, where)
            sketch([s["db_ms"] for s in own if s["db_ms"] is not None], sums["db_ms"], error, where)
    compared = sum(bool(step["classes"]) for step in history["steps"])
    print(json.dumps({"samples": len(samples), "steps": compared, "classes": sorted(merged)}))


main()
