#!/bin/sh
# A plug-in that is loaded with RTLD_DEEPBIND, by a name that is found along the program's own path,
# is served as well. That it would not be by itself shows where the flag exists.
set -eu
. "${srcdir:-.}/tests/dropin/run.sh"

# The address sanitizer hides who is asking, and refuses the flag.
if ! tests/dropin/host --find; then
    LD_LIBRARY_PATH=$PWD/tests/dropin/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    export LD_LIBRARY_PATH
fi
run tests/dropin/host
echo "the plug-in is served"

# Nothing is wrapped where there is no such flag.
if [ -e .libs/libshm-sysv-deepbind.so ]; then
    without=$(find "$PWD/.libs" -name 'libshm-sysv.so.*' | head -n 1)
    if (LD_PRELOAD=$without exec tests/dropin/host); then
        echo "it is also served without the wrapper: the test shows nothing"
        exit 1
    fi
fi
