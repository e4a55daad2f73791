"""Arrays in a dictionary, shared by two processes: python shared_arrays.py

This process makes the arrays and starts itself once more with nothing but their keys on the
command line. The second one reads and updates them; then both run the same gradient descent on
one shared state.
"""
import json
import subprocess
import sys
from collections import OrderedDict

import numpy as np

from SHMArrays import SHMArrays

ITERATIONS = 300
ALPHA = 0.05


def some_arrays():
    return OrderedDict((i, np.random.normal(size=(10, 10))) for i in range(10))


def same_kind():
    """Whoever attaches says what the arrays look like; what is in these does not matter."""
    return OrderedDict((i, np.zeros((10, 10))) for i in range(10))


def goal(name):
    return name * np.eye(10)


def grad(state):
    """Of the sum of (array - goal)**2 / 2 over all arrays."""
    return OrderedDict((name, array - goal(name)) for name, array in state.items())


def descend(state_shm):
    """What every process runs: each step builds on all steps of all processes so far."""
    state = state_shm.read_arrays()
    for _ in range(ITERATIONS):
        gradient = grad(state)
        state = state_shm.update_arrays(gradient, lambda grad, state: state - ALPHA * grad)
    return state


def second(keys):
    new_arrays = OrderedDict((i, np.full((10, 10), float(i))) for i in range(10))
    shm_array = SHMArrays(same_kind(), keys=keys)
    before = shm_array.read_arrays(new_arrays)
    updated = shm_array.update_arrays(new_arrays, lambda new, old: 0.1 * new + 0.9 * old)
    for i in before:
        assert np.allclose(updated[i], 0.1 * new_arrays[i] + 0.9 * before[i])
    print("second process: read and updated %d arrays" % len(updated))
    sys.stdout.flush()
    descend(shm_array)
    shm_array.close()


def first():
    array_dict = some_arrays()
    shm_array = SHMArrays(array_dict)
    try:
        keys = shm_array.get_keys()
        other = subprocess.Popen([sys.executable, __file__, json.dumps(keys)])
        descend(shm_array)
        if other.wait() != 0:
            raise SystemExit("the second process failed")
        state = shm_array.read_arrays()
        furthest = max(abs(state[i] - goal(i)).max() for i in state)
        print("both processes: %d steps, largest distance from the goal %.1e"
              % (2 * ITERATIONS, furthest))
        assert furthest < 1e-3
    finally:
        # Shared objects outlive the programs: somebody has to remove them.
        shm_array.remove()
        shm_array.close()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        second(json.loads(sys.argv[1]))
    else:
        first()
