#!/bin/bash
# lab --wire: what its rules say is what happens on the way, in both directions and over both IP
# versions, each with its remark; whatever is lost by chance, open says open, and nothing is sent
# again without a loss before it. N runs of that (10) from the seed SEED.
# shellcheck disable=SC1091,SC2154,SC2016 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
needs_lab

runs=${N:-10}
seed=${SEED:-1}
opens='$r{outcome} eq "open" && '
# The remarks of the wire, but for the first, which says what it is told.
told='(grep { /^the wire: / } map { $_->{text} } of("note"))[1 .. 999]'
told="grep { defined } $told"

# said COUNT TEXT: so often, and nothing else, the wire has said what begins so.
said()
{
    printf 'do { my @told = %s; @told == %d && !grep { index($_, "the wire: %s") != 0 } @told }' \
        "$told" "$1" "$2"
}

# wired NAME STATUS EXPRESSION OPTION... -- COMMAND...: over IPv4 and over IPv6.
wired()
{
    local name=$1 status=$2 expression=$3
    local -a rules=()
    shift 3
    while [ "$1" != -- ]; do
        rules+=("$1")
        shift
    done
    shift
    try "$name" "$status" "$expression" tcpshake lab "${rules[@]}" "$@" --json
    try "$name, IPv6" "$status" "$expression" tcpshake lab -6 "${rules[@]}" "$@" --json
}

wired "without a rule everything passes, as it was" 0 \
    "$opens"'$r{close}{kind} eq "fin" && $r{retransmitted} == 0 && !grep({ $_->{retransmission} } @in) &&
        '"$(said 0 '')" --wire -- open --say hello
wired "--drop a-b: our SYN is lost once" 0 \
    "$opens"'2 == grep({ $_->{flags} eq "SYN" } @out) && $r{retransmitted} == 1 && $r{rtt_us} > 0 &&
        '"$(said 1 'our SYN is lost (--drop a-b:SYN#1)')" --drop a-b:SYN -- open
# The peer sends its SYN,ACK again after a second, as we do our SYN. Our SYN is to be first however late
# we are: the way makes the peer's a second later. Its kernel answers the second SYN with the stamp of
# the first: there is no telling how long it took.
late='--delay 500ms'
# shellcheck disable=SC2086 # two words
wired "--drop b-a: the peer's SYN,ACK is lost once" 0 \
    "$opens"'2 == grep({ $_->{flags} eq "SYN" } @out) && !defined $r{rtt_us} &&
        '"$(said 1 "the peer's SYN,ACK is lost")" $late --drop b-a:SYN,ACK#1 -- open
wired "--drop: each of them" 3 \
    '$r{outcome} eq "filtered" && !@in && '"$(said 2 "our SYN is lost")" \
    --drop 'a-b:SYN#*' -- open --tries 2
wired "--drop: the second FIN, and the first is held" 0 \
    "$opens"'2 == grep({ $_->{flags} =~ /FIN/ } @out) && do { my @told = '"$told"';
        @told == 2 && $told[0] =~ /our FIN,ACK is held for 2.000 s/ && $told[1] =~ /our FIN,ACK is lost/ }' \
    --drop a-b:FIN#2 --hold a-b:FIN#1:2s -- open
wired "--hold: the SYN,ACK comes later" 0 \
    "$opens"'$r{rtt_us} > 300_000 && $r{retransmitted} == 0 &&
        '"$(said 1 "the peer's SYN,ACK is held for 300.00 ms")" --hold b-a:SYN,ACK:300ms -- open
wired "--dup: the SYN,ACK comes twice" 0 \
    "$opens"'2 == grep({ $_->{flags} eq "SYN,ACK" && $_->{seq} == $in[0]{seq} } @in) &&
        $r{retransmitted} == 0 && '"$(said 1 "the peer's SYN,ACK is doubled")" \
    --dup b-a:SYN,ACK -- open
