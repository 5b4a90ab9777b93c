#!/bin/bash
# A survey at a rate at which it sends whole frames by way of a gateway: by AF_XDP, and by a packet
# socket where another survey has the interface's queue. The record says which, and both find the
# same.
# shellcheck disable=SC1091,SC2154,SC2016 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"

fast=(--probe ping --special --seed 7 --rate 20000 --i-am-authorised --json)

# A second namespace on a cable, whose kernel takes all of 10.77.0.0/16 for its own, listens on
# port 80 there, and hands on nothing for anybody else.
begin_peer()
{
    mkfifo "$work/ready"
    unshare -n perl -MIO::Socket::INET -e '
        my $l = IO::Socket::INET->new(Listen => 4096, LocalAddr => "0.0.0.0", LocalPort => 80)
            or die "no listener: $!";
        open my $ready, ">", $ARGV[0] or die;
        print $ready "listening\n";
        close $ready;
        sleep 3000' "$work/ready" &
    peer=$!
    read -r _ <"$work/ready"
    ip link add here type veth peer name there netns "$peer" &&
        ip addr add 192.168.77.1/24 dev here && ip link set here up &&
        nsenter -t "$peer" -n sh -c '
            ip link set lo up && ip addr add 192.168.77.2/24 dev there && ip link set there up &&
                ip route add local 10.77.0.0/16 dev lo &&
                sysctl -qw net.ipv4.tcp_max_syn_backlog=4096' &&
        ip route add 10.77.0.0/16 via 192.168.77.2 && ip route add 10.78.0.0/16 via 192.168.77.2
}

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

begin_peer >"$work/err" 2>&1 || { echo "Bail out! no peer: $(cat "$work/err")"; exit 99; }
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
kill "$peer"
wait "$peer" 2>/dev/null
finish
