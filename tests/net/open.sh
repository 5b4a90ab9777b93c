#!/bin/bash
# `open` against every app of the lab, with every way to close, on both IP versions: the outcome,
# the exit status, how it closed, the states of both ends, and the options that shape our segments.
# shellcheck disable=SC1091,SC2154,SC2016,SC2015 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"

# closes APP HOW STATUS EXPRESSION [OPTION...]: over IPv4 and over IPv6.
closes()
{
    local app=$1 how=$2 status=$3 expression=$4
    shift 4
    try "$app, --close $how" "$status" "$expression" \
        tcpshake lab --app "$app" open --json --close "$how" "$@"
    try "$app, --close $how, IPv6" "$status" "$expression && \$r{target} =~ /^\\[/" \
        tcpshake lab -6 --app "$app" open --json --close "$how" "$@"
}

# shown BY KIND: the outcome is open, and who closed it how.
shown()
{
    printf '$r{outcome} eq "open" && $r{rtt_us} > 0 && $r{close}{by} =~ /^(%s)$/ &&
        $r{close}{kind} =~ /^(%s)$/' "$1" "$2"
}

orderly='"@{$r{own_path}}" =~
    /^CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 (FIN-WAIT-2 )?TIME-WAIT CLOSED$/ &&
    "@{$r{peer_path}}" eq "LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED" &&
    $r{close}{segments} =~ /^[34]$/'
# reset_at N: one reset of ours, N after our ISN, which is where the peer was; it drew no answer of its
# own, and the keepalive probe after it did. ESTABLISHED: of a cookie, if our ACK comes last of all.
reset_at()
{
    printf 'join(" ", map { $_->{seq} } grep { $_->{flags} =~ /RST/ } @out) eq ($r{iss} + %d) %% 2**32 &&
        "@{$segments[-1]{peer_states}}" =~ /^CLOSED( LISTEN( ESTABLISHED)?)?$/' "$1"
}

for app in echo discard http; do
    closes $app fin 0 "$(shown us fin) && $orderly"
    closes $app rst 0 "$(shown us rst) && $(reset_at 1)"
    closes $app wait 0 "$(shown us rst) && $(reset_at 1)" -w 600ms
done
closes hold fin 0 "$(shown us half) && $(reset_at 2)" -W 300ms
closes hold rst 0 "$(shown us rst) && $(reset_at 1)"
closes hold wait 0 "$(shown us rst) && $(reset_at 1)" -w 600ms
# Both close at once: which FIN is first is for the scheduler to say.
closes close fin 0 "$(shown 'us|peer|both' fin)"
closes close rst 0 "$(shown 'us|peer' 'rst|half')"
closes close wait 0 "$(shown peer fin) && \$r{close}{segments} =~ /^[34]\$/ &&
    \"@{\$r{own_path}}\" eq 'CLOSED SYN-SENT ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED' &&
    \"@{\$r{peer_path}}\" =~ /^LISTEN SYN-RECEIVED (ESTABLISHED )?FIN-WAIT-1 (FIN-WAIT-2 )?(TIME-WAIT|TIME-WAIT CLOSED\\|TIME-WAIT|CLOSED\\|TIME-WAIT)\$/"
for how in fin rst wait; do
    closes closed $how 1 '$r{outcome} eq "closed" && "@{$r{own_path}}" eq "CLOSED SYN-SENT CLOSED"'
    closes filtered $how 3 '$r{outcome} eq "filtered" && !@in && !defined $r{rtt_us}' -w 400ms
done

# RFC 6298 5.5: the second gap is twice the first.
try "an unanswered SYN is sent again, as often as told" 3 \
    '3 == grep({ $_->{flags} eq "SYN" } @out) && $r{retransmitted} == 2 && !grep { $_ < 1.5 || $_ > 2.5 }
        ratios(map { $out[$_]{t_ns} - $out[$_ - 1]{t_ns} } 1, 2)' \
    tcpshake lab --app filtered open --json --tries 3
