#!/bin/sh
# Python's module sysv_ipc (python3-sysv-ipc).
set -u
. "${0%/*}/common.sh"

python=/usr/bin/python3 # the one that Debian's modules are for
"$python" -c 'import sysv_ipc' 2>/dev/null || skip "python3-sysv-ipc is not installed"

both segments "m mk" "$python" "$here/sysv_client.py" segments
both semaphores "s sk" "$python" "$here/sysv_client.py" semaphores
both queues "q qk" "$python" "$here/sysv_client.py" queues
finish
