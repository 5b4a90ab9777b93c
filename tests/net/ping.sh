#!/bin/bash
# `ping` against a kernel in the lab: what comes of a SYN to an open, a closed and a silent port and to
# nobody, its options, its signals, its live line, and a wire that loses and doubles: no retransmission
# is an answer or gives an RTT.
# shellcheck disable=SC1091,SC2154,SC2016,SC2015 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
needs_lab

numbered='"@{[sort { $a <=> $b } map { $_->{seq} } @results]}" eq "@{[1 .. @results]}"'
sums='$summary->{transmitted} == @results && $summary->{answered} == $summary->{open} + $summary->{closed} &&
    $summary->{transmitted} == $summary->{answered} + $summary->{filtered} + $summary->{unreachable} +
        $summary->{awaited}'
# The statistics are those of the results: the ends exactly, the median within 0.5 %.
measured='do {
    my @rtt = sort { $a <=> $b } grep { defined } map { $_->{rtt_us} } @results;
    my $median = $rtt[int((@rtt + 1) / 2) - 1];
    my $of = $summary->{rtt_us};
    @rtt && $of->{min} == $rtt[0] && $of->{max} == $rtt[-1] && abs($of->{p50} / $median - 1) < 0.005 }'
# all_of OUTCOME COUNT: every result is that, and there are so many.
all_of()
{
    echo '!grep({ $_->{outcome} ne "'"$1"'" } @results) && @results == '"$2 && $numbered && $sums"
}

for six in '' -6; do
    # shellcheck disable=SC2086 # nothing or an option
    {
        try "open${six:+, IPv6}" 0 \
            "$(all_of open 5)"' && '"$measured"' && $summary->{loss} == 0 && $r{peer_win} > 0 &&
                $r{peer_options}{mss} > 0 && 5 == keys(%{{map { ($_->{iss} => 1) } @results}})' \
            tcpshake lab $six ping -c 5 -i 20ms --json
        try "closed${six:+, IPv6}" 1 "$(all_of closed 3) && $measured"' && !defined $r{irs}' \
            tcpshake lab $six --app closed ping -c 3 -i 20ms --json
        try "silence${six:+, IPv6}" 3 \
            "$(all_of filtered 2)"' && $summary->{loss} == 1 && !defined $summary->{rtt_us} &&
                !defined $r{rtt_us}' \
            tcpshake lab $six --app filtered ping -c 2 -i 20ms -W 100ms --json
    }
done
try "nobody there" 3 "$(all_of unreachable 1)"' && $r{reason} =~ /next hop/' \
    tcpshake lab ping -c 1 -W 200ms --json 192.0.2.77:80

# A router says so; the namespace is this test's own.
unshare -n sleep 300 &
router=$!
at_router()
{
    nsenter -t $router -n "$@"
}
until [ "$(readlink /proc/$router/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
if ip link add ours0 type veth peer name theirs0 netns $router 2>/dev/null; then
    ip addr add 10.7.0.1/24 dev ours0 && ip link set ours0 up && ip route add 198.51.100.0/24 via 10.7.0.2
    at_router ip addr add 10.7.0.2/24 dev theirs0 && at_router ip link set theirs0 up
    at_router sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratemask=0
    at_router ip route add unreachable 198.51.100.1 && at_router ip route add prohibit 198.51.100.2
    try "a router says unreachable" 3 \
        "$sums"' && !grep({ $_->{outcome} ne "unreachable" || $_->{icmp}{type} != 3 ||
            $_->{icmp}{code} != ($_->{session} == 1 ? 1 : 13) || $_->{icmp}{from} ne "10.7.0.2" } @results) &&
            @results == 2 && $summary->{targets}[1]{unreachable} == 1' \
        tcpshake ping -c 1 --json 198.51.100.1:80 198.51.100.2:80
    tcpshake ping -c 1 198.51.100.1 80 >"$work/text" 2>&1
    verdict "and the text has it in a line" "$(
        grep -qx '198.51.100.1:80: seq=1 ICMP host unreachable from 10.7.0.2 \[unreachable\]' "$work/text" &&
            grep -qx '1 unreachable' "$work/text" || cat "$work/text")"
