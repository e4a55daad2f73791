"""Distributed gradient descent: python sgd.py [--workers N] [--epochs N] [--plot FILE.png]

Several processes train one classifier of handwritten digits. Its parameters are arrays in shared
memory; each worker computes the gradient of a few images and lets it act on whatever the
parameters are by then: state + (-alpha) * gradient, in one step for everybody. Workers are started
by multiprocessing with "spawn" and get the handles of the arrays as arguments: what is pickled of
a handle is the key of the arrays, not their content.

sgd_model.py is what is trained, sgd_worker.py what each worker does, sgd_plot.py draws.
"""
import argparse
import multiprocessing
import os
import signal
import sys
import time
from collections import OrderedDict
from multiprocessing import resource_tracker

import numpy as np

import SHMArrays
import sgd_model
import sgd_plot
from sgd_worker import work

LEAST_ACCURACY = 0.9
ROWS = 200  # points of a worker's curve, at most
HERE = os.path.dirname(os.path.abspath(__file__))

interrupted = []  # numbers of signals; whoever waits looks here


class Shared(object):
    """The arrays that all processes see. They outlive the processes: remove() is for the end."""

    def __init__(self):
        self.made = []

    def create(self, train, workers, rows):
        self.model = self.share(sgd_model.start())
        self.images = self.share(OrderedDict(zip(("pictures", "digits"), train)))
        self.history = self.share(OrderedDict(
            (number, np.full((rows, 2), np.nan)) for number in range(workers)))

    def share(self, arrays):
        self.made.append(SHMArrays.SHMArrays(arrays))
        return self.made[-1]

    def remove(self):
        while self.made:
            arrays = self.made.pop()
            arrays.remove()
            arrays.close()

    def curves(self):
        """For each worker rows of seconds since the first of them all began, and loss."""
        curves = [rows[~np.isnan(rows[:, 0])] for rows in self.history.read_arrays().values()]
        start = min([curve[0, 0] for curve in curves if len(curve)] or [0])
        return [curve - (start, 0) for curve in curves]


class Progress(object):
    """One line that is written over on a terminal, and elsewhere a line now and then."""

    def __init__(self, model, total, test):
        self.model, self.total, self.test = model, total, test
        self.live = sys.stdout.isatty()
        self.start = self.next = time.time()

    def show(self, last=False):
        now = time.time()
        if now >= self.next or last:
            self.next = now + (0.1 if self.live else 0.5)
            end = "\n" if last or not self.live else ""
            sys.stdout.write(("\r" if self.live else "") + self.line(now - self.start) + end)
            sys.stdout.flush()

    def line(self, seconds):
        done, state = self.model.versions()[0], self.model.read_arrays()
        return "%5.1f s  %7d of %d updates  %6.0f updates/s  loss %.4f  test accuracy %.4f" % (
            seconds, done, self.total, done / max(seconds, 1e-3),
            sgd_model.loss(state, *self.test), sgd_model.accuracy(state, *self.test))


def start_workers(team, options, shared):
    """They inherit that SIGINT is blocked: a terminal sends Ctrl-C to all, but the parent decides.

    Here it only waits. The tracker of multiprocessing is started first, as that unblocks it.
    """
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    spawn = multiprocessing.get_context("spawn")
    try:
        for number in range(options.workers):
            arguments = (number, options.workers, options.epochs,
                         shared.model, shared.images, shared.history)
            team.append(spawn.Process(target=work, args=arguments))
            team[-1].start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def stop(team):
    for worker in team:
        if worker.pid is not None:
            worker.kill()
            worker.join()


def train_together(options, shared, train, test):
    """True if all workers did all they had to do."""
    steps = options.epochs * sum(
        sgd_model.batches(len(train[1][n::options.workers])) for n in range(options.workers))
    print("%d workers share the parameters under the root key %d"
          % (options.workers, shared.model.root_key))
    team = []
    try:
        start_workers(team, options, shared)
        progress = Progress(shared.model, steps, test)
        while not interrupted and any(worker.is_alive() for worker in team):
            progress.show()
            time.sleep(0.02)
        progress.show(last=True)
    finally:
        stop(team)
    return all(worker.exitcode == 0 for worker in team)


def report(options, shared, test):
    """Shows what came of it; True if that is good enough."""
    curves = shared.curves()
    if sgd_plot.save(curves, options.plot):
        print("loss over time is in %s" % options.plot)
    else:
        print(sgd_plot.text(curves))
    accuracy = sgd_model.accuracy(shared.model.read_arrays(), *test)
    print("test accuracy %.4f (at least %.2f is wanted)" % (accuracy, LEAST_ACCURACY))
    return accuracy >= LEAST_ACCURACY


def train_and_report(options, shared):
    train, test = sgd_model.load(options.data)
    shared.create(train, options.workers, min(options.epochs, ROWS) + 1)
    complete = train_together(options, shared, train, test)
    if interrupted:
        print("interrupted: the shared arrays are removed")
        return 128 + interrupted[0]
    if not complete:
        print("a worker failed")
    return 0 if report(options, shared, test) and complete else 1


def parse_options():
    parser = argparse.ArgumentParser(description="Distributed gradient descent.")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--plot", metavar="FILE", default="sgd.png")
    parser.add_argument("--data", metavar="FILE", default=os.path.join(HERE, "digits.csv"))
    options = parser.parse_args()
    if options.workers < 1 or options.epochs < 1:
        parser.error("at least one worker and one epoch are needed")
    return options


def main():
    options = parse_options()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: interrupted.append(number))
    shared = Shared()
    try:
        return train_and_report(options, shared)
    finally:
        shared.remove()


if __name__ == "__main__":
    sys.exit(main())
