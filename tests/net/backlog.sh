#!/bin/bash
# `lab backlog`: the four faces of a full accept queue as a real kernel shows them, its queues in its own
# numbers, the recovery, and that nothing is left at the listener.
# shellcheck disable=SC1091,SC2154,SC2016,SC2015 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
needs_lab

# In an expression: %part by name, at(PART, MOMENT) a reading, the callers of a part by role, and the
# segments of a session.
prelude='my %part = map { $_->{part} => $_ } grep { !$_->{role} } @results;
    sub at { my ($p, $m) = @_; my ($r) = grep { $_->{moment} eq $m } @{$part{$p}{readings}}; $r }
    sub callers { my ($p, $role) = @_; grep { ($_->{role} // "") eq $role && $_->{part} eq $p } @results }
    sub of_session { my $n = shift; grep { $_->{session} == $n } @segments }
    my %count = map { $_->{part} => $_->{readings}[-1]{counters} } values %part;'

judge_faces='!grep({ !$_ } values %{$summary->{faces}}) && 4 == values %{$summary->{faces}} &&
    $part{entries}{early}{face} eq "syn-ack-repeated" && $part{cookies}{early}{face} eq "silence" &&
    $part{abort}{early}{face} eq "reset" && !grep({ $part{$_}{late}{face} ne "no-syn-ack" } keys %part)'
# tell NAME STATUS EXPRESSION COMMAND...: as try.
tell()
{
    local name=$1 status=$2 expression=$3
    shift 3
    try "$name" "$status" "do { $prelude $expression }" "$@"
}

# What the words rest on: the segments.
judge_segments='do {
    my %early = map { $_ => [of_session($part{$_}{early}{session})] } keys %part;
    my %late = map { $_ => [of_session($part{$_}{late}{session})] } keys %part;
    my $flags = sub { join " ", map { ($_->{dir} eq "in" ? "<" : ">") . $_->{flags} . ($_->{len} ? "+" : "") } @_ };
    $flags->(@{$early{entries}}) =~ /^>SYN <SYN,ACK >ACK >PSH,ACK\+ <SYN,ACK( <SYN,ACK)+ >PSH,ACK\+ <ACK/ &&
    $flags->(@{$early{cookies}}) =~ /^>SYN <SYN,ACK >ACK >PSH,ACK\+ >PSH,ACK\+ <ACK >RST$/ &&
    $flags->(@{$early{abort}}) =~ /^>SYN <SYN,ACK >ACK <RST( |$)/ &&
    !grep({ $flags->(@{$late{$_}}) !~ /^>SYN >SYN <SYN,ACK >ACK >PSH,ACK\+ <ACK >RST$/ } keys %late)
}'
judge_queues='!grep({ my $p = $_;
        at($p, "before")->{accept_queue} != 0 || at($p, "before")->{accept_limit} != 4 ||
        at($p, "accept-queue")->{accept_queue} != 5 || at($p, "watched")->{accept_queue} != 5 ||
        at($p, "accepted")->{accept_queue} != 0 || at($p, "cleared")->{syn_queue} != 0 ||
        at($p, "syn-queue")->{syn_queue} != $part{$p}{half_open}{answered} - $part{$p}{half_open}{cookies} ||
        !$part{$p}{recovered} } keys %part) &&
    at("entries", "freed")->{syn_queue} == 1 && at("cookies", "freed")->{syn_queue} == 0 &&
    $part{entries}{half_open}{answered} < $part{entries}{half_open}{callers} &&
    $part{entries}{half_open}{cookies} == 0 &&
    $part{cookies}{half_open}{answered} == $part{cookies}{half_open}{callers} && $part{cookies}{half_open}{cookies} > 0'
judge_counters='$count{entries}{SyncookiesSent} == 0 && $count{entries}{ListenOverflows} >= 2 &&
    $count{cookies}{SyncookiesSent} == $part{cookies}{half_open}{cookies} && $count{cookies}{SyncookiesRecv} >= 1 &&
    $count{abort}{ListenOverflows} >= 2 && $part{abort}{settings}{"net.ipv4.tcp_abort_on_overflow"} == 1 &&
    $part{cookies}{settings}{"net.ipv4.tcp_syncookies"} == 1'
# The kernel was asked about each SYN,ACK: those with an entry are as many as it counts.
judge_callers='!grep({ my $p = $_; at($p, "syn-queue")->{syn_queue} !=
        grep { defined $_->{cookie} && !$_->{cookie} } callers($p, "half-open"), callers($p, "early") } keys %part) &&
    !grep({ $_->{through} != 1 } map { callers($_, "filler"), callers($_, "late"), callers($_, "new") } keys %part)'