else
    skip "a router says unreachable" "no veth here"
fi
kill $router

# ---- what people read ----
# says NAME PATTERN COMMAND...: every line of the output, in order, as the extended regular expressions
# in the lines of PATTERN have them.
says()
{
    local name=$1 wrong='' i
    local -a patterns lines
    mapfile -t patterns <<<"$2"
    shift 2
    "$@" >"$work/text" 2>&1 </dev/null
    mapfile -t lines <"$work/text"
    for i in "${!patterns[@]}"; do
        [[ ${lines[i]-} =~ ^${patterns[i]}$ ]] || wrong+="line $((i + 1)) is not ${patterns[i]}"$'\n'
    done
    [ ${#lines[@]} -eq ${#patterns[@]} ] || wrong+="${#lines[@]} lines"
    verdict "$name" "${wrong:+$wrong$'\n'$(cat "$work/text")}"
}
ms='[0-9]+\.[0-9]{3}'
line='flags=SA win=[0-9]+ ttl=64 mss=1460 ws=[0-9]+ sackOK ts rtt='"$ms"' ms \[open\]'
head='PING 192\.0\.2\.2:[0-9]+ by SYN \(lab-ours\), times: kernel software stamps, ns'
rtt="rtt min/avg/max/mdev = $ms/$ms/$ms/$ms ms
rtt p50/p95/p99 = $ms/$ms/$ms ms, jitter $ms ms"
says "a line a probe and the statistics" "$head
192\.0\.2\.2:7: seq=1 $line
192\.0\.2\.2:7: seq=2 $line

--- 192\.0\.2\.2:7 ping statistics ---
2 SYNs transmitted, 2 answered \(open\), 0% loss, [0-9]+\.[0-9]{3} s
$rtt" tcpshake lab ping -c 2 -i 20ms
says "-q: the statistics only" "$head
--- 192\.0\.2\.2:5003 ping statistics ---
2 SYNs transmitted, 2 answered \(closed\), 0% loss, [0-9]+\.[0-9]{3} s
$rtt" tcpshake lab --app closed ping -c 2 -i 20ms -q
now=$(date +%s)
says "-D: the time before each line" "$head
\[($((now / 100))|$((now / 100 + 1)))[0-9]{2}\.[0-9]{6}\] 192\.0\.2\.2:7: seq=1 $line
.*
--- .*
.*
.*
.*" tcpshake lab ping -c 1 -D
says "-v: the numbers too" "$head
--seed 5 repeats it
192\.0\.2\.2:7: seq=1 $line
    from 192\.0\.2\.1:[0-9]+, iss [0-9]+, irs [0-9]+, mss 1460, .*
.*
--- .*
.*
.*
.*" tcpshake lab ping -c 1 -v --seed 5

# ---- targets ----
try "several targets, each in turn" 0 \
    'join(" ", map { "$_->{session}/$_->{seq}" } @results) eq "1/1 2/1 1/2 2/2" && '"$sums"' &&
        $summary->{open} == 2 && $summary->{closed} == 2 && $summary->{targets}[1]{closed} == 2 &&
        $summary->{targets}[0]{rtt_us}{max} <= $summary->{rtt_us}{max}' \
    tcpshake lab ping --json -c 2 -i 40ms 192.0.2.2:7 192.0.2.2:9
try "HOST PORT in two words" 1 '$r{target} eq "192.0.2.2:9"' tcpshake lab ping --json -c 1 192.0.2.2 9
cat >"$work/targets" <<'END'
# the lab's peer
192.0.2.2:7	# echo

  192.0.2.2 9
192.0.2.2:0
192.0.2.2:7
nonsense
[::1
END
printf '192.0.2.2:5003\r' >>"$work/targets"
for from in file stdin; do
    name=$work/targets
    [ $from = file ] || name=-
    tcpshake lab ping --json -c 1 -i 10ms -f "$name" <"$work/targets" >"$work/out" 2>"$work/err"
    status=$?
    cat "$work/out" >>"$work/records"
    verdict "-f: targets from a $from, the bad lines told with their numbers" "$(
        [ $status -eq 0 ] || echo "exit status $status"
        untrue '"@{[map { $_->{target} } @results]}" eq "192.0.2.2:7 192.0.2.2:9 192.0.2.2:5003"' "$work/out"
        [ "$(sed -nE "s,^tcpshake ping: ($work/targets|standard input):([0-9]+): .*,\2,p" "$work/err" |
            xargs)" = "5 7 8" ] || cat "$work/err")"
done
printf 'nonsense\n' >"$work/targets"
tcpshake lab ping -f "$work/targets" >"$work/out" 2>"$work/err"
status=$?
verdict "-f: no line is any good: exit 2" "$(
    [ $status -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 2 ] && grep -q 'no target in' "$work/err" ||
        { echo "exit status $status"; cat "$work/err"; })"

# ---- time ----
try "-w ends it, and what is awaited then is no loss" 3 \
    '@results == 3 && !$summary->{interrupted} && $summary->{awaited} >= 1 && $summary->{elapsed_s} < 50' \
    timeout -k 5 300 tcpshake lab --app filtered ping --json -i 1s -w 2500ms -W 1800ms
try "-i and -c: as many, as far apart" 0 \
    '@results == 20 && do {
        my @gap = map { ($results[$_]{sent_ns} - $results[$_ - 1]{sent_ns}) / 1e6 } 1 .. $#results;
        my $median = (sort { $a <=> $b } @gap)[$#gap / 2];
        $median > 27 && $median < 40 && !grep({ $_ < 1 } @gap) }' \
    tcpshake lab ping --json -c 20 -i 30ms

# asked NAME SIGNAL COUNT STATUS EXPRESSION ERRORS COMMAND...: with SIGNAL after so many results.
asked()
{
    local name=$1 signal=$2 count=$3 expected=$4 expression=$5 errors=$6 status
    shift 6
    signalled "$signal" "$count" '"type":"result"' "$@"
    status=$?
    cat "$work/try.out" >>"$work/records"
    verdict "$name" "$(
        [ $status -eq "$expected" ] || echo "exit status $status"
        untrue "$expression && $sums" "$work/try.out"
        [ "$(grep -c 'ping statistics' "$work/try.err")" -eq "$errors" ] || cat "$work/try.err")"
}
for signal in INT TERM; do
    asked "SIG$signal: the summary, and the end" $signal 2 0 \
        '@results > 1 && $summary->{interrupted} && $summary->{loss} == 0' 0 tcpshake lab ping -i 50ms --json
done
asked "SIGINT before an answer" INT 1 3 \
    '@results > 1 && !grep({ $_->{outcome} ne ($_->{seq} <= @results - $summary->{awaited} ? "filtered" : "error") }
        @results) && $summary->{interrupted} && $summary->{awaited} >= 1' 0 \
    tcpshake lab --app filtered ping -i 500ms -W 3s --json
