#!/bin/bash
# What a kernel sees when the other end goes away: four ways, with the settings in force.
# shellcheck disable=SC1091,SC2154,SC2016 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
needs_lab

try "killed: a FIN, and a reset when A writes" 0 '
    @results == 1 && $r{way} eq "killed" && $r{verdict} eq "as-figured" && $r{kernel_sent} eq "FIN" &&
        $r{application_first} eq "end of file" && $r{application} =~ /^(EPIPE|ECONNRESET)$/ &&
        $in[-1]{flags} eq "RST" && $segments[-1]{own_state} eq "CLOSED"' \
    tcpshake lab crash --json --way killed
try "killed with something unread: a reset" 0 '
    $r{kernel_sent} eq "RST" && $r{application} eq "ECONNRESET" && $in[-1]{flags} eq "RST,ACK"' \
    tcpshake lab crash --json --way killed-unread
try "gone: keepalive probes when the settings say so" 0 '
    $r{keepalive}{time_s} == 1 && $r{keepalive}{probes} == 2 && @{$r{gaps_us}} == 2 &&
        !(grep { abs($_ / 1e6 - 1) > 0.125 } @{$r{gaps_us}}) && $r{application} eq "ETIMEDOUT" &&
        2 == grep { $_->{held} && $_->{flags} eq "ACK" } @out' \
    tcpshake lab --sysctl net.ipv4.tcp_keepalive_time=1 --sysctl net.ipv4.tcp_keepalive_probes=2 \
    crash --json --way gone
try "gone while A talks: retransmissions that back off" 0 '
    @{$r{gaps_us}} > 3 && $r{application} eq "ETIMEDOUT" &&
        !grep { abs($_ - 2) > 0.3 } ratios(@{$r{gaps_us}}[2 .. $#{$r{gaps_us}}])' \
    tcpshake lab crash --json --way gone-talking
try "two ways are two sessions, over IPv6" 0 '
    @results == 2 && $results[1]{way} eq "killed-unread" && $results[1]{session} == 2 &&
        $r{target} =~ /^\[/' \
    tcpshake lab -6 crash --json --way killed-unread --way killed

try "interrupted, it says so" 3 '$summary->{interrupted} && $r{verdict} eq "unknown"' \
    signalled INT 1 '"type":"segment"' tcpshake lab crash --json --way gone

refuses "in the lab" tcpshake crash
refuses "--way takes killed" tcpshake lab crash --way dead
valid
finish