wired "--reorder: what is alone is a tenth of a second late" 0 \
    "$opens"'$r{rtt_us} > 100_000 && '"$(said 1 "the peer's SYN,ACK lets the next one pass")" \
    --reorder b-a:SYN,ACK -- open
# shellcheck disable=SC2086
wired "--corrupt: the SYN,ACK comes spoilt and is not taken" 0 \
    "$opens"'$in[0]{checksum} eq "bad" && 1 == grep({ exists $_->{checksum} } @in) &&
        $r{retransmitted} == 1 && '"$(said 1 "the peer's SYN,ACK has a bit flipped")" \
    $late --corrupt b-a:SYN,ACK -- open
wired "--corrupt: the peer does not take our FIN" 0 \
    "$opens"'2 == grep({ $_->{flags} =~ /FIN/ } @out) &&
        '"$(said 1 'our FIN,ACK has a bit flipped')" --corrupt a-b:FIN -- open
wired "--delay: both ways" 0 \
    "$opens"'$r{rtt_us} > 40_000 && $r{retransmitted} == 0 && '"$(said 0 '')" --delay 20ms -- open
wired "--delay: one way, and a variation" 0 \
    "$opens"'$r{rtt_us} > 15_000 && '"$(said 0 '')" --delay b-a:20ms±5ms -- open
wired "--loss of one way only" 3 \
    '$r{outcome} eq "filtered" && !@in && '"$(said 1 "our SYN is lost (--loss a-b:100%)")" \
    --loss a-b:100% -- open --tries 1 -W 500ms
# The neighbour is found: its silence would have made the target unreachable.
wired "--loss: ARP passes" 3 '$r{outcome} eq "filtered"' --loss 100% -- open --tries 1 -W 500ms

