# What the scripts of this folder share; they run in the folder of the build.
# shellcheck shell=sh disable=SC2034 # variables are for those who read this

: "${srcdir:=.}"
top=$(cd "$srcdir" && pwd)
table=$PWD/compat/python/interpreters
IFS_before=$IFS

PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
unset PYTHONPATH

skip()
{
    echo "skipped: $*"
    exit 77
}

fail()
{
    echo "failed: $*"
    exit 1
}

# for_each PATTERN COMMAND...: runs it with tag, python, suffix and site of each interpreter whose
# version matches; false if one fails, and a skip if there is none
for_each()
{
    pattern=$1
    shift
    tried=0 failed=0
    while IFS='|' read -r tag python limited suffix site includes <&3; do
        IFS=$IFS_before
        # The pattern is one of the shell's.
        # shellcheck disable=SC2254
        case $tag in
        $pattern) tried=$((tried + 1)) ;;
        *) continue ;;
        esac
        echo "---- $python"
        "$@" || failed=1
    done 3<"$table"
    [ "$tried" != 0 ] || skip "no CPython $pattern is configured"
    return "$failed"
}

# tree BACKEND: where the modules for the interpreter can be imported from
tree()
{
    echo "$PWD/compat/python/$1-$tag"
}

# interpreter NUMBER BACKEND: tells tests of one interpreter how to start one of version NUMBER
interpreter()
{
    while IFS='|' read -r other path rest <&4; do
        case $other in
        "$1".*)
            export "LIBSHM_TEST_PYTHON$1=$path" "LIBSHM_TEST_PYTHON$1_TREE=$PWD/compat/python/$2-$other"
            break
            ;;
        esac
    done 4<"$table"
}

# environment BACKEND: what the tests find in theirs
environment()
{
    LIBSHM_TEST_BACKEND=$1
    LIBSHM_TEST_BUILD=$PWD
    LIBSHM_TEST_PROGRAMS=$PWD/tests/python/$1
    LIBSHM_TEST_SOURCE=$top
    PYTHONPATH=$(tree "$1"):$top/tests/python
    export LIBSHM_TEST_BACKEND LIBSHM_TEST_BUILD LIBSHM_TEST_PROGRAMS LIBSHM_TEST_SOURCE PYTHONPATH
    interpreter 2 "$1"
    interpreter 3 "$1"
}

# scratch_folder: makes $work, which is removed at the end
scratch_folder()
{
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
}
