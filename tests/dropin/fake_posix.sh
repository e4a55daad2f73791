#!/bin/sh
# Beside a preloaded object that makes owners and users up, and asks a daemon for them by System V
# IPC, as fakeroot does, the library works and looks at what is real.
set -eu
. "${srcdir:-.}/tests/dropin/run.sh"

run tests/dropin/faked "$PWD/tests/dropin/.libs/dropin_faker.so"
