#!/bin/sh
# Other projects have a libshm.so as well, whose name has no version. Theirs and ours work in one
# process, whichever is loaded first, and whether or not our extension needs our library.
set -eu
. "${srcdir:-.}/tests/python/support.sh"

scratch_folder
# In a folder of its own, or Python would take it for a module.
dummy=$work/dummy
mkdir "$dummy"
echo 'int dummy_answer(void); int dummy_answer(void) { return 42; }' >"$dummy/dummy.c"
# The compiler may be a command with options, such as "gcc -m64".
# shellcheck disable=SC2086
$CC $PROGRAM_CFLAGS -shared -fPIC -Wl,-soname,libshm.so -o "$dummy/libshm.so" "$dummy/dummy.c"

cat >"$work/both.py" <<'END'
import ctypes
import sys


def load_theirs():
    theirs = ctypes.CDLL("libshm.so", ctypes.RTLD_GLOBAL)
    assert theirs.dummy_answer() == 42


def load_ours():
    import shm
    segment = shm.create_memory(0, 10)
    try:
        segment.attach()
        segment.write("x")
        assert segment.read(1) == "x"
        segment.detach()
    finally:
        shm.remove_memory(segment.shmid)


{"theirs": load_theirs, "ours": load_ours}[sys.argv[1]]()
load_theirs()
load_ours()
END

# together FOLDER PATH: in both orders, then with theirs in every program that starts
together()
{
    for order in theirs ours; do
        PYTHONPATH=$1 LD_LIBRARY_PATH=$dummy:$2 "$python" "$work/both.py" "$order" ||
            fail "$1, $order first"
    done
    PYTHONPATH=$1 LD_LIBRARY_PATH=$dummy:$2 LD_PRELOAD=$dummy/libshm.so "$python" "$work/both.py" theirs ||
        fail "$1, preloaded"
}

# The tree, but with the extension that is installed.
installed_tree()
{
    rm -rf "$work/installed"
    cp -R -L "$(tree posix)" "$work/installed"
    cp compat/python/library-"$tag"/libshm/_shm*.so "$work/installed/libshm"
}

both_ways()
{
    together "$(tree posix)" ""
    together "$(tree sysv)" ""
    installed_tree
    together "$work/installed" "$PWD/.libs"
}

for_each '*' both_ways
