"""What other processes do in the tests of SHMArrays: functions for multiprocessing, and a program.

    arrays_workers.py COMMAND ARGUMENTS...

A program says one word when it has got somewhere and then waits for a line, or for its end.
"""
from __future__ import print_function

import json
import os
import signal
import sys
from collections import OrderedDict

import shm
from arrays_world import np, sa


def ones(a):
    """1 for every element of a set."""
    return dict((name, np.ones(spec.shape, spec.dtype)) for name, spec in a.specs.items())


def add_with(a, rounds):
    """So many times 1 to everything, through a handle that came to this process somehow."""
    step = ones(a)
    for _ in range(rounds):
        a.add_updates(step)


def add_by_root(root, rounds):
    a = sa.SHMArrays.attach(root)
    add_with(a, rounds)
    a.close()


def add_by_keys(keys, like, rounds):
    a = sa.SHMArrays(like, keys=keys)
    add_with(a, rounds)
    a.close()


def say(word):
    print(word)
    sys.stdout.flush()


def _stay(*ignored):
    """Says that it is inside, and stays there until it is told to go on."""
    say('inside')
    sys.stdin.readline()


def _open(where):
    """A handle by root key, or by the keys and the arrays of a legacy set as JSON."""
    if not where.startswith('{'):
        return sa.SHMArrays.attach(int(where))
    where = json.loads(where)
    arrays = OrderedDict((name, np.zeros(count)) for name, count in where['arrays'])
    return sa.SHMArrays(arrays, keys=where['keys'], layout='legacy')


def command_add(where, rounds):
    add_with(_open(where), int(rounds))
    say('done')


def command_inside_update(where):
    """Stops in its update function, when it has computed everything but the last array."""
    a = _open(where)
    last = len(a.specs)
    calls = []

    def function(new, old):
        calls.append(1)
        if len(calls) == last:
            _stay()
        return old + new

    a.update_arrays(ones(a), function)
    say('published')


def command_inside_view(where):
    a = _open(where)
    with a.view():
        _stay()
    say('left')


def command_wait(where):
    """Waits for the lock; says how that ended."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    a = _open(where)
    say('ready')
    try:
        a.add_updates(ones(a))
        say('added')
    except KeyboardInterrupt:
        say('interrupted')


def command_create(perm):
    """Makes a set and ends without closing or removing it."""
    a = sa.SHMArrays({'x': np.arange(4.0)}, permissions=int(perm, 8))
    say(json.dumps([a.root_key, a.get_keys()]))


def command_write_uniform(where, rounds):
    """Writes arrays in which all elements are equal, with another number each time."""
    a = _open(where)
    for i in range(int(rounds)):
        a.write_arrays(dict((name, np.full(spec.shape, i, spec.dtype))
                            for name, spec in a.specs.items()))
        if i == 0:
            say('writing')


def command_multiprocessing(method, where, processes, rounds):
    """Processes started by one of the methods of multiprocessing, given the pickled handle."""
    import multiprocessing
    context = multiprocessing.get_context(method)
    a = _open(where)
    started = [context.Process(target=target, args=arguments) for target, arguments in
               [(add_with, (a, int(rounds)))] * (int(processes) - 1)
               + [(add_by_root, (int(where), int(rounds)))]]
    for process in started:
        process.start()
    for process in started:
        process.join()
    say(json.dumps([process.exitcode for process in started]))
    _end_helpers()


def _end_helpers():
    """multiprocessing leaves a process or two that end some time after their parent."""
    from multiprocessing import forkserver, resource_tracker
    for helper in (forkserver._forkserver, resource_tracker._resource_tracker):
        stop = getattr(helper, '_stop', None)
        if stop:
            stop()


def command_fork_inside_update(where):
    """A child that is forked within an update function does not own the lock."""
    a = _open(where)
    children = []

    def function(new, old):
        if not children:
            children.append(os.fork())
        if children[0]:
            _, status = os.waitpid(children[0], 0)
            children.append(status)
        return old + new

    try:
        a.update_arrays(ones(a), function)
    except shm.error as error:
        os._exit(error.errno)
    if not children[0]:
        os._exit(255)
    say(os.WEXITSTATUS(children[1]))


def main(command, *arguments):
    globals()['command_' + command](*arguments)


if __name__ == '__main__':
    main(*sys.argv[1:])
