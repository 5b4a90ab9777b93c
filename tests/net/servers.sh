#!/bin/bash
# `open` and `synack` against real servers of this host rather than of the lab: on 127.0.0.1 and ::1, on
# addresses of our own, by name, with a scope; and at neighbours and networks that do not answer.
# shellcheck disable=SC1091,SC2154,SC2016,SC2015 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"

port=4000
# Listens on every address of both versions, says so, and reads each connection to its end.
perl -MSocket=:DEFAULT,IPPROTO_IPV6,IPV6_V6ONLY -we '
    socket(my $s, PF_INET6, SOCK_STREAM, 0) or die;
    setsockopt($s, IPPROTO_IPV6, IPV6_V6ONLY, 0) or die;
    bind($s, pack_sockaddr_in6($ARGV[0], Socket::IN6ADDR_ANY)) && listen($s, 128) or die;
    $| = 1;
    print "ready\n";
    while (accept(my $c, $s)) {
        my $data;
        1 while sysread($c, $data, 4096) && syswrite($c, $data);
        close($c);
    }' $port >"$work/server" &
server=$!
trap 'kill $server; rm -rf "$work"' EXIT
serves()
{
    grep -q ready "$work/server" || gone $server
}
await serves
gone $server 2>/dev/null && skip_all "no IPv6 here"

open='$r{outcome} eq "open" && $r{rtt_us} > 0 && $r{close}{kind} eq "fin" && $r{close}{by} eq "us" &&
    "@{$r{peer_path}}" eq "LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED"'
one_gap='$r{outcome} eq "open" && $r{retransmissions} == 1 && $out[-1]{flags} eq "RST" && @out == 2'

is_up()
{
    ip link show "$1" | grep -q 'state UP'
}

# works NAME TARGET...: with open and with synack, which waits in the background.
names=() pids=()
works()
{
    local name=$1
    shift
    try "open: $name" 0 "$open" tcpshake open --json "$@"
    tcpshake synack --json --listen 2s "$@" >"$work/${#names[@]}.out" 2>"$work/${#names[@]}.err" &
    pids+=($!)
    names+=("$name")
}

works "127.0.0.1" 127.0.0.1:$port
works "two words" 127.0.0.1 $port
works "elsewhere in 127/8" 127.1.2.3:$port
works "::1" "[::1]:$port"
works "::1 in two words" ::1 $port
# Not asked of getent, which leaves out addresses of families that no interface but lo has.
if grep -qsE '^127[.0-9]+[[:space:]](.*[[:space:]])?localhost([[:space:]]|$)' /etc/hosts; then
    works "localhost, IPv4" -4 localhost:$port
else
    skip "localhost, IPv4" "it has no IPv4 address here"
fi
if grep -qsE '^::1[[:space:]](.*[[:space:]])?localhost([[:space:]]|$)' /etc/hosts; then
    works "localhost, IPv6" -6 localhost:$port
else
    skip "localhost, IPv6" "it has no IPv6 address here"
fi
works "a source of our own" -S 127.9.9.9 127.0.0.1:$port
works "an interface by name" -I lo 127.0.0.1:$port
works "on a port of our choice" --sport 5555 127.0.0.1:$port

if ip link add own0 type veth peer name own1 2>/dev/null; then
    ip addr add 10.1.1.1/24 dev own0
    ip addr add 2001:db8:1::1/64 dev own0 nodad
    ip addr add fe80::1234/64 dev own0 nodad
    ip link set own1 up
    ip link set own0 up
    await is_up own0
    works "our own IPv4 address" 10.1.1.1:$port
    works "our own IPv6 address" "[2001:db8:1::1]:$port"
    works "our own link-local address" "[fe80::1234%own0]:$port"
    try "a neighbour that is not there" 3 \
        '$r{outcome} eq "unreachable" && !exists $r{icmp} && $r{reason} =~ /next hop/ && !@out' \
        tcpshake open --json 10.1.1.77:$port
else
    for name in IPv4 IPv6 link-local; do skip "our own $name address" "no veth here"; done
    skip "a neighbour that is not there" "no veth here"
fi
try "a port where nobody listens" 1 '$r{outcome} eq "closed"' tcpshake open --json 127.0.0.1:4001
try "a port where nobody listens, IPv6" 1 '$r{outcome} eq "closed"' tcpshake open --json '[::1]:4001'

for i in "${!names[@]}"; do
    wait "${pids[i]}"
    judge "synack: ${names[i]}" 0 $? "$one_gap" "$work/$i"
done
valid
finish
