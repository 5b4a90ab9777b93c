#!/bin/bash
# The lab for somebody with no privilege at all, in no namespace of a test's making: run by root, as
# nobody and from a copy that nobody can reach.
# shellcheck disable=SC1091,SC2154,SC2016,SC2015 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
needs_lab

as_user=()
if [ "$(id -u)" -eq 0 ]; then
    as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chmod 755 "$work"
fi
cp "$(command -v tcpshake)" "$work/tcpshake" && chmod 755 "$work/tcpshake"
"${as_user[@]}" unshare -Ur true 2>/dev/null || skip_all "an ordinary user may not have user namespaces here"
cd "$work" || exit 99

judge_open='$r{outcome} eq "open" && $r{close}{kind} eq "fin" && $r{rtt_us} > 0'
for six in '' -6; do
    try "lab open${six:+, IPv6}" 0 "$judge_open" "${as_user[@]}" ./tcpshake lab $six open --json
    try "lab --truth open${six:+, IPv6}" 0 "$judge_open && \$r{truth}{outside} == 0 && \$r{truth}{readings} > 3" \
        "${as_user[@]}" ./tcpshake lab $six --truth open --json
    try "lab --wire open${six:+, IPv6}" 0 "$judge_open && \$r{wire}{held} == 1 && \$r{rtt_us} > 50_000" \
        "${as_user[@]}" ./tcpshake lab $six --wire --hold b-a:SYN,ACK:50ms open --json
    try "lab synack${six:+, IPv6}" 0 '$r{retransmissions} == 1 && $r{end} eq "truncated"' \
        "${as_user[@]}" ./tcpshake lab $six synack --json --listen 2s
    try "lab sh, where tcpshake is found${six:+, IPv6}" 0 "$judge_open" \
        "${as_user[@]}" env PATH=/usr/bin:/bin ./tcpshake lab $six sh -c 'tcpshake open --json $PEER'
done
try "lab --sysctl" 0 '$r{retransmissions} == 0' \
    "${as_user[@]}" ./tcpshake lab --sysctl net.ipv4.tcp_synack_retries=0 synack --json --listen 2s

try "lab self-connect" 0 '$r{outcome} eq "open" && $r{kernel}{connected} eq "ESTABLISHED"' \
    "${as_user[@]}" ./tcpshake lab self-connect --json
try "lab backlog, whose settings the peer changes" 0 '$summary->{faces}{reset} &&
    $r{settings}{"net.ipv4.tcp_abort_on_overflow"} == 1' \
    "${as_user[@]}" ./tcpshake lab backlog --json --watch 1s --face reset

"${as_user[@]}" ./tcpshake open 127.0.0.1:1 >"$work/out" 2>"$work/err"
status=$?
verdict "outside the lab: one line that names setcap, sudo and lab" "$(
    [ $status -eq 2 ] && [ ! -s "$work/out" ] || echo "exit status $status"
    [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q setcap "$work/err" && grep -q sudo "$work/err" &&
        grep -qw lab "$work/err" || cat "$work/err")"
if [ ${#as_user[@]} -gt 0 ]; then
    cp tcpshake setuid && chmod 4755 setuid
    "${as_user[@]}" ./setuid open 127.0.0.1:1 >"$work/out" 2>"$work/err"
    status=$?
    verdict "a setuid bit: one line that names chmod and setcap, and nothing else happens" "$(
        [ $status -eq 2 ] && [ ! -s "$work/out" ] || echo "exit status $status"
        [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q 'chmod ug-s.*setcap' "$work/err" || cat "$work/err")"
else
    skip "a setuid bit" "only root can set one for another user"
fi
verdict "a dry run" "$(
    "${as_user[@]}" ./tcpshake open --dry-run --json 127.0.0.1:1 >"$work/dry" 2>&1 || echo "exit status $?"
    untrue '$out[0]{flags} eq "SYN" && !@results' "$work/dry")"
valid
finish
