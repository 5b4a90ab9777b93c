#!/bin/bash
# A survey at a rate at which it sends whole frames by way of a gateway: by AF_XDP, and by a packet
# socket where another survey has the interface's queue. The record says which, and both find the
# same.
# shellcheck disable=SC1091,SC2154,SC2016 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
. "$srcdir/tests/peer.sh"

fast=(--probe ping --special --seed 7 --rate 20000 --i-am-authorised --json)

# sent_by RECORD WAY
sent_by()
{
    way=$2 about '$summary->{sent_by} eq $ENV{way} ? "" : "by $summary->{sent_by}"' <"$1" | sed '/^$/d'
}

# record NAME WAY: a survey of both ports of 200 hosts, and what is wrong with it.
record()
{
    tcpshake survey 10.77.1.1-10.77.1.200 -p 80,81 -W 2s "${fast[@]}" >"$work/$1" 2>"$work/err" ||
        { cat "$work/err"; tail -n 1 "$work/$1"; }
    sent_by "$work/$1" "$2"
    about '
        my %of = map { ($_->{target} => $_->{outcome}) } @results;
        my @wrong = grep { $of{$_} ne (/:80$/ ? "open" : "closed") } keys %of;
        @results == 400 && keys %of == 400 && !@wrong ? "" : @results . " results, wrong: @wrong[0 .. 3]"' \
        <"$work/$1" | sed '/^$/d'
}

# Another survey has the queue for as long as it waits for answers that nobody gives.
hold_queue()
{
    tcpshake survey 10.78.1.1-10.78.1.4 -p 80 -W 1000s "${fast[@]}" >"$work/held" 2>"$work/err" &
    holder=$!
    await test -s "$work/held"
}

needs_peer
if perl -MSocket -e 'exit !socket(my $s, 44, SOCK_RAW, 0)'; then # AF_XDP
    verdict "by AF_XDP" "$(record xdp 'AF_XDP, copied')"
    hold_queue
    verdict "by a packet socket" "$(record packets 'packet socket, sendmmsg')"
    kill "$holder"
    wait "$holder"
    verdict "the queue was another's" "$(sent_by "$work/held" 'AF_XDP, copied')"
else
    verdict "by a packet socket" "$(record packets 'packet socket, sendmmsg')"
fi
end_peer
finish
