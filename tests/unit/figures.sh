#!/bin/bash
# `tcpshake figures`: the library in the program is that of the source tree, every figure in it can
# be played by one end at least, and the check tells good files from bad ones.
set -u
export LC_ALL=C.UTF-8 PATH=$PWD:$PATH
srcdir=${srcdir:-.}

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC1091
. "$srcdir/tests/points.sh"

# answers NAME STATUS STDOUT STDERR COMMAND...
answers()
{
    local name=$1 status=$2 out=$3 err=$4
    shift 4
    "$@" >"$work/out" 2>"$work/err"
    local got=$?
    verdict "$name" "$(
        [ "$got" -eq "$status" ] || echo "exit status $got, expected $status"
        diff <(printf '%s' "$out") "$work/out"
        diff <(printf '%s' "$err") "$work/err")"
}

# The ways into a state stand last, behind an empty line.
mapfile -t files < <(cd "$srcdir/figures" && printf '%s\n' *.fig | sort && printf '%s\n' ways/*.fig | sort)

verdict "the list names every figure, in order" "$(
    diff <(tcpshake figures | sed -nE 's/^([^ ]+) .*/\1/p') <(printf '%s\n' "${files[@]%.fig}"))"
verdict "the ways stand apart" "$(
    diff <(tcpshake figures | sed '1,/^$/d' | sed -nE 's/^([^ ]+) .*/\1/p') \
        <(printf '%s\n' "${files[@]%.fig}" | grep ^ways/))"
verdict "the list fits into 80 columns" "$(tcpshake figures | grep -E '.{81}')"
verdict "every figure has a title, a source and a reason" "$(
    for file in "${files[@]}"; do
        for header in title cite about; do
            grep -qE "^$header: +[^ ]" "$srcdir/figures/$file" || echo "$file has no $header:"
        done
    done)"
verdict "the program holds the sources as they are" "$(
    for file in "${files[@]}"; do
        tcpshake figures "${file%.fig}" | cmp - "$srcdir/figures/$file" 2>&1
    done)"
verdict "every figure can be played as A" "$(
    (cd "$srcdir/figures" && tcpshake figures --check "${files[@]}" 2>&1) |
        grep -vE '^[a-z0-9/-]+\.fig: ok($| as A only: )')"

printf '1. CLOSED LISTEN\n2. SYN-SENT --> <SEQ=1><CTL=SYN> -->\n' >"$work/good"
printf '1. CLOSED LISTEN\n2. SYN-SENT --> <SEQ=1><CLT=SYN> -->\n' >"$work/typo"
printf '1. CLOSED LISTEN\n2. ESTABLISHED LISTEN\n' >"$work/state"
answers "good and bad files" 2 "$work/good: ok
" "$work/typo:2:25: expected a field: SEQ ACK CTL DATA WIN MSS WS SACK TS URG OPT BADSUM TTL
tcpshake figures: cannot read $work/none: No such file or directory
$work/state:2:4: A cannot be in ESTABLISHED here, expected CLOSED|LISTEN or a segment before that leads there
" tcpshake figures --check "$work/typo" "$work/none" "$work/good" "$work/state"
answers "standard input" 0 "-: ok
" "" tcpshake figures --check - <"$work/good"
answers "a figure that is none" 2 "" \
    "tcpshake figures: there is no figure 'x'; 'tcpshake figures' lists them
" tcpshake figures x
answers "a figure that is too long" 2 "" "-:1:1: more than 65536 octets, expected a figure
" tcpshake figures --check - < <(head -c 70000 /dev/zero)
verdict "what cannot be written is said" "$(
    tcpshake figures >/dev/full 2>"$work/err" && echo "exit status 0"
    grep -q 'cannot write standard output' "$work/err" || cat "$work/err")"
echo "1..$points"
