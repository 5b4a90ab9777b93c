#!/bin/bash
# Who answered: a server behind a router that is a SYN proxy for one of its ports (nftables synproxy),
# resets what a client says on another, refuses a third, and leaves a fourth alone.
# shellcheck disable=SC1091,SC2154,SC2016 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"

command -v nft >/dev/null || PATH=$PATH:/usr/sbin:/sbin
command -v nft >/dev/null || skip_all "nftables is not installed"

# A namespace of its own, held by a process: $1 becomes its id.
namespace()
{
    local ready=$work/ready-$1
    mkfifo "$ready"
    unshare -n bash -c 'echo up >"$0"; exec sleep 3000' "$ready" &
    printf -v "$1" %d $!
    read -r _ <"$ready"
}

# at PID COMMAND...: in its namespace.
at()
{
    nsenter -t "$1" -n "${@:2}"
}

lay_cables()
{
    ip link add here type veth peer name near netns "$router" &&
        at "$router" ip link add far type veth peer name there netns "$server" &&
        ip addr add 192.0.2.1/30 dev here && ip -6 addr add 2001:db8:1::1/64 dev here nodad &&
        ip link set here up &&
        at "$router" sh -c 'ip addr add 192.0.2.2/30 dev near &&
            ip -6 addr add 2001:db8:1::2/64 dev near nodad && ip addr add 198.51.100.2/30 dev far &&
            ip -6 addr add 2001:db8:2::2/64 dev far nodad && ip link set lo up &&
            ip link set near up && ip link set far up && echo 1 >/proc/sys/net/ipv4/ip_forward &&
            echo 1 >/proc/sys/net/ipv6/conf/all/forwarding' &&
        at "$server" sh -c 'ip addr add 198.51.100.1/30 dev there &&
            ip -6 addr add 2001:db8:2::1/64 dev there nodad && ip link set lo up &&
            ip link set there up && ip route add default via 198.51.100.2 &&
            ip -6 route add default via 2001:db8:2::2' &&
        ip route add 198.51.100.0/30 via 192.0.2.2 && ip -6 route add 2001:db8:2::/64 via 2001:db8:1::2
}

# Answers whatever it is asked with 300 octets, and closes.
serve()
{
    mkfifo "$work/listening"
    nsenter -t "$server" -n perl -MSocket=:DEFAULT,IPPROTO_IPV6,IPV6_V6ONLY -we '
        my @listening = map {
            socket(my $s, PF_INET6, SOCK_STREAM, 0) or die;
            setsockopt($s, IPPROTO_IPV6, IPV6_V6ONLY, 0) or die;
            bind($s, pack_sockaddr_in6($_, Socket::IN6ADDR_ANY)) && listen($s, 128) or die;
            $s;
        } 80 .. 83;
        open my $ready, ">", $ARGV[0] or die;
        print $ready "listening\n";
        close $ready;
        for (;;) {
            my $bits = "";
            vec($bits, fileno($_), 1) = 1 for @listening;
            select($bits, undef, undef, undef);
            for my $s (grep { vec($bits, fileno($_), 1) } @listening) {
                accept(my $c, $s) or next;
                if (!fork) {
                    alarm 20;
                    sysread($c, my $data, 4096) and syswrite($c, "x" x 300);
                    exit 0;
                }
                close($c);
            }
        }' "$work/listening" >/dev/null &
    servant=$!
    read -r _ <"$work/listening"
}

# guard RULES: what the router does besides.
guard()
{
    at "$router" nft "table inet guard {
        $1
    }" 2>"$work/err"
}

# Until their link-local addresses are their own, they ask for no neighbours.
have_addresses()
{
    [ -z "$(ip -6 addr show tentative; at "$router" ip -6 addr show tentative
        at "$server" ip -6 addr show tentative)" ]
}

namespace router
namespace server
trap 'kill $router $server ${servant:-} 2>/dev/null; rm -rf "$work"' EXIT
lay_cables 2>"$work/err" || skip_all "no veth here: $(head -n 1 "$work/err")"
serve
await have_addresses

hosts=(198.51.100.1 2001:db8:2::1)
opened()
{
    local port=$1 name=$2 status=$3 expression=$4 host
    for host in "${hosts[@]}"; do
        try "$name, $host" "$status" "$expression" tcpshake open --json --say hello --close wait \
            -W 1s -w 5s "$host" "$port"
    done
}

# with FEATURE RULES PORT NAME STATUS EXPRESSION: skipped where this kernel has no such rule.
with()
{
    if guard "$2"; then
        opened "${@:3}"
    elif grep -q syntax "$work/err"; then
        verdict "$4" "$(cat "$work/err")"
    else
        skip "$4" "this kernel has no $1 of nftables"
    fi
}

signs='my $signs = join(" ", @{$r{middlebox} // []});'
plain='$r{outcome} eq "open" && $r{peer_ttl} == 63 && !$r{middlebox} && $r{data_received} == 300'
opened 83 "a router that is none but that" 0 "$plain"

# Over IPv6 the proxy of Linux 6.18 answers SYNs of its kernel's own sockets and of nobody else.
hosts=(198.51.100.1)
at "$router" sh -c 'echo 0 >/proc/sys/net/netfilter/nf_conntrack_tcp_loose' 2>/dev/null
with synproxy '
    chain raw { type filter hook prerouting priority raw; tcp dport 80 tcp flags syn notrack
    }
    chain proxy { type filter hook forward priority filter;
        tcp dport 80 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm;
        tcp dport 80 ct state invalid drop
    }' \
    80 "a SYN proxy is told" 0 \
    'do { '"$signs"' $r{peer_ttl} == 64 && $signs =~ /^ttl win-0/ && $r{data_received} == 300 }'
hosts+=(2001:db8:2::1)
with reject '
    chain talk { type filter hook forward priority filter;
        tcp dport 81 tcp flags & psh == psh reject with tcp reset
    }' \
    81 "a router that resets is told" 0 \
    'do { '"$signs"' $r{outcome} eq "open" && $r{peer_ttl} == 63 && $signs eq "rst-ttl" }'
with reject '
    chain refuse { type filter hook forward priority filter;
        tcp dport 82 reject with tcp reset
    }' \
    82 "the TTL of who refuses" 1 '$r{outcome} eq "closed" && $r{peer_ttl} == 64'
valid
finish
