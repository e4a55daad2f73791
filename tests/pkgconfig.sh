#!/bin/sh
# A program is built with nothing but pkg-config's answers and runs: from the build tree, and after
# `make install` into a staging folder; and `make uninstall` leaves no file there.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "$PKG_CONFIG" ]; then
    echo "there is no pkg-config"
    exit 77
fi

cat >"$work/program.c" <<'END'
#include <libshm/arrays.h>
#include <libshm/shm.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    printf("%s %s\n", shm_version(), shm_backend());
    return strcmp(shm_version(), LIBSHM_VERSION) != 0;
}
END

# try NAME LIBRARY_FOLDER: builds and runs the program with the answers of $PKG_CONFIG
try()
{
    # Words are wanted: these are lists of options.
    # shellcheck disable=SC2046,SC2086
    $CC $PROGRAM_CFLAGS $($PKG_CONFIG --cflags libshm) -o "$work/program" "$work/program.c" \
        $($PKG_CONFIG --libs libshm)
    answer=$(LD_LIBRARY_PATH=$2${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$work/program")
    echo "$1: $answer"
    [ "$answer" = "$VERSION $($PKG_CONFIG --variable=backend libshm)" ]
    [ "$($PKG_CONFIG --modversion libshm)" = "$VERSION" ]
}

cat >"$work/dropin.c" <<'END'
#include <sys/ipc.h>
#include <sys/shm.h>

int main(void)
{
    return shmget(IPC_PRIVATE, 1, 0600) < 0;
}
END

# try_dropin LIBRARY_FOLDER: the same of the standard's names, which leave a file and nothing in the kernel
try_dropin()
{
    mkdir -m 700 "$work/store"
    # shellcheck disable=SC2046,SC2086
    $CC $PROGRAM_CFLAGS $($PKG_CONFIG --cflags libshm-sysv) -o "$work/dropin" "$work/dropin.c" \
        $($PKG_CONFIG --libs libshm-sysv)
    LD_LIBRARY_PATH=$1${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} LIBSHM_DIR=$work/store "$work/dropin"
    find "$work/store" -name 'libshm.*.m.*' | grep -q .
    [ "$($PKG_CONFIG --modversion libshm-sysv)" = "$VERSION" ]
    echo "the drop-in, installed"
}

PKG_CONFIG_PATH=$PWD/libshm
export PKG_CONFIG_PATH
try "build tree" ""

# The make that runs this test must not hand its options on.
unset MAKEFLAGS MFLAGS MAKELEVEL
stage=$work/stage
"$MAKE" install DESTDIR="$stage" >"$work/install.log" 2>&1 || { cat "$work/install.log"; exit 1; }
unset PKG_CONFIG_PATH
PKG_CONFIG_LIBDIR=$stage$PKGCONFIG_FOLDER
PKG_CONFIG_SYSROOT_DIR=$stage
export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
try "installed" "$stage$LIBRARY_FOLDER"
if [ -e "$stage$PKGCONFIG_FOLDER/libshm-sysv.pc" ]; then
    try_dropin "$stage$LIBRARY_FOLDER"
fi
if grep -rF "$PWD" "$stage$PKGCONFIG_FOLDER"; then
    echo "^ this file names the build folder"
    exit 1
fi

"$MAKE" uninstall DESTDIR="$stage" >"$work/uninstall.log" 2>&1 || { cat "$work/uninstall.log"; exit 1; }
if find "$stage" ! -type d | grep .; then
    echo "^ left by make uninstall"
    exit 1
fi
