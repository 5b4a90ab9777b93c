#!/bin/bash
# `lab self-connect`: the kernel connects a socket to itself, the record shows it as it was on the wire
# and in the kernel's tables, and where it cannot happen that is said.
# shellcheck disable=SC1091,SC2154,SC2016,SC2015 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
needs_lab

happened='$r{outcome} eq "open" && $r{simultaneous_open} && $r{simultaneous_close} &&
    $r{attempts} == $r{refused} + 1 && $r{data_sent} > 0 && $r{data_received} == $r{data_sent} &&
    $r{local} eq $r{target} && $r{elapsed_us} > 0 && $r{rtt_us} > 0 && $r{capture_dropped} == 0'
one_socket='!grep({ $_->{src} ne $_->{dst} || $_->{src} ne $r{local} } @segments) && !@in &&
    $out[0]{flags} eq "SYN" && $out[0]{t_ns} == $r{happened_ns} && $out[1]{flags} eq "SYN,ACK" &&
    $out[0]{seq} == $out[1]{seq} && $out[1]{ack} == ($out[0]{seq} + 1) % 2**32 && 1 == grep({ $_->{flags} eq "SYN" } @out)'
states='"@{$r{own_path}}" eq "CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT"'
kernel='$r{kernel}{before} eq "CLOSED" && $r{kernel}{connected} eq "ESTABLISHED" && $r{kernel}{closed} eq "TIME-WAIT" &&
    2 == grep({ $_->{truth_in_set} } @out)'
for six in '' -6; do
    try "a socket connects to itself${six:+, IPv6}" 0 "$happened && $one_socket && $states && $kernel" \
        timeout -k 5 600 tcpshake lab $six self-connect --json --pcapng "$work/self.pcapng"
done
try "to the port that was asked for" 0 '$r{port} == 40000 && $r{local} =~ /:40000$/' \
    tcpshake lab self-connect --json --port 40000
try "the seed chooses the port" 0 '$r{port} == '"$(
    tcpshake lab self-connect --json --seed 7 | about '$r{port}')" tcpshake lab self-connect --json --seed 7

# Linux does not connect from a port of the other parity while there are enough of the first.
try "no more attempts than allowed" 1 '$r{outcome} eq "closed" && $r{attempts} == 1000 && $r{refused} == 1000 && !@segments' \
    tcpshake lab self-connect --json --port 40001 --attempts 1000
try "no longer than allowed" 1 '$r{outcome} eq "closed" && $r{attempts} > 0 && !@segments' \
    timeout -k 5 100 tcpshake lab self-connect --json --port 40001 --attempts 100000000 -w 300ms
for signal in INT TERM; do
    try "SIG$signal: the summary, and the end" 3 '$r{outcome} eq "error" && $summary->{interrupted}' \
        signalled $signal 1 '"type":"run"' tcpshake lab self-connect --json --port 40001 --attempts 100000000
done

tcpshake lab self-connect >"$work/text" 2>"$work/err"
verdict "for people" "$(
    grep -q '^open .*is connected to itself, by one socket' "$work/text" &&
        grep -q 'SYN-SENT *--> <SEQ=0><CTL=SYN> *--> SYN-RECEIVED' "$work/text" &&
        grep -q 'SYN-RECEIVED --> <SEQ=0><ACK=1><CTL=SYN,ACK> *--> ESTABLISHED' "$work/text" &&
        [ ! -s "$work/err" ] || cat "$work/text" "$work/err")"

refuses "only in the lab: write 'tcpshake lab self-connect'" tcpshake self-connect
refuses 'takes no target' tcpshake lab self-connect 192.0.2.2:7
refuses 'those are' tcpshake lab self-connect --port 80
refuses '--truth' tcpshake lab --truth self-connect
valid
finish
