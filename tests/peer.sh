# shellcheck shell=bash disable=SC2016,SC2154 # $work is tap.sh's; the $ are Perl's
# For tests of surveys: a second namespace on a cable, whose kernel takes 10.77.0.0/16 and fd77::/112
# for its own, listens on port 80 and on no other, and drops what is for 10.78.0.0/16. Sourced after
# tap.sh.
ours=192.168.77.1

begin_peer()
{
    mkfifo "$work/ready"
    unshare -n perl -MSocket -e '
        my @listening;
        for my $family (AF_INET, AF_INET6) {
            socket(my $s, $family, SOCK_STREAM, 0) or next;
            setsockopt($s, 41, 26, pack("i", 1)) if $family == AF_INET6; # IPV6_V6ONLY
            bind($s, $family == AF_INET ? pack_sockaddr_in(80, INADDR_ANY)
                                        : pack_sockaddr_in6(80, Socket::IN6ADDR_ANY)) or die "no port: $!";
            listen($s, 8192) or die "no listener: $!";
            push @listening, $s;
        }
        open my $ready, ">", $ARGV[0] or die;
        print $ready "listening\n";
        close $ready;
        sleep 3000' "$work/ready" &
    peer=$!
    read -r _ <"$work/ready"
    ip link add here type veth peer name there netns "$peer" &&
        ip addr add $ours/24 dev here && ip addr add fd78::1/64 dev here nodad && ip link set here up &&
        at_peer sh -c '
            ip link set lo up && ip addr add 192.168.77.2/24 dev there &&
                ip addr add fd78::2/64 dev there nodad && ip link set there up &&
                ip route add local 10.77.0.0/16 dev lo && ip -6 route add local fd77::/112 dev lo &&
                echo 8192 >/proc/sys/net/core/somaxconn &&
                echo 8192 >/proc/sys/net/ipv4/tcp_max_syn_backlog' &&
        ip route add 10.77.0.0/16 via 192.168.77.2 && ip route add 10.78.0.0/16 via 192.168.77.2 &&
        ip -6 route add fd77::/112 via fd78::2 && await have_addresses
}

# Until their link-local addresses are their own, the two ends ask for no neighbours.
have_addresses()
{
    [ -z "$(ip -6 addr show tentative; at_peer ip -6 addr show tentative)" ]
}

at_peer()
{
    nsenter -t "$peer" -n "$@"
}

end_peer()
{
    kill "$peer" && wait "$peer"
} 2>/dev/null

# Or there is nothing to test.
needs_peer()
{
    begin_peer >"$work/err" 2>&1 || { echo "Bail out! no peer: $(cat "$work/err")"; exit 99; }
}
