#!/bin/bash
# A second stack as an ordinary peer: libslirp's, which descends from 4.4BSD, as slirp4netns runs it. A
# namespace has no network but by it; whoever is behind it, and what is refused, is of this one.
# shellcheck disable=SC1091,SC2154,SC2016,SC2015 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"

command -v slirp4netns >/dev/null || skip_all "slirp4netns is not installed"
[ -w /dev/net/tun ] || skip_all "there is no /dev/net/tun here"

mkfifo "$work/listening" "$work/up" "$work/ready"
# Echoes, and closes when the client has.
perl -MSocket -we '
    $SIG{CHLD} = "IGNORE";
    socket(my $s, PF_INET, SOCK_STREAM, 0) or die;
    bind($s, pack_sockaddr_in(4000, INADDR_LOOPBACK)) && listen($s, 128) or die;
    open my $ready, ">", $ARGV[0] or die;
    print $ready "listening\n";
    close $ready;
    while (accept(my $c, $s)) {
        next if fork;
        alarm 60;
        my $data;
        1 while sysread($c, $data, 4096) && syswrite($c, $data);
        exit 0;
    }' "$work/listening" >/dev/null &
server=$!
read -r _ <"$work/listening"
unshare -n bash -c 'echo up >"$0"; exec sleep 3000' "$work/up" &
behind=$!
read -r _ <"$work/up"
slirp4netns --configure --mtu=1500 --disable-dns --ready-fd=3 $behind tap0 \
    3>"$work/ready" >"$work/slirp" 2>&1 &
slirp=$!
trap 'kill $server $behind $slirp 2>/dev/null; rm -rf "$work"' EXIT
read -r -n 1 _ <"$work/ready" || skip_all "slirp4netns does not start here: $(tail -n 1 "$work/slirp")"

there()
{
    nsenter -t $behind -n tcpshake "$@"
}

there synack --json --listen 10s 10.0.2.2:4000 >"$work/series.out" 2>"$work/series.err" &
series=$!

# Its resets have a TTL of their own: whoever sent them, the peer need not have. Our FIN may cross its own
# when we are slow: the set at the end holds more than LAST-ACK and CLOSED then.
open='$r{outcome} eq "open" && $r{peer_ttl} == 64 && $r{data_received} == 5'
try "open" 0 "$open"' && $r{close}{kind} eq "fin" && $r{close}{by} eq "us" &&
    "@{$r{peer_path}}" =~ /^LISTEN SYN-RECEIVED ESTABLISHED .*\bLAST-ACK\b/ && $r{peer_path}[-1] =~ /^CLOSED/' \
    there open --json --say hello 10.0.2.2:4000
try "a reset from us" 0 '$r{outcome} eq "open" && $r{close}{kind} eq "rst" && $r{close}{by} eq "us" &&
    $r{peer_path}[-1] =~ /^CLOSED/' there open --json --say hello --close rst 10.0.2.2:4000
try "a port where nobody listens" 1 '$r{outcome} eq "closed"' there open --json 10.0.2.2:4001

# What it does otherwise than RFC 9293 is its own affair, and told; that it is told without a
# contradiction is ours.
for figure in three-way-handshake rfc9293-figure-8 rfc9293-figure-12 second-fin-lost syn-lost; do
    try "figure $figure" 0 '$r{verdict} eq "as-figured"' there play --json -w 20s "$figure" 10.0.2.2:4000
done
for figure in syn-fin-to-listener null-to-listener rst-one-off syn-into-established \
    reset-no-connection-ack old-duplicate-syn-overtaken two-way-handshake-refused; do
    there play --json -w 20s "$figure" 10.0.2.2:4000 >"$work/figure.out" 2>"$work/figure.err"
    status=$?
    judge "figure $figure" $status $status \
        '$r{verdict} =~ /^(as-figured|deviates|unknown)$/ && !grep { $_ eq "isn" } @{$r{middlebox} // []}' \
        "$work/figure"
done

wait $series
judge "synack" 0 $? '$r{outcome} eq "open" && $r{retransmissions} >= 1 &&
    @{$r{gaps_us}} == $r{retransmissions} && $r{gaps_us}[0] > 1e6 && $out[-1]{flags} eq "RST"' "$work/series"
valid
finish