asked "SIGQUIT: the summary so far on stderr, and on it goes" QUIT 2 0 \
    '@results == 24 && !$summary->{interrupted}' 1 tcpshake lab ping -i 50ms -c 24 --json

# ---- a wire in between ----
# The peer never hears our reset, and sends each SYN-ACK again after a second: it comes while others
# are asked, and long after.
try "a SYN-ACK sent again is no answer and no RTT" 0 \
    "$(all_of open 15)"' && '"$measured"' && $summary->{duplicates} == 0 && $summary->{doubtful} == 0 &&
        $summary->{rtt_us}{max} < 900000' \
    tcpshake lab --drop 'a-b:RST#*' ping --json -c 15 -i 100ms -W 900ms
try "the SYN-ACK is lost: what comes a second later has no RTT" 0 \
    '$r{outcome} eq "open" && $r{doubtful} && !defined $r{rtt_us} && $summary->{doubtful} == 1 &&
        !defined $summary->{rtt_us} && $summary->{loss} == 0' \
    tcpshake lab --drop 'b-a:SYN,ACK#1' ping --json -c 1 -W 5s
try "the SYN-ACK is lost, and nobody waits for the next" 3 \
    '$r{outcome} eq "filtered" && $summary->{answered} == 0' \
    tcpshake lab --drop 'b-a:SYN,ACK#1' ping --json -c 1 -W 500ms