# Several segments of one way, of which some change places, and nothing is lost.
printf 'x%.0s' {1..20000} >"$work/much"
try "--reorder: segments come out of order" 0 \
    "$opens"'$r{data_received} == 20_000 &&
        grep({ ($in[$_]{seq} - $in[$_ - 1]{seq}) % 2**32 > 2**31 } 1 .. $#in) &&
        grep({ /the peer.s .*ACK.* lets the next one pass/ } '"$told"')' \
    tcpshake lab --reorder b-a:50% --seed 1 open --json --say "@$work/much"
try "--delay with a variation keeps the order" 0 \
    "$opens"'$r{data_received} == 20_000 &&
        !grep({ ($in[$_]{seq} - $in[$_ - 1]{seq}) % 2**32 > 2**31 && !$in[$_]{retransmission} } 1 .. $#in)' \
    tcpshake lab --delay 5ms+-5ms --seed 1 open --json --say "@$work/much"
try "the other end of the wire: figures are played over it" 0 \
    "$(said 1 'our SYN is doubled')" tcpshake lab --dup a-b:SYN play three-way-handshake --json

# All of it is counted in the result, and is what the remarks say.
try "the result counts what the wire did" 0 \
    '$r{wire}{lost} == grep({ / is lost / } '"$told"') && $r{wire}{doubled} == grep({ / is doubled / } '"$told"') &&
        $r{wire}{reordered} == grep({ / lets the next / } '"$told"') && $r{wire}{overrun} == 0 &&
        $r{wire}{corrupted} == grep({ / has a bit / } '"$told"') && $r{wire}{held} == 1 &&
        $r{wire}{lost} > 0 && $r{wire}{doubled} > 0 && $r{wire}{reordered} > 0 && $r{wire}{corrupted} > 0' \
    tcpshake lab --loss b-a:10% --dup 10% --reorder 10% --corrupt 10% --hold a-b:SYN:50ms --seed 3 \
    open --json --say "@$work/much"

# The same packets fare the same, and others with another seed: which of ours is lost first?
first_lost()
{
    tcpshake lab --loss a-b:40% --seed "$1" open --json --say hello |
        about 'my $n = 0; my $first = "none";
            for (sort { $a->{t_ns} <=> $b->{t_ns} } of("note"), @out) {
                $n++ if $_->{type} eq "segment";
                if (($_->{text} // "") =~ / is lost/) { $first = "$n $_->{text}"; last }
            } $first'
}
first=$(first_lost 7)
verdict "--seed repeats it" "$([ "$first" = "$(first_lost 7)" ] || echo "first $first, then something else")"
verdict "another seed is another run" "$(
    for s in 8 9 10 11 12; do
        [ "$first" = "$(first_lost $s)" ] || exit
    done
    echo "always $first")"

# Nothing that the process could misuse is left to it.
# shellcheck disable=SC2016 # for the shell in the lab
tcpshake lab --wire sh -c '
    for pid in $(cat /proc/$$/task/$$/children); do
        [ "$(cat /proc/$pid/comm)" = tcpshake-wire ] && cat /proc/$pid/status
    done' >"$work/status" 2>&1
verdict "the wire's process has no privilege" "$(
    for line in CapEff:0000000000000000 CapPrm:0000000000000000 NoNewPrivs:1; do
        tr -d ' \t' <"$work/status" | grep -qx "$line" || echo "not so: $line"
    done)"
# What is seen then, silence, would not be the peer's: the run cannot go on and says so.
start tcpshake lab --wire synack --json
await reached 1 '"type":"run"'
wire=''
read -ra children <"/proc/$pid/task/$pid/children"
for child in "${children[@]}"; do
    [ "$(cat "/proc/$child/comm")" != tcpshake-wire ] || wire=$child
done
[ -z "$wire" ] || kill -9 "$wire"
reap
status=$?
verdict "a wire that dies ends the run" "$(
    [ -n "$wire" ] || echo "no wire was found"
    [ "$status" -eq 2 ] || echo "exit status $status, not 2"
    echo "tcpshake synack: the lab's wire has broken: its process has ended" | diff - "$work/try.err")"

refuses '^tcpshake lab: --loss takes a share' tcpshake lab --loss 0% open
refuses '^tcpshake lab: --loss takes a share' tcpshake lab --loss a-b:FIN open
refuses '^tcpshake lab: --drop takes a way and a segment' tcpshake lab --drop FIN#1 open
refuses '^tcpshake lab: --hold takes a way, a segment and a time' tcpshake lab --hold a-b:SYN open
refuses '^tcpshake lab: --delay takes a time' tcpshake lab --delay 5ms+-6ms open
refuses '^tcpshake lab: --corrupt takes a share' tcpshake lab --corrupt a-b: open
refuses '^tcpshake lab: --seed takes a number' tcpshake lab --wire --seed x open
refuses '^tcpshake lab: between two kernels' tcpshake lab --wire --a kernel --b kernel play three-way-handshake

one()
{
    local family=''
    [ $(($1 % 2)) -eq 0 ] || family=-6
    # shellcheck disable=SC2086 # no word for IPv4
    tcpshake lab $family --wire --loss 20% --seed "$1" --truth open --json \
        >"$work/$1.out" 2>"$work/$1.err"
    echo $? >"$work/$1.status"
}
# The first retransmission of either end has a loss before it, and with none there is none.
explained='do {
    my $lost = 0;
    my @events = sort { $a->{t_ns} <=> $b->{t_ns} } of("note"), @segments;
    my @bare = grep { $lost ||= ($_->{text} // "") =~ / is lost \(--loss 20%\)/;
                      $_->{retransmission} && !$lost } @events;
    !@bare
}'
for ((i = seed; i < seed + runs; i += 2)); do
    one "$i" &
    [ $((i + 1)) -ge $((seed + runs)) ] || one $((i + 1)) &
    wait
done
for ((i = seed; i < seed + runs; i++)); do
    judge "--loss 20% --seed $i: open, and every retransmission has its loss" 0 "$(cat "$work/$i.status")" \
        "$opens $explained" "$work/$i"
done
valid
finish
