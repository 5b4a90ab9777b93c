#!/bin/bash
# What ends a run before its time: a signal, the deadline. It says what it has
# found so far and frees what is half open at the peer.
# shellcheck disable=SC1091,SC2154,SC2016,SC2015 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"

# ends NAME STATUS SIGNAL AFTER EXPRESSION COMMAND...: as try, with SIGNAL sent AFTER so many seconds.
ends()
{
    local name=$1 status=$2 signal=$3 after=$4 expression=$5
    shift 5
    try "$name" "$status" "$expression && \$summary->{interrupted}" \
        timeout --foreground --preserve-status -k 20 -s "$signal" "$after" "$@"
}

freed='1 == grep({ $_->{flags} eq "RST" } @out) && (grep { $_->{flags} eq "RST" } @out)[0]{seq} == '
for signal in INT TERM; do
    ends "SIG$signal in synack" 0 $signal 1.6 \
        '$r{end} eq "truncated" && $r{ended_by} eq "interrupt" && '"$freed"'($r{iss} + 1) % 2**32' \
        tcpshake lab synack --json
    ends "SIG$signal while waiting for the peer to close" 0 $signal 0.8 \
        '$r{outcome} eq "open" && $r{close}{kind} eq "rst" && '"$freed"'($r{iss} + 1) % 2**32 &&
            "@{$segments[-1]{peer_states}}" =~ /^CLOSED( LISTEN)?$/' \
        tcpshake lab open --close wait --json
    ends "SIG$signal in FIN-WAIT-2" 0 $signal 0.8 \
        '$r{close}{kind} eq "half" && '"$freed"'($r{iss} + 2) % 2**32' \
        tcpshake lab --app hold open --json
    ends "SIG$signal before any answer" 3 $signal 0.8 '$r{outcome} eq "error"' \
        tcpshake lab --app filtered open --json
done
ends "SIGINT in the middle of --repeat: no further session" 0 INT 1.5 '@results == 1' \
    tcpshake lab synack --repeat 9 --json

# The text says it too.
timeout --foreground --preserve-status -s INT 1.6 tcpshake lab synack >"$work/text" 2>&1
verdict "the summary is printed for people too" "$(
    grep -q '^end .*truncated' "$work/text" && grep -q '^gaps .*1\.' "$work/text" || cat "$work/text")"

# SIGQUIT asks and does not end.
timeout --preserve-status -s QUIT 1.5 tcpshake lab synack --json --listen 3s >"$work/out" 2>"$work/err"
verdict "SIGQUIT: a line on stderr, and on it goes" "$(
    untrue '$r{end} eq "truncated" && $r{ended_by} eq "listen" && $r{waited_s} >= 3' "$work/out"
    grep -q gaps "$work/err" || cat "$work/err")"

# bounded NAME STATUS EXPRESSION ARGUMENTS...: -w ends it, whatever it waits for.
bounded()
{
    local name=$1 status=$2 expression=$3 start=$SECONDS
    shift 3
    try "-w bounds $name" "$status" "$expression" timeout -k 1 60 tcpshake lab "$@" --json -w 1s
    verdict "-w bounds $name in time" "$([ $((SECONDS - start)) -lt 10 ] || echo "$((SECONDS - start)) s")"
}
bounded "an open without an answer" 3 '$r{outcome} eq "filtered"' --app filtered open
bounded "a peer that never closes" 0 '$r{close}{kind} eq "half"' --app hold open
bounded "the wait for its close" 0 '$r{close}{kind} eq "rst"' open --close wait
bounded "synack" 0 '$r{end} eq "truncated" && $out[-1]{flags} eq "RST"' synack
bounded "data that is not taken" 0 '$r{data_acknowledged} < $r{data_sent}' \
    --app hold --sysctl net.ipv4.tcp_rmem='4096 4096 4096' open --say "@$(
        head -c 60000 /dev/zero >"$work/much"
        echo "$work/much"
    )"
valid
finish
