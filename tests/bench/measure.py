"""Cases that take turns, their medians and extremes, and targets: what bench_run.c does, in Python."""
import json
import time

MOST_REPEATS, MOST_ROUNDS, FEW_ROUNDS = 31, 1 << 22, 8
UNITS = {"ns": 1e9, "us": 1e6, "ms": 1e3}


class Case:
    """A function; the cases that it is divided by; bytes that it moves, if that takes its time."""

    def __init__(self, name, role, function, peer=None, limit=None, nbytes=0):
        self.name, self.role, self.function = name, role, function
        self.peer, self.limit, self.nbytes = peer, limit, nbytes
        self.rounds = 1
        self.samples = []

    def sample(self, rounds):
        """Seconds for all rounds; one before few ones fills the caches."""
        function = self.function
        if rounds < FEW_ROUNDS:
            function()
        start = time.perf_counter()
        for _ in range(rounds):
            function()
        return time.perf_counter() - start

    def calibrate(self, wanted):
        """Finds the rounds that fill a sample; returns what one takes."""
        self.rounds = 1
        while True:
            took = self.sample(self.rounds)
            if took >= wanted / 2 or self.rounds >= MOST_ROUNDS:
                return took
            self.rounds = int(self.rounds * min(wanted / max(took, 1e-9), 10)) + 1

    def median(self):
        return sorted(self.samples)[len(self.samples) // 2]


class Target:
    """A line of the issue's table. `other` None: the bound is in the group's unit."""

    def __init__(self, row, what, ours, other, bound, backend=None):
        self.row, self.what, self.ours, self.other = row, what, ours, other
        self.bound, self.backend = bound, backend


def find(cases, name):
    """The case of this name, or the fastest of those whose names begin so."""
    for case in cases:
        if case.name == name:
            return case
    begun = [case for case in cases if case.name.startswith(name)]
    return min(begun, key=Case.median) if begun else None


class Report:
    """All that one run has measured."""

    def __init__(self, backend, quick, **versions):
        self.backend, self.quick = backend, quick
        self.sample_seconds, self.group_seconds = (2e-4, 0.03) if quick else (4e-3, 1.2)
        self.content = {
            "program": "python", "backend": backend, "quick": quick, "optimized": True,
            "groups": [], "targets": [], "remarks": [], "good": True,
        }
        self.content.update(versions)

    def remark(self, text):
        print("\n" + text)
        self.content["remarks"].append(text)

    def run(self, title, unit, cases, targets=(), curve=None, x=0):
        """Measures and prints."""
        cases = [case for case in cases if case is not None]
        seconds = sum(case.calibrate(self.sample_seconds) for case in cases)
        repeats = int(self.group_seconds / max(seconds, 1e-9)) | 1
        for _ in range(min(max(repeats, 5), MOST_REPEATS)):
            for case in cases:
                case.samples.append(case.sample(case.rounds) / case.rounds)
        self._print(title, unit, cases)
        self._keep(title, unit, cases, curve, x)
        for target in targets:
            if target.backend in (None, self.backend):
                self._judge(unit, cases, target)

    def _print(self, title, unit, cases):
        scale = UNITS[unit]
        print("\n%s: %s, %d repeats" % (title, unit, len(cases[0].samples)))
        print("  %-44s %10s %10s %10s" % ("", "median", "min", "max"))
        for case in cases:
            figures = (case.median(), min(case.samples), max(case.samples))
            text = "  %-44s" % case.name + "".join(" %10.2f" % (f * scale) for f in figures)
            if case.nbytes:
                text += "  %6.2f GB/s" % (case.nbytes / case.median() * 1e-9)
            for name in (case.peer, case.limit):
                other = name and find(cases, name)
                if other:
                    text += "  %7.2f of %s" % (case.median() / other.median(), name)
            print(text)

    def _keep(self, title, unit, cases, curve, x):
        scale = UNITS[unit]
        self.content["groups"].append({
            "title": title, "curve": curve, "x": x, "unit": unit,
            "repeats": len(cases[0].samples),
            "cases": [{
                "name": case.name, "role": case.role, "peer": case.peer, "limit": case.limit,
                "bytes": case.nbytes, "median": case.median() * scale,
                "min": min(case.samples) * scale, "max": max(case.samples) * scale,
            } for case in cases],
        })

    def _judge(self, unit, cases, target):
        ours = find(cases, target.ours)
        other = target.other and find(cases, target.other)
        if ours is None or (target.other and other is None):
            return
        value = ours.median() * UNITS[unit]
        beside = other.median() * UNITS[unit] if other else 0
        figure = value / beside if other else value
        self.content["targets"].append({
            "row": target.row, "what": target.what, "value": value, "other": beside,
            "measured_unit": unit, "figure": figure, "unit": "x" if other else unit,
            "bound": target.bound, "relation": "<=", "met": figure <= target.bound,
        })

    def end(self, json_name):
        print("\ntargets, %s" % self.backend)
        for t in self.content["targets"]:
            print("  %3d  %-62s %9.3f %s <= %-8.4g %s" % (
                t["row"], t["what"], t["figure"], t["unit"], t["bound"],
                "met" if t["met"] else "MISSED"))
        if json_name:
            with open(json_name, "w", encoding="utf-8") as file:
                json.dump(self.content, file, indent=1)
