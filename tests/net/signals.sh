#!/bin/bash
# What ends a run before its time: a signal, the deadline. It says what it has
# found so far and frees what is half open at the peer.
# shellcheck disable=SC1091,SC2154,SC2016,SC2015 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"

# ends NAME STATUS SIGNAL COUNT PATTERN EXPRESSION COMMAND...: as try, with SIGNAL sent when there are COUNT
# records with PATTERN. A segment is in a record when something has happened after it.
ends()
{
    local name=$1 status=$2 expression=$6
    try "$name" "$status" "$expression && \$summary->{interrupted}" signalled "${@:3:3}" "${@:7}"
}

freed='1 == grep({ $_->{flags} eq "RST" } @out) && (grep { $_->{flags} eq "RST" } @out)[0]{seq} == '
syn='"dir":"out".*"flags":"SYN"'
syn_ack='"flags":"SYN,ACK"'
for signal in INT TERM; do
    ends "SIG$signal in synack" 0 $signal 1 "$syn_ack" \
        '$r{end} eq "truncated" && $r{ended_by} eq "interrupt" && '"$freed"'($r{iss} + 1) % 2**32' \
        tcpshake lab synack --json
    ends "SIG$signal while waiting for the peer to close" 0 $signal 1 "$syn_ack" \
        '$r{outcome} eq "open" && $r{close}{kind} eq "rst" && '"$freed"'($r{iss} + 1) % 2**32 &&
            "@{$segments[-1]{peer_states}}" =~ /^CLOSED( LISTEN)?( ESTABLISHED)?$/' \
        tcpshake lab open --close wait --json
    ends "SIG$signal in FIN-WAIT-2" 0 $signal 1 '"flags":"FIN,ACK"' \
        '$r{close}{kind} eq "half" && '"$freed"'($r{iss} + 2) % 2**32' \
        tcpshake lab --app hold open --json
    ends "SIG$signal before any answer" 3 $signal 1 "$syn" '$r{outcome} eq "error"' \
        tcpshake lab --app filtered open --json
done
ends "SIGINT in the middle of --repeat: no further session" 0 INT 1 "$syn_ack" '@results == 1' \
    tcpshake lab synack --repeat 9 --json

# The text says it too. It is written at the end; the capture shows how far it has come.
start tcpshake lab synack --pcapng "$work/pcapng"
await has 1 'retransmission 1' "$work/pcapng"
kill -s INT $pid
reap
verdict "the summary is printed for people too" "$(
    grep -q '^end .*truncated' "$work/try.out" && grep -q '^gaps .*1\.' "$work/try.out" ||
        cat "$work/try.out" "$work/try.err")"

# SIGQUIT asks and does not end.
signalled QUIT 1 "$syn_ack" tcpshake lab synack --json --listen 5s
verdict "SIGQUIT: a line on stderr, and on it goes" "$(
    untrue '$r{end} eq "truncated" && $r{ended_by} eq "listen" && $r{waited_s} >= 5' "$work/try.out"
    grep -q gaps "$work/try.err" || cat "$work/try.err")"

# bounded NAME STATUS EXPRESSION ARGUMENTS...: -w ends it, whatever it waits for.
bounded()
{
    local name=$1 status=$2 expression=$3
    shift 3
    try "-w bounds $name" "$status" "$expression" timeout -k 5 300 tcpshake lab "$@" --json -w 1s
}
# What waits for longer than a second if -w does not bound it.
bounded "an open without an answer" 3 '$r{outcome} eq "filtered" && @out < 4' --app filtered open
bounded "a peer that never closes" 0 '$r{close}{kind} eq "half"' --app hold open -W 1000s
bounded "the wait for its close" 0 '$r{close}{kind} eq "rst"' open --close wait -W 1000s
bounded "synack" 0 '$r{end} eq "truncated" && $out[-1]{flags} eq "RST"' synack
bounded "data that is not taken" 0 '$r{data_acknowledged} < 60_000' \
    --app hold --sysctl net.ipv4.tcp_rmem='4096 4096 4096' open --say "@$(
        head -c 60000 /dev/zero >"$work/much"
        echo "$work/much"
    )"
valid
finish
