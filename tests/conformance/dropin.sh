# What the scripts here share. shellcheck shell=sh
. "${srcdir:-.}/tests/dropin/run.sh"

# conform NAME: the program of this suite, with the drop-in library before it
conform()
{
    LIBSHM_CONFORM_DROP_IN=1
    export LIBSHM_CONFORM_DROP_IN
    run "tests/conformance/conform_$1"
}