try "what comes twice is one answer" 0 \
    '$summary->{answered} == 3 && $summary->{transmitted} == 3 && $summary->{duplicates} <= 3' \
    tcpshake lab --dup 'b-a:100%' ping --json -c 3 -i 50ms
try "a wire that loses a half" 0 \
    "$sums && $numbered"' && $summary->{filtered} > 5 && $summary->{open} > 5 &&
        abs($summary->{loss} - $summary->{filtered} / 40) < 1e-6' \
    tcpshake lab --loss 'b-a:50%' --seed 7 ping --json -c 40 -i 10ms -W 900ms

# The peer is left with nothing half open.
tcpshake lab sh -c 'tcpshake ping -q -c 50 -i 2ms $PEER >/dev/null && tcpshake open -q $PEER' >"$work/text" 2>&1
verdict "the peer goes on as before" "$(grep -q '^open ' "$work/text" || cat "$work/text")"

# ---- the live line ----
# live COLUMNS TERM LOCALE: what a terminal of these is sent, a line a redrawing.
live()
{
    TERM=$2 LC_ALL=$3 script -qec "stty cols $1 rows 24; exec tcpshake lab ping --live -c 40 -i 20ms" /dev/null \
        </dev/null | sed -E 's/\r/\n/g; s/\x1b\[K//g' >"$work/live"
}
if command -v script >/dev/null && live 80 xterm C.UTF-8 && [ -s "$work/live" ]; then
    for columns in 80 120; do
        live $columns xterm C.UTF-8
        verdict "the live line at $columns columns" "$(
            grep -q '192.0.2.2:7 [▁▂▃▄▅▆▇█×]* last [0-9.]* p50 [0-9.]* p99 [0-9.]* ms [0-9]*/[0-9]*$' "$work/live" ||
                echo "no bars"
            [ "$(wc -L <"$work/live")" -lt "$columns" ] || echo "it is $(wc -L <"$work/live") wide"
            grep -q 'ms 40/40$' "$work/live" || echo "it does not come to its end"
            grep -q 'seq=' "$work/live" && echo "the probes have lines too"
            grep -qx '40 SYNs transmitted, 40 answered (open), .*' "$work/live" || echo "no statistics")"
    done
    live 80 dumb C
    verdict "the live line on a dumb terminal in ASCII" "$(
        grep -q '192.0.2.2:7 [_.:=+*#x-]* last' "$work/live" || echo "no bars"
        LC_ALL=C grep -q '[^ -~]' "$work/live" && echo "more than ASCII")"
else
    skip "the live line" "script(1) is not installed"
fi

# ---- refusals ----
refuses 'at least 1ms\|1ms or more' tcpshake lab ping -i 500us
refuses 'interval' tcpshake lab ping -i 0
refuses 'count' tcpshake lab ping -c 0
refuses 'tcpshake open' tcpshake lab ping --pcapng "$work/x.pcapng"
refuses 'tcpshake open' tcpshake lab ping --mermaid "$work/x.mmd"
refuses 'dry-run' tcpshake lab ping --dry-run
refuses 'isn' tcpshake lab ping --isn 1
refuses 'terminal' tcpshake lab ping --live
refuses 'truth' tcpshake lab --truth ping
refuses 'deaf' tcpshake lab --deaf 5% ping
refuses 'no target' tcpshake ping
refuses 'nosuchfile' tcpshake lab ping -f "$work/nosuchfile"
refuses 'nonsense' tcpshake lab ping nonsense
refuses 'multicast' tcpshake lab ping 192.0.2.2:7 224.0.0.1:7
refuses '1.6ms at least' tcpshake lab ping -i 1ms 192.0.2.2:{1..8}
valid
finish