try "--tries 1 sends it once" 3 '1 == grep { $_->{flags} eq "SYN" } @out' \
    tcpshake lab --app filtered open --json --tries 1

# ---- data ----

moved='$r{data_sent} == $r{data_acknowledged}'
try "--say is echoed" 0 "$moved && \$r{data_sent} == 7 && \$r{data_received} == 7 && \$out[1]{len} == 0" \
    tcpshake lab open --json --say 'hello\r\n' --close wait -w 600ms
try "--data rides on the third segment" 0 "$moved && \$r{data_sent} == 5 && \$out[1]{len} == 5" \
    tcpshake lab open --json --data hello --close wait -w 600ms
try "--data and --say" 0 "$moved && \$r{data_sent} == 8 && \$out[1]{len} == 5" \
    tcpshake lab open --json --data hello --say all --close wait -w 600ms
head -c 40000 /dev/zero >"$work/data"
try "--say @FILE, larger than a segment" 0 "$moved && \$r{data_sent} == 40000 && $orderly" \
    tcpshake lab --app discard open --json --say "@$work/data"
try "an HTTP server answers and closes first" 0 "$(shown peer fin) && $moved && \$r{data_received} > 40" \
    tcpshake lab --app http open --json --close wait --say 'GET / HTTP/1.0\r\n\r\n'
try "data for one who has closed draws a reset" 0 "$(shown peer 'half|rst') && \$in[-1]{flags} =~ /RST/" \
    tcpshake lab --app close open --json --close wait --say hello

# ---- what our segments look like ----

# looks NAME EXPRESSION OPTION...: about the SYN.
looks()
{
    local name=$1 expression=$2
    shift 2
    try "$name" 0 "$expression" tcpshake lab open --json "$@"
}
options='join(" ", sort keys %{$out[0]{options}})'
looks "a SYN like Linux by default" \
    "$options eq 'mss sack_permitted ts_ecr ts_val wscale' && \$out[0]{ttl} == 64"
looks "--syn-like windows" "$options eq 'mss sack_permitted wscale' && \$out[0]{ttl} == 128" \
    --syn-like windows
looks "--syn-like freebsd" "$options eq 'mss sack_permitted ts_ecr ts_val wscale' && \$out[0]{win} == 65535" \
    --syn-like freebsd
looks "--syn-like bare" "$options eq 'mss'" --syn-like bare
looks "--no-timestamps" "$options eq 'mss sack_permitted wscale' && !\$r{peer_options}{ts_val}" \
    --no-timestamps
looks "--mss --win --isn --sport --ttl" \
    '$out[0]{options}{mss} == 777 && $out[0]{win} == 4242 && $out[0]{seq} == 4294967290 &&
        $out[0]{src} =~ /:45678$/ && $out[0]{ttl} == 9' \
    --mss 777 --win 4242 --isn 4294967290 --sport 45678 --ttl 9
looks "an ISN just below the wrap" "$orderly && \$r{iss} == 4294967295" --isn 4294967295

numbers='"$r{iss} $r{local}"'
for i in 1 2; do
    eval "free$i=\$(tcpshake lab open --json | about '$numbers')"
    eval "seeded$i=\$(tcpshake lab open --json --seed 7 | about '$numbers')"
done
# shellcheck disable=SC2154 # eval sets them
verdict "no two connections have one ISN" "$([ "${free1% *}" != "${free2% *}" ] || echo "$free1")"
# shellcheck disable=SC2154
verdict "--seed repeats ISN and port" \
    "$([ "$seeded1" = "$seeded2" ] && [ "$seeded1" != " " ] || echo "$seeded1, then $seeded2")"

# ---- the shell in the lab ----

for six in '' -6; do
    try "lab sh: tcpshake open \$PEER as typed${six:+, IPv6}" 0 "$(shown us fin) && $orderly" \
        tcpshake lab $six sh -c 'tcpshake open --json $PEER'
    try "lab sh: what the shell exits with${six:+, IPv6}" 1 '$r{outcome} eq "closed"' \
        tcpshake lab $six --app closed sh -c 'tcpshake open --json $PEER'
done

valid
finish
