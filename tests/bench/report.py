"""What the benchmarks have measured, as a document.

report.py FOLDER FILE...    renders FOLDER/performance.md and FOLDER/performance/*.svg; 1: a copy was too fast
report.py --check FILE...   whether the results are complete and possible; 3: a copy was too fast
"""
import json
import os
import platform
import re
import sys

import report_plots

# The rows of the table of targets: number, work, target.
ROWS = [
    (1, "semaphore P+V uncontended, posix, C",
     "≤ 2.5 × sem_t pair; with undo ≤ 5 ×; ≤ 1/6 of the kernel's semop pair"),
    (2, "the same through the sysv backend", "≤ 1.1 × bare semop pair"),
    (3, "two-process semaphore ping-pong, posix", "≤ 1.15 × kernel semop ping-pong"),
    (4, "update axpy, 1×10⁷ float64, private result returned",
     "C ≤ 1.15 × the fused streaming loop with the same four streams; Python ≤ 1.2 ×"),
    (5, "update axpy, 20×10⁵",
     "C ≤ 1.25 × that loop; Python ≤ 1.4 × and ≤ 1/5 of multiprocessing.Array"),
    (6, "update axpy, 20×100, one partition", "C ≤ 1.5 µs on posix; Python ≤ 8 µs"),
    (7, "update with lambda new, old: old - 0.1*new, 1×10⁷",
     "≤ 1.4 × numpy alone without sharing, ≤ 0.8 × multiprocessing.Array"),
    (8, "read, 1×10⁷", "≤ 1.1 × ndarray.copy(); into out= ≤ 1.15 × memcpy into touched memory"),
    (9, "read, 20×100", "C ≤ 0.5 µs, Python ≤ 5 µs"),
    (10, "readers while one process updates without pause, 20×10⁵",
     "each read ≥ 0.7 × memcpy's rate, at most one fall-back to the lock in 1,000 reads, "
     "writer slowed ≤ 10 % beyond bandwidth sharing"),
    (11, "two processes updating 20×20,000 float64 (in cache)", "≥ 1.8 × one process"),
    (12, "attach a set by root key (1 partition); look-up",
     "≤ 30 µs posix, ≤ 15 µs sysv; look-up of an existing key ≤ 3 µs posix"),
    (13, "look-up, attach, create, remove with 100,000 objects in the store, posix",
     "≤ 1.5 × the same with 10"),
    (14, "10,000 arrays in a set: update all", "cost per array ≤ 2 × that at 100 arrays"),
    (15, "memory, posix; counting attaches",
     "two slots + ≤ 20 KiB per partition with its semaphore + ≤ 256 B per array; "
     "IPC_STAT with exact nattch ≤ 100 µs at 100 attaches"),
    (16, "shm module in Python: P+V; read(8)", "≤ 0.4 µs and ≤ 0.25 µs on posix"),
    (17, "uncontended semop through the drop-in library", "≤ 1/5 of the kernel's"),
    (18, "two-process semop ping-pong through the drop-in library", "≤ 1.15 × the kernel's"),
    (19, "shmat and shmdt through the drop-in library, up to 100 attaches of the segment",
     "≤ 5 µs"),
    (20, "msgsnd and msgrcv of 64 bytes through the drop-in library", "≤ the kernel's"),
]

# Those that each program has to measure.
EXPECTED = {
    ("c", "posix"): {1, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15},
    ("c", "sysv"): {2, 4, 5, 8, 9, 10, 11, 12, 14, 15},
    ("python", "posix"): {4, 5, 6, 7, 8, 9, 16},
    ("python", "sysv"): {4, 5, 7, 8, 9},
    ("names", "drop-in"): {17, 18, 19, 20},
}
PROGRAMS = {"c": "C", "names": "The standard's names", "python": "Python"}
# Times the limit's bandwidth: two samples are never of the very same machine. In the tests, where others
# use it at the same time, only what was optimised away shall show.
POSSIBLE = 1.25
POSSIBLE_BESIDE_OTHERS = 3


# ---- What the files say --------------------------------------------------------------------------

def load(names):
    results = []
    for name in names:
        with open(name, encoding="utf-8") as file:
            results.append(json.load(file))
    return results


def find(group, name):
    """The case of this name, or the fastest of those whose names begin so."""
    there = [c for c in group["cases"] if c["median"] is not None]
    exact = [c for c in there if c["name"] == name]
    begun = exact or [c for c in there if name and c["name"].startswith(name)]
    return min(begun, key=lambda c: c["median"]) if begun else None


