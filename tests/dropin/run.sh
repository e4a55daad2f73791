# What the scripts here share.
#
# shellcheck shell=sh

# run PROGRAM ARGUMENT...: with the drop-in library before it; the address sanitizer wants to be first
run()
{
    ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0 compat/sysv/shm-run "$@"
}
