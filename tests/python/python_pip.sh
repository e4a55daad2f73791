#!/bin/sh
# Both distributions are installed by pip into an environment of its own, without any network, and
# work there without a libshm.so.
set -eu
. "${srcdir:-.}/tests/python/support.sh"

scratch_folder
HOME=$work
PIP_NO_INDEX=1
PIP_DISABLE_PIP_VERSION_CHECK=1
PIP_NO_CACHE_DIR=1
PIP_ROOT_USER_ACTION=ignore
CFLAGS=-O1 # compiles faster
export HOME PIP_NO_INDEX PIP_DISABLE_PIP_VERSION_CHECK PIP_NO_CACHE_DIR PIP_ROOT_USER_ACTION CFLAGS
# The make that runs this test must not hand its options on.
unset MAKEFLAGS MFLAGS MAKELEVEL

cat >"$work/talk.py" <<'END'
"""One process creates memory and a semaphore, another one finds both by key."""
import os
import subprocess
import sys

import libshm
import shm
import shm_wrapper

CHILD = """
import shm, sys
memory = shm.memory(shm.getshmid(int(sys.argv[1])))
memory.attach()
assert memory.read(5) == "hello"
memory.write("world")
shm.semaphore(shm.getsemid(int(sys.argv[1]))).V()
"""


def free_key():
    key = 0x5A000000 + os.getpid()
    while shm.memory_haskey(key) or shm.semaphore_haskey(key):
        key += 1
    return key


def talk(key):
    memory = shm.create_memory(key, 100)
    semaphore = shm.create_semaphore(key, 0)
    try:
        memory.attach()
        memory.write("hello")
        subprocess.check_call([sys.executable, "-c", CHILD, str(key)])
        semaphore.P()
        assert memory.read(5) == "world"
        memory.detach()
    finally:
        shm.remove_memory(memory.shmid)
        shm.remove_semaphore(semaphore.semid)


for module in (libshm, shm, shm_wrapper):
    assert module.__file__.startswith(sys.prefix), module.__file__
assert shm.version() == sys.argv[1], shm.version()
talk(free_key())
print(shm.backend())
END

environment_of_its_own()
{
    "$python" -m venv "$work/venv-$tag" >"$work/venv.log" 2>&1 || {
        cat "$work/venv.log"
        skip "$python makes no environments with pip (Debian: python3-venv)"
    }
}

install_both()
{
    environment_of_its_own
    bin=$work/venv-$tag/bin
    "$bin/python" -m pip install "$top" "$top/compat/python"
    "$bin/python" -m pip check
    for name in libshm libshm-legacy; do
        "$bin/python" -m pip show -f "$name" | sed 's/^/    /'
    done
    cd "$work"
    "$bin/python" talk.py "$VERSION"
    cd "$OLDPWD"
    if find "$work/venv-$tag" -name 'libshm.so*' | grep .; then
        fail "a shared library was installed"
    fi
    "$bin/python" -m pip uninstall -y libshm libshm-legacy
}

for_each '3.*' install_both
