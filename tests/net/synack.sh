#!/bin/bash
# `synack` against a kernel told how often to repeat its SYN-ACK: the count, the gaps by their
# ratios alone, how and why the listening ended, and the reset that frees the peer's entry. Most of the
# time is spent waiting, so all of it runs side by side.
# shellcheck disable=SC1091,SC2154,SC2016,SC2015 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"

names=() statuses=() expressions=() pids=()

# later NAME STATUS EXPRESSION COMMAND...: as try, but in the background.
later()
{
    local i=${#names[@]}
    names+=("$1") statuses+=("$2") expressions+=("$3")
    shift 3
    "$@" >"$work/$i.out" 2>"$work/$i.err" &
    pids+=($!)
}

collect()
{
    local i status
    for i in "${!names[@]}"; do
        wait "${pids[i]}"
        status=$?
        judge "${names[i]}" "${statuses[i]}" "$status" "${expressions[i]}" "$work/$i"
    done
}

doubling='!grep({ $_ < 1.5 || $_ > 2.5 } ratios(@{$r{gaps_us}}))'
one_syn='1 == grep({ $_->{flags} eq "SYN" } @out) && !grep({ $_->{flags} =~ /ACK/ } @out)'
freed='$out[-1]{flags} eq "RST" && $out[-1]{seq} == ($r{iss} + 1) % 2**32 && @out == 2'
# What is silent has been so for more than twice the last gap, and for 15 s.
patient='$r{end} eq "silence" && $r{ended_by} eq "patience" &&
    $r{waited_s} - $r{lived_s} > 2 * ($r{gaps_us}[-1] // 0) / 1e6 && $r{waited_s} - $r{lived_s} > 14.9'

for retries in 0 1 2; do
    for six in '' -6; do
        later "tcp_synack_retries=$retries${six:+, IPv6}" 0 \
            "\$r{outcome} eq 'open' && \$r{retransmissions} == $retries && @{\$r{gaps_us}} == $retries &&
                $one_syn && $freed && $patient && $doubling && \$r{rtt_us} > 0" \
            tcpshake lab $six --sysctl net.ipv4.tcp_synack_retries=$retries synack --json
    done
done
# What is told of the peer: this kernel, by what it did and what it does by default; by nobody else alone.
linux='$r{nearest}[0]{stack} =~ /^Linux 3\.1/ && $r{nearest}[0]{default_tries} == 5 && $r{nearest}[0]{distance} < 0.05'
told='(grep { $_->{stack} =~ /^Linux 3\.1/ } $r{nearest}[0], @{$r{alternatives}})'
later "two tries: Linux, by its timing" 0 \
    "$linux && "'$r{nearest}[0]{tries} == 2 && $r{nearest}[0]{missing} == 0 && !$r{nearest}[0]{fits} &&
        exists $r{incomplete} && !defined $r{incomplete} && !$r{doubtful} && $r{rtt_us} < 5e5' \
    tcpshake lab --sysctl net.ipv4.tcp_synack_retries=2 synack --json
later "one try names nobody" 0 '!@{$r{nearest}} && !@{$r{alternatives}} && !defined $r{incomplete} && $r{rtt_us} > 0' \
    tcpshake lab --sysctl net.ipv4.tcp_synack_retries=1 synack --json
for k in 1 2 3; do
    later "SYN,ACK $k of three is lost" 0 \
        '(!@{$r{nearest}} || '"$told"') && (!defined $r{rtt_us} || $r{rtt_us} < 5e5) &&
            '"($k < 3) == defined \$r{incomplete} && ($k == 1) == (\$r{doubtful} && !defined \$r{rtt_us})" \
        tcpshake lab --sysctl net.ipv4.tcp_synack_retries=2 --drop "b-a:SYN,ACK#$k" synack --json
done
later "the first is lost: no Cisco alone, no round trip" 0 \
    "$told"' && $r{nearest}[0]{missing} + @{$r{alternatives}} > 0 && !defined $r{rtt_us} && $r{doubtful} &&
        grep({ $_ eq "late" } @{$r{warnings}})' \
    tcpshake lab --drop b-a:SYN,ACK synack --json --listen 20s
tcpshake lab --drop b-a:SYN,ACK survey --listen 20s >"$work/survey" 2>"$work/survey.err" &
survey=$!

later "no retransmission at all is warned of" 0 '@{$r{warnings}} > 0 && !defined $r{model}' \
    tcpshake lab --sysctl net.ipv4.tcp_synack_retries=0 synack --json
later "SYN cookies are warned of" 0 '@{$r{warnings}} > 0 && $r{retransmissions} == 0' \
    tcpshake lab --sysctl net.ipv4.tcp_syncookies=2 synack --json
later "--listen cuts it short and says so" 0 \
    '$r{end} eq "truncated" && $r{ended_by} eq "listen" && $r{retransmissions} == 2 && '"$freed && $doubling"' &&
        $r{waited_s} >= 5 && $r{waited_s} < 8' \
    tcpshake lab synack --json --listen 5s
later "the fitted model doubles" 0 \
    '$r{model}{fits} && abs($r{model}{factor} / 2 - 1) < 0.25 &&
        abs($r{model}{first_s} * 1e6 / $r{gaps_us}[0] - 1) < 0.25 && @{$r{nearest}} > 0' \
    tcpshake lab synack --json --listen 8s
later "the true state all along" 0 \
    '$r{truth}{outside} == 0 && $r{truth}{readings} > 0 && !grep({ defined $_->{truth} && !$_->{truth_in_set} }
        @segments) && $segments[1]{truth} eq "SYN-RECEIVED"' \
    tcpshake lab --truth synack --json --listen 4s
later "--repeat measures from fresh ports" 0 \
    '@results == 3 && $summary->{sessions} == 3 &&
        3 == keys(%{{map { ($_->{local} => 1) } @results}}) &&
        3 == keys(%{{map { ($_->{iss} => 1) } @results}}) && !grep({ $_->{retransmissions} != 1 } @results)' \
    tcpshake lab synack --json --repeat 3 --listen 2s
later "a closed port" 1 '$r{outcome} eq "closed" && @out == 1' tcpshake lab --app closed synack --json
later "silence" 3 '$r{outcome} eq "filtered" && !@in' tcpshake lab --app filtered synack --json -W 500ms

collect
wait $survey
verdict "the first is lost: no round trip in a survey's record, nor in its summary" "$(
    cat "$work/survey.err"
    untrue "@results == 1 && $told"' && exists $r{rtt_us} && !defined $r{rtt_us} && $r{doubtful} &&
        defined $r{incomplete} && exists $summary->{rtt_us} && !defined $summary->{rtt_us}' "$work/survey")"
cat "$work/survey" >>"$work/records"
valid
finish