forged='!grep({ my $ours = $_->{dir} eq "out" ? $_->{src} : $_->{dst};
        $ours !~ /^(192\.0\.2\.3|\[2001:db8::3\]):/ } @segments)'

for six in '' -6; do
    timeout -k 5 300 tcpshake lab $six backlog --json --pcapng "$work/all.pcapng" >"$work/run.out" 2>"$work/run.err"
    judge "the four faces${six:+, IPv6}" 0 $? "do { $prelude $judge_faces }" "$work/run"
    verdict "as the segments have it${six:+, IPv6}" "$(untrue "do { $prelude $judge_segments }" "$work/run.out")"
    verdict "the queues as the kernel has them${six:+, IPv6}" "$(untrue "do { $prelude $judge_queues }" "$work/run.out")"
    verdict "and its counters${six:+, IPv6}" "$(untrue "do { $prelude $judge_counters }" "$work/run.out")"
    verdict "and each caller${six:+, IPv6}" "$(untrue "do { $prelude $judge_callers && $forged }" "$work/run.out")"
done
if command -v tshark >/dev/null; then
    verdict "the capture has every segment" "$(
        [ "$(tshark -n -r "$work/all.pcapng" -T fields -e frame.number 2>"$work/err" | wc -l)" = \
            "$(about 'scalar @segments' <"$work/run.out")" ] || cat "$work/err")"
else
    skip "the capture has every segment" "tshark is not installed"
fi

# One at a time, and with the settings as they are given.
quick='--watch 1300ms'
# shellcheck disable=SC2086 # two words
{
    tell "the SYN-ACK again and again, alone" 0 'join(" ", keys %part) eq "entries"' \
        tcpshake lab backlog --json $quick --face syn-ack-repeated
    tell "the reset alone" 0 '$summary->{faces}{reset} && !$summary->{faces}{silence}' \
        tcpshake lab backlog --json $quick --face reset
    tell "cookies for everybody" 0 'at("as-given", "syn-queue")->{syn_queue} == 0 &&
        $part{"as-given"}{half_open}{cookies} == 8 && $part{"as-given"}{early}{face} eq "silence" &&
        !defined $part{"as-given"}{early}{expected}' \
        tcpshake lab --sysctl net.ipv4.tcp_syncookies=2 backlog --json $quick --as-given
    tell "tcp_max_syn_backlog bounds the SYN queue too" 0 '$part{"as-given"}{backlog} == 20 &&
        at("as-given", "syn-queue")->{syn_queue} <= 8 && at("as-given", "accept-queue")->{accept_queue} == 21' \
        tcpshake lab --backlog 20 --sysctl net.ipv4.tcp_max_syn_backlog=8 --sysctl net.ipv4.tcp_syncookies=0 \
        backlog --json $quick --as-given
    # Too short a look to see a SYN-ACK repeated: that is said.
    tell "a face that does not show is missed" 1 '!defined $part{entries}{early}{face} &&
        !$summary->{faces}{"syn-ack-repeated"}' \
        tcpshake lab backlog --json --watch 200ms --face syn-ack-repeated
}
# stopped SIGNAL: in the first part, which lasts longer than the three and a half seconds of its look.
stopped()
{
    start tcpshake lab backlog --json
    await reached 1 '"type":"run"'
    sleep 1
    kill -s "$1" "$pid"
    reap
}
for signal in INT TERM; do
    tell "SIG$signal: everybody is reset" 3 '$summary->{interrupted} && at("entries", "cleared")->{syn_queue} == 0 &&
        !defined $part{cookies}' stopped $signal
done
tell "-w ends it" 3 '$summary->{interrupted} && at("entries", "cleared")->{syn_queue} == 0' \
    tcpshake lab backlog --json -w 700ms

refuses "only in the lab: write 'tcpshake lab backlog'" tcpshake backlog
refuses '1 to 100' tcpshake lab backlog --callers 101
refuses '2 to 64' tcpshake lab --backlog 1000 backlog
refuses 'leave --app out' tcpshake lab --app echo backlog
refuses 'no-syn-ack, syn-ack-repeated, silence or reset' tcpshake lab backlog --face pale

tcpshake lab backlog --watch 1300ms >"$work/text" 2>"$work/err"
verdict "for people" "$(
    [ "$(grep -c '^seen ' "$work/text")" -eq 4 ] && grep -q '^accept queue .*kernel holds 5 of' "$work/text" &&
        grep -q '(the application accepts: accept queue 0' "$work/text" && [ ! -s "$work/err" ] ||
        cat "$work/text" "$work/err")"
valid
finish
