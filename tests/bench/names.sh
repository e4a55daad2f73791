#!/bin/sh
# The standard's names: the kernel's beside the drop-in's, in turns, and what the drop-in's take of the
# kernel's time. Medians of five turns each.
#
# names.sh [--quick] [--json FILE]
set -eu

quick='' json=''
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=--quick ;;
    --json) json=$2 && shift ;;
    esac
    shift
done
library=$PWD/.libs/libshm-sysv.so
turns=5
[ -z "$quick" ] || turns=1
[ -e "$library" ] || { echo "no shared library was built: the drop-in is not measured"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LIBSHM_NAMESPACE=${LIBSHM_NAMESPACE:-bench$$}
export LIBSHM_NAMESPACE

# run WHO PRELOADED
run()
{
    # One word or none.
    # shellcheck disable=SC2086
    LD_PRELOAD=$2 tests/bench/bench_names $quick >"$work/turn" &&
        sed "s/^/$1 /" "$work/turn" >>"$work/figures"
}

turn=0
while [ "$turn" -lt "$turns" ]; do
    run kernel '' || { echo "the kernel has no System V IPC here: nothing to compare"; exit 0; }
    run ours "$library"
    turn=$((turn + 1))
done

# of WHO WHAT: the median of the turns, the least and the most, or nothing
of()
{
    awk -v who="$1" -v what="$2" '$1 == who && $2 == what { print $3 }' "$work/figures" |
        sort -n | awk '{ a[NR] = $1 } END { if (NR) print a[int((NR + 1) / 2)], a[1], a[NR] }'
}

# case_of ROLE NAME MEDIAN LEAST MOST
case_of()
{
    printf '{"name": "%s", "role": "%s", "median": %s, "min": %s, "max": %s, "bytes": 0, ' \
        "$2" "$1" "$3" "$4" "$5"
    if [ "$1" = ours ]; then
        printf '"peer": "kernel", "limit": "a file"}'
    else
        printf '"peer": "", "limit": ""}'
    fi
}

# target ROW WHAT OURS OTHER UNIT BOUND: one line of the table of targets; times are in ns
target()
{
    awk -v row="$1" -v what="$2" -v ours="$3" -v other="$4" -v unit="$5" -v bound="$6" 'BEGIN {
        scale = unit == "x" ? other : 1000
        figure = ours / scale
        printf "{\"row\": %d, \"what\": \"%s\", \"unit\": \"%s\", \"value\": %s, \"other\": %s, ", \
            row, what, unit, unit == "x" ? ours : figure, unit == "x" ? other : 0
        printf "\"measured_unit\": \"%s\", \"figure\": %s, \"relation\": \"<=\", ", \
            unit == "x" ? "ns" : unit, figure
        printf "\"bound\": %s, \"met\": %s}", bound, figure <= bound ? "true" : "false" }'
}

# What is asked of a subject, with the words that `of` gives for both.
target_of()
{
    case $1 in
    *uncontended) target 17 "$2" "$3" "$6" x 0.2 ;;
    *ping-pong) target 18 "$2" "$3" "$6" x 1.15 ;;
    shmat*) target 19 "$2" "$3" "$6" us 5 ;;
    *) target 20 "$2" "$3" "$6" x 1 ;;
    esac
}

groups='' targets=''
printf '\nThe standard names: drop-in and kernel\n'
awk '$1 == "ours" && $2 !~ /file$/ { print $2 }' "$work/figures" | sort -u >"$work/subjects"
while read -r what; do
    title=$(echo "$what" | tr _ ' ')
    ours=$(of ours "$what")
    kernel=$(of kernel "$what")
    file=$(of ours "${what%%,*}:_a_file")
    awk -v title="$title" -v ours="${ours%% *}" -v kernel="${kernel%% *}" -v file="${file%% *}" 'BEGIN {
        printf "  %-36s %9.1f ns : %9.1f ns  %6.3f x", title, ours, kernel, ours / kernel
        if (file) printf "  %6.3f x a file of its own", ours / file
        print "" }'
    # Words are wanted: three numbers each.
    # shellcheck disable=SC2086
    {
        cases="$(case_of ours drop-in $ours), $(case_of peer kernel $kernel)"
        [ -z "$file" ] || cases="$cases, $(case_of limit 'a file' $file)"
        targets="$targets${targets:+, }$(target_of "$what" "$title" $ours $kernel)"
    }
    groups="$groups${groups:+, }{\"title\": \"$title\", \"curve\": null, \"x\": 0, \"unit\": \"ns\", \"repeats\": $turns, \"cases\": [$cases]}"
done <"$work/subjects"
[ -z "$json" ] || printf '{"program": "names", "backend": "drop-in", "quick": %s, "optimized": true, "good": true, "remarks": [], "targets": [%s], "groups": [%s]}\n' \
    "$([ -n "$quick" ] && echo true || echo false)" "$targets" "$groups" >"$json"