def fastest_limit(group, case):
    begun = [c for c in group["cases"] if c["median"] is not None and c["role"] == "limit"
             and c["bytes"] and case["limit"] and c["name"].startswith(case["limit"])]
    return min((c["min"] / c["bytes"] for c in begun), default=None)


def impossible(result, times=POSSIBLE):
    """Sentences about copies faster than anything can be: then something was optimised away."""
    for group in result["groups"]:
        for case in group["cases"]:
            limit = fastest_limit(group, case)
            if case["role"] == "ours" and case.get("bytes") and limit and (
                    limit / (case["min"] / case["bytes"]) > times):
                yield "%s: %s is faster than %s" % (group["title"], case["name"], case["limit"])


def not_measurable(result):
    """Rows without something that this machine or build lacks."""
    rows = set()
    for group in result["groups"]:
        if any(c["name"] == "kernel" and c["median"] is None for c in group["cases"]):
            rows |= {2, 3}
    if any("without the loops" in remark for remark in result["remarks"]):
        rows.add(4)
    return rows


def check(result):
    """Sentences about what is missing."""
    name = "%s, %s" % (result["program"], result["backend"])
    expected = EXPECTED[result["program"], result["backend"]] - not_measurable(result)
    missing = expected - {t["row"] for t in result["targets"]}
    if not result["good"]:
        yield name + ": a case has failed"
    if missing:
        yield "%s: no figure for the rows %s" % (name, sorted(missing))
    for group in result["groups"]:
        for case in group["cases"]:
            if case["median"] is not None and not 0 <= case["min"] <= case["median"] <= case["max"]:
                yield "%s: %s: %s" % (name, group["title"], case)


def check_all(names):
    results = load(names)
    wrong = [text for result in results for text in check(result)]
    fast = [text for result in results if result["optimized"]
            for text in impossible(result, POSSIBLE_BESIDE_OTHERS)]
    for text in wrong + fast:
        print(text)
    return 1 if wrong else 3 if fast else 0


# ---- The machine ---------------------------------------------------------------------------------

def first_match(path, pattern):
    try:
        with open(path, encoding="utf-8") as file:
            found = re.search(pattern, file.read(), re.MULTILINE)
    except OSError:
        return None
    return found and found.group(1).strip()


def caches():
    """Such as "L1 Data 48K, L2 Unified 2048K"."""
    folder, texts = "/sys/devices/system/cpu/cpu0/cache", []
    for index in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        words = [first_match(os.path.join(folder, index, name), r"(.+)")
                 for name in ("level", "type", "size")]
        if all(words):
            texts.append("L%s %s %s" % tuple(words))
    return ", ".join(texts)


def one_of(results, key):
    return sorted({r[key] for r in results if key in r})


def machine(results):
    kilobytes = first_match("/proc/meminfo", r"^MemTotal:\s+(\d+)")
    lines = [
        ("processor", first_match("/proc/cpuinfo", r"^model name\s*:(.*)") or platform.machine()),
        ("cores", str(os.cpu_count())),
        ("caches of a core", caches()),
        ("memory", kilobytes and "%.1f GiB" % (int(kilobytes) / 2 ** 20)),
        ("kernel", "%s %s" % (platform.system(), re.match(r"[0-9.]*", platform.release()).group())),
        ("C library", " ".join(platform.libc_ver())),
        ("compiler", ", ".join(one_of(results, "compiler"))),
        ("Python", ", ".join(one_of(results, "python"))),
        ("numpy", ", ".join(one_of(results, "numpy"))),
    ]
    return table(["", ""], [line for line in lines if line[1]])


# ---- Tables --------------------------------------------------------------------------------------

def table(heads, lines):
    rows = [heads, ["---"] * len(heads)] + [list(line) for line in lines]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows) + "\n"


def number(value):
    """Three significant digits, without exponents; a dash where nothing was counted."""
    if value is None:
        return "–"
    if value >= 1000 or value == 0:
        return "{:,.0f}".format(value)
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 3
    return "%.*f" % (digits, value)


def with_unit(value, unit):
    return (number(value) + " " + unit.replace("us", "µs")).strip()


def verdict_line(row, work, target, result, t):
    measured = with_unit(t["value"], t["measured_unit"])
    ratio = "%s (%s %s)" % (number(t["figure"]), t["relation"].replace("<=", "≤").replace(">=", "≥"),
                            number(t["bound"]))
    if t["unit"] not in ("x", ""):
        ratio = with_unit(t["figure"], t["unit"]) + " (≤ %s)" % with_unit(t["bound"], t["unit"])
    elif t["other"]:
        measured += " : " + with_unit(t["other"], t["measured_unit"])
    what = "%s (%s)" % (t["what"], result["backend"])
    return [row, work, target, what, measured, ratio, "yes" if t["met"] else "**no**"]


