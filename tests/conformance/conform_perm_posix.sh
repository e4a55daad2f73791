#!/bin/sh
# conform_perm with the drop-in library in the kernel's place. It kills users half-way in making objects:
# what no key leads to waits for whoever collects it, S5.19.
set -eu
. "${srcdir:-.}/tests/conformance/dropin.sh"
conform perm
tests/shmtool_posix gc
