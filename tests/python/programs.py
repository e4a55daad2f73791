"""Runs other programs with a time limit, on both Pythons."""
import os
import signal
import subprocess
import sys
import threading

_OWN_SESSION = {"start_new_session": True} if sys.version_info[0] > 2 else {"preexec_fn": os.setsid}


def start(arguments, **keywords):
    """Text in and out by pipes; a session of its own, so that it can be ended with its children."""
    keywords.setdefault("stdin", subprocess.PIPE)
    keywords.update(_OWN_SESSION)
    return subprocess.Popen(
        [str(argument) for argument in arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        **keywords
    )


def end(process):
    """Ends the program and what it has started, if anything still runs."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass


def finish(process, seconds=60, text=None):
    """Gives it a text, waits for its end and returns (status, output, errors)."""
    timer = threading.Timer(seconds, end, [process])
    timer.start()
    try:
        output, errors = process.communicate(text)
    finally:
        timer.cancel()
    return process.returncode, output, errors


def run(arguments, seconds=60, **keywords):
    return finish(start(arguments, **keywords), seconds)


def succeed(test, arguments, seconds=60, **keywords):
    """Its output, if it ends with status 0 and without a word on stderr."""
    result = run(arguments, seconds, **keywords)
    test.assertEqual((result[0], result[2]), (0, ""), "%r: %r" % (arguments, result))
    return result[1]


def variables(**changes):
    """A copy of the environment; None takes a variable out."""
    result = dict(os.environ)
    for name, value in changes.items():
        result.pop(name, None)
        if value is not None:
            result[name] = value
    return result