def target_table(results):
    lines = []
    for row, work, target in ROWS:
        verdicts = [(r, t) for r in results for t in r["targets"] if t["row"] == row]
        first = [str(row), work, target]
        for result, t in verdicts:
            lines.append(verdict_line(*first, result, t))
            first = ["", "", ""]
        if not verdicts:
            lines.append(first + ["", "", "", "not measured"])
    heads = ["#", "work", "target", "what was compared", "measured", "ratio or figure", "met"]
    return table(heads, lines)


def ratio_to(group, case, name):
    other = find(group, name)
    return "%.2f of %s" % (case["median"] / other["median"], name) if other and other["median"] else ""


def group_table(group):
    lines = []
    for case in group["cases"]:
        if case["median"] is None:
            lines.append([case["name"], case["role"], "not available here", "", "", "", "", ""])
            continue
        rate = ""
        if case["bytes"] and case["median"]:
            scale = report_plots.SECONDS[group["unit"]]
            rate = "%.1f GB/s" % (case["bytes"] / (case["median"] * scale) * 1e-9)
        lines.append([case["name"], case["role"]] + [number(case[k]) for k in ("median", "min", "max")]
                     + [rate, ratio_to(group, case, case["peer"]), ratio_to(group, case, case["limit"])])
    unit = group["unit"].replace("us", "µs")
    heads = [unit, "", "median", "min", "max", "moved", "beside a peer", "beside the limit"]
    return "**%s** (%d repeats)\n\n" % (group["title"], group["repeats"]) + table(heads, lines)


def curve_cell(group, name):
    case = find(group, name)
    if case is None or case["name"] != name:
        return ""
    return "%s (%s – %s)" % tuple(number(case[k]) for k in ("median", "min", "max"))


def curve_table(name, groups):
    names = [c["name"] for c in groups[0]["cases"]]
    lines = [["{:,.0f}".format(g["x"])] + [curve_cell(g, n) for n in names] for g in groups]
    unit = groups[0]["unit"].replace("us", "µs")
    return "**%s**: %s, median (min – max)\n\n" % (name, unit) + table([name] + names, lines)


def curves_of(result):
    """The groups of each curve."""
    curves = {}
    for group in result["groups"]:
        if group["curve"]:
            curves.setdefault(group["curve"], []).append(group)
    return curves


def section(result, folder):
    title = "%s, %s" % (PROGRAMS[result["program"]], result["backend"])
    if "python" in result:
        title += ", Python " + result["python"]
    text = "## %s\n\n" % title
    text += "".join("* %s\n" % remark for remark in result["remarks"])
    text += "\n" if result["remarks"] else ""
    text += "".join(group_table(g) for g in result["groups"] if not g["curve"])
    for name, groups in curves_of(result).items():
        text += curve_table(name, groups)
        plot = report_plots.plot(folder, title, name, groups)
        if plot:
            text += "![%s: %s](performance/%s)\n\n" % (title, name, plot)
    return text


HEAD = """# Performance

Made by `make bench-report`. Every figure is a median of samples that took turns with those of its peers and
limits, in one run on one machine. A *limit* is what the machine can do at best with the same work: copies
and loops with the traffic of the operation, one uncontended compare-and-exchange pair, a cache line that
two processes pass to each other, the system calls that opening a file takes. A *peer* is what a program
could use instead.

"""
QUICK = "**From a quick run: these figures mean nothing.**\n\n"


def render(folder, results):
    os.makedirs(os.path.join(folder, "performance"), exist_ok=True)
    results.sort(key=lambda r: (r["program"], r["backend"]))
    text = HEAD + (QUICK if any(r["quick"] for r in results) else "")
    text += "## The machine\n\n" + machine(results)
    text += "## Targets\n\n" + target_table(results)
    text += "".join(section(r, os.path.join(folder, "performance")) for r in results)
    with open(os.path.join(folder, "performance.md"), "w", encoding="utf-8") as file:
        file.write(text.rstrip("\n") + "\n")


def main(arguments):
    if len(arguments) < 2:
        sys.exit(__doc__.strip())
    if arguments[0] == "--check":
        sys.exit(check_all(arguments[1:]))
    results = load(arguments[1:])
    render(arguments[0], results)
    fast = [text for result in results if result["optimized"] for text in impossible(result)]
    sys.exit("\n".join(fast) or None)


if __name__ == "__main__":
    main(sys.argv[1:])
