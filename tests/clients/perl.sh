#!/bin/sh
# Perl: its own functions and the classes of IPC::SysV, and the module IPC::Shareable.
set -u
. "${0%/*}/common.sh"

needs perl
perl -MIPC::SysV -e 1 2>/dev/null || skip "IPC::SysV is not installed"

both segments "m mk" perl "$here/sysv.pl" segments
both semaphores "s sk" perl "$here/sysv.pl" semaphores
both queues "q qk" perl "$here/sysv.pl" queues
if perl -MIPC::Shareable -e 1 2>/dev/null; then
    both IPC::Shareable "m mk s sk" perl "$here/shareable.pl"
else
    echo "skipped $name, $mode: IPC::Shareable is not installed"
fi
finish
