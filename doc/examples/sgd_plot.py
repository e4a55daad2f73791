"""A picture of loss over time for each worker: a PNG with matplotlib, or else a text."""
import logging
import math

WIDTH, HEIGHT = 64, 16


def save(curves, path):
    """True if matplotlib is there and has drawn into the file.

    curves  for each worker an array of rows: seconds, loss
    """
    # It tells on stderr what it does to its caches.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        return False
    figure, axes = pyplot.subplots(figsize=(8, 5))
    for worker, curve in enumerate(curves):
        axes.plot(curve[:, 0], curve[:, 1], label="worker %d" % worker, linewidth=1)
    axes.set_yscale("log")
    axes.set_xlabel("seconds")
    axes.set_ylabel("loss on the worker's images")
    axes.set_title("Gradient descent by processes that share the parameters")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return True


def text(curves):
    """The same as lines, on a logarithmic scale; a point is the number of its worker."""
    points = [(x, math.log(max(y, 1e-9)), worker)
              for worker, curve in enumerate(curves) for x, y in curve]
    if not points:
        return "nothing was recorded"
    right = max(x for x, _, _ in points) or 1
    low, high = min(y for _, y, _ in points), max(y for _, y, _ in points)
    scale = HEIGHT / ((high - low) or 1)
    rows = [[" "] * (WIDTH + 1) for _ in range(HEIGHT + 1)]
    for x, y, worker in points:
        rows[int((high - y) * scale)][int(x / right * WIDTH)] = "%x" % (worker % 16)
    lines = ["%7.3f |%s" % (math.exp(high - row / scale), "".join(rows[row]).rstrip())
             for row in range(HEIGHT + 1)]
    lines.append(" " * 8 + "+" + "-" * WIDTH)
    lines.append(" " * 9 + "0" + ("%.2f seconds" % right).rjust(WIDTH - 1))
    return "\n".join(["   loss"] + lines)
