"""A curve as an SVG file, where matplotlib is installed."""
import os
import re

try:
    import matplotlib
    matplotlib.use("svg")
    from matplotlib import pyplot
except ImportError:
    pyplot = None

SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3}
STYLES = {"ours": {"linewidth": 2.2, "marker": "o"},
          "peer": {"linewidth": 1.2, "marker": "s", "linestyle": "--"},
          "limit": {"linewidth": 1.2, "linestyle": ":"}}


def file_name(title, curve):
    words = (title + " " + curve).lower().replace("python: ", "")
    return re.sub(r"[^a-z0-9]+", "-", words).strip("-") + ".svg"


def draw(axes, groups):
    for case in groups[0]["cases"]:
        points = [(g["x"], c) for g in groups for c in g["cases"]
                  if c["name"] == case["name"] and c["median"]]
        if points:
            xs, cases = zip(*points)
            axes.plot(xs, [c["median"] for c in cases], label=case["name"], markersize=4,
                      **STYLES[case["role"]])
            if case["role"] == "ours":
                axes.fill_between(xs, [c["min"] for c in cases], [c["max"] for c in cases], alpha=0.12)


def plot(folder, title, curve, groups):
    """The name of the file, None if nothing can be drawn."""
    if pyplot is None or len(groups) < 2:
        return None
    # The same figures make the same file.
    matplotlib.rcParams["svg.hashsalt"] = "libshm"
    figure, axes = pyplot.subplots(figsize=(8, 5))
    draw(axes, groups)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(curve)
    axes.set_ylabel("median, " + groups[0]["unit"].replace("us", "µs"))
    axes.set_title(title)
    axes.grid(True, which="both", alpha=0.25)
    axes.legend(fontsize=8)
    name = file_name(title, curve)
    figure.savefig(os.path.join(folder, name), metadata={"Date": None}, bbox_inches="tight")
    pyplot.close(figure)
    return name
