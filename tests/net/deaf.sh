#!/bin/bash
# lab --deaf: packets of the peer that are lost on purpose are counted and told, and whatever is lost,
# a run ends with an outcome that is not wrong. N runs (10) from the seed SEED, two at once.
# shellcheck disable=SC1091,SC2154,SC2016 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
needs_lab

runs=${N:-10}
seed=${SEED:-1}

one()
{
    local family=''
    [ $(($1 % 2)) -eq 0 ] || family=-6
    # shellcheck disable=SC2086 # no word for IPv4
    tcpshake lab $family --deaf 30% open --json --say hello --seed "$1" -W 2s -w 6s \
        >"$work/$1.out" 2>"$work/$1.err"
    echo $? >"$work/$1.status"
}

for ((i = seed; i < seed + runs; i += 2)); do
    one "$i" &
    [ $((i + 1)) -ge $((seed + runs)) ] || one $((i + 1)) &
    wait
done
complaints=''
for ((i = seed; i < seed + runs; i++)); do
    complaints+=$(
        cat "$work/$i.err"
        untrue '$r{outcome} eq ("open", "", "", "filtered")[$summary->{exit_code}] &&
            $r{kernel_quiet} && $r{capture_dropped} == @faults &&
            !grep { $_->{fault} ne "capture-dropped" } @faults' "$work/$i.out"
        untrue "\$summary->{exit_code} == $(cat "$work/$i.status")" "$work/$i.out"
    )
    cat "$work/$i.out" >>"$work/records"
done
verdict "$runs runs that miss 30 % end with an outcome and a count of what was missed" "$complaints"
verdict "something was missed" "$(untrue '@faults >= @results / 2' "$work/records")"

try "nothing is missed at 0" 0 '$r{capture_dropped} == 0' tcpshake lab --deaf 0 open --json
for share in 91% -1 %% x ''; do
    tcpshake lab --deaf "$share" open >"$work/out" 2>"$work/err"
    status=$?
    verdict "--deaf '$share' is refused" "$(
        [ "$status" -eq 2 ] || echo "exit status $status, not 2"
        [ ! -s "$work/out" ] || echo "something on stdout"
        [ "$(cat "$work/err")" = "tcpshake lab: --deaf takes a share from 0% to 90%, not '$share'" ] ||
            cat "$work/err")"
done
valid
finish
