#!/bin/sh
# What the drop-in library has for others is the standard's names, all of them and nothing else, as a
# shared library and as an archive.
set -u
LC_ALL=C
export LC_ALL

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
seen=0

# With two widths of time_t, what has a time among its arguments has two names.
plain='msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget'
both="$plain __msgctl64 __semctl64 __semtimedop64 __shmctl64"
one_wide='msgctl msgget msgrcv msgsnd semctl semget semop __semtimedop_time64 shmat shmctl shmdt shmget'

# words FILE: sorted, one line
words()
{
    grep -vxE '_init|_fini|_edata|_end|__bss_start|' "$1" | sort -u | tr '\n' ' '
}

# sorted WORD...
sorted()
{
    printf '%s\n' "$@" | sort -u | tr '\n' ' '
}

# expect WHAT FILE SET...: the names in the file are one of the sets
expect()
{
    what=$1
    names=$(words "$2")
    shift 2
    seen=$((seen + 1))
    for set in "$@"; do
        # Words are wanted.
        # shellcheck disable=SC2086
        [ "$names" = "$(sorted $set)" ] && return
    done
    echo "$what has other names than it should: $names"
    failed=1
}

# A command with options, such as "nm -B".
# shellcheck disable=SC2086
if [ -e .libs/libshm-sysv.so ]; then
    $NM -D --defined-only .libs/libshm-sysv.so | sed 's/.* //; s/@.*//' >"$work/shared"
    expect libshm-sysv.so "$work/shared" "$plain" "$both" "$one_wide"
fi
# shellcheck disable=SC2086
if [ -e libshm-sysv.a ]; then
    $NM -g --defined-only libshm-sysv.a | sed -n 's/.* [A-Z] //p' >"$work/static"
    expect libshm-sysv.a "$work/static" "$plain" "$both" "$one_wide"
fi
# shellcheck disable=SC2086
if [ -e .libs/libshm-sysv-deepbind.so ]; then
    $NM -D --defined-only .libs/libshm-sysv-deepbind.so | sed 's/.* //; s/@.*//' >"$work/deepbind"
    expect libshm-sysv-deepbind.so "$work/deepbind" 'dlmopen dlopen'
fi

# Owners and users are the kernel's: what others wrap is not called (stat is, where there is no statx).
# shellcheck disable=SC2086
if [ -e .libs/libshm-sysv.so ] &&
    $NM -D --undefined-only .libs/libshm-sysv.so | sed 's/.* //; s/@.*//' |
    grep -xE 'geteuid|getegid|getgroups|fchmod|fchown|lchown|unlink|shm.*|sem(get|op|ctl).*|msg.*'; then
    echo "^ called by the library through a name that others may have"
    failed=1
fi

echo "$seen libraries"
[ "$seen" -gt 0 ] && [ "$failed" = 0 ]
