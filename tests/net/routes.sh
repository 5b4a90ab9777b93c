#!/bin/bash
# Ways that are not one cable with ARP: answers that come in by another interface, several next hops, a
# point-to-point link (a tunnel, PPP) whose neighbours have no addresses to resolve.
# shellcheck disable=SC1091,SC2154,SC2016 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
. "$srcdir/tests/peer.sh"

# every NAME TARGET: each kind of command reaches it.
every()
{
    try "open, $1" 0 '$r{outcome} eq "open"' tcpshake open --json --tries 2 -W 3s -w 5s "$2"
    try "synack, $1" 0 '$r{outcome} eq "open" && $r{rtt_us} > 0' tcpshake synack --json -W 3s --listen 300ms "$2"
    try "ping, $1" 0 '$r{outcome} eq "open" && $r{rtt_us} > 0' tcpshake ping --json -c 1 -W 3s "$2"
    tcpshake survey --special --probe ping -W 3s "$2" >"$work/survey.out" 2>"$work/survey.err"
    status=$?
    verdict "survey, $1" "$(
        [ $status -eq 0 ] || echo "exit status $status"
        untrue '$r{outcome} eq "open"' "$work/survey.out"
        cat "$work/survey.err"
    )"
    cat "$work/survey.out" >>"$work/records"
}

needs_peer
await ip link add also-here type veth peer name also-there netns "$peer"
ip addr add 192.168.79.1/24 dev also-here && ip link set also-here up
at_peer sh -c 'ip addr add 192.168.79.2/24 dev also-there && ip link set also-there up
    for i in all there also-there; do echo 0 >/proc/sys/net/ipv4/conf/$i/rp_filter; done'

# ---- not symmetric ----
at_peer ip route add $ours/32 via 192.168.79.1
every "answered by another interface" 192.168.77.2:80
verdict "and that is told" "$(
    tcpshake open -W 3s -w 5s 192.168.77.2:80 >"$work/text" 2>&1
    grep -q 'another interface' <(tr -s '\n ' ' ' <"$work/text") || cat "$work/text")"
at_peer ip route del $ours/32

# ---- several next hops: the kernel chooses by address and, with policy 1, by port ----
at_peer ip route add local 10.79.0.0/16 dev lo
ip route add 10.79.0.0/16 nexthop via 192.168.77.2 nexthop via 192.168.79.2
for policy in 0 1; do
    sysctl -qw net.ipv4.fib_multipath_hash_policy=$policy
    complaints=$(
        for i in 1 2 3 4 5 6 7 8; do
            tcpshake open --json --tries 2 -W 3s -w 5s 10.79.0.$i:80 >"$work/hop" 2>&1 || echo "exit status $?"
            untrue '$r{outcome} eq "open" && !@faults' "$work/hop"
        done)
    verdict "two next hops, hash policy $policy" "$complaints"
done

# ---- a link without neighbours ----
# tunnel HERE THERE: two ends, with a process that carries packets from one to the other.
tunnel()
{
    perl -e '
        use constant {TUNSETIFF => 0x400454ca, IFF_TUN => 1, IFF_NO_PI => 0x1000};
        my @end;
        for my $name (@ARGV[0, 1]) {
            open my $tun, "+<", "/dev/net/tun" or exit 1;
            ioctl($tun, TUNSETIFF, pack("a16 S x22", $name, IFF_TUN | IFF_NO_PI)) or exit 1;
            push @end, $tun;
        }
        open my $ready, ">", $ARGV[2] or exit 1;
        print $ready "ready\n";
        close $ready;
        for (;;) {
            my ($bits, $packet) = ("", "");
            vec($bits, fileno($_), 1) = 1 for @end;
            select($bits, undef, undef, undef);
            for my $i (0, 1) {
                next unless vec($bits, fileno($end[$i]), 1);
                sysread($end[$i], $packet, 65536) and syswrite($end[1 - $i], $packet);
            }
        }' "$1" "$2" "$work/tunnel" &
    carrier=$!
    await test -s "$work/tunnel" || gone "$carrier"
}
if [ -c /dev/net/tun ] && tunnel tun-here tun-there && ip link set tun-there netns "$peer"; then
    ip addr add 192.168.80.1/24 dev tun-here && ip addr add fd80::1/64 dev tun-here nodad
    ip link set tun-here mtu 1400 up
    at_peer sh -c 'ip addr add 192.168.80.2/24 dev tun-there && ip addr add fd80::2/64 dev tun-there nodad &&
        ip link set tun-there mtu 1400 up && ip route add local 10.80.0.0/16 dev lo'
    ip route add 10.80.0.0/16 via 192.168.80.2
    every "by a tunnel" 192.168.80.2:80
    every "by a tunnel, IPv6" '[fd80::2]:80'
    every "by a gateway at the end of a tunnel" 10.80.0.1:80
    head -c 6000 /dev/zero >"$work/data"
    # Nobody reads there, but the kernel acknowledges.
    try "segments fit the tunnel" 0 '$r{data_acknowledged} == 6000 && !grep { $_->{len} > 1360 } @out' \
        tcpshake open --json --say "@$work/data" --close rst 192.168.80.2:80
    kill "$carrier"
else
    skip "a tunnel" "there is no /dev/net/tun here"
fi
end_peer
valid
finish
