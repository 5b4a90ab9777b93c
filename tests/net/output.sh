#!/bin/bash
# What the program writes, as others read it: pcapng in Wireshark's eyes, several outputs at once.
# shellcheck disable=SC1091,SC2154,SC2016,SC2015 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"

tcpshake lab --truth open --json --pcapng "$work/v4.pcapng" --mermaid "$work/v4.mmd" >"$work/v4.out" 2>"$work/v4.err"
judge "three outputs at once" 0 $? '@segments > 5' "$work/v4"
verdict "mermaid is a sequence diagram" "$(head -n 1 "$work/v4.mmd" | grep -v '^sequenceDiagram')"
tcpshake lab -6 --app http open --say 'GET / HTTP/1.0\r\n\r\n' --close wait --json \
    --pcapng "$work/v6.pcapng" >"$work/v6.out" 2>"$work/v6.err"
judge "IPv6" 0 $? '@segments > 5' "$work/v6"
tcpshake lab --app closed open --pcapng - >"$work/stdout.pcapng" 2>"$work/err"
verdict "--pcapng - has stdout to itself" "$(
    [ "$(head -c 4 "$work/stdout.pcapng" | od -An -tx1)" = " 0a 0d 0d 0a" ] || echo "no pcapng"
    cat "$work/err")"

# fields FILE FIELD: a line for each packet.
fields()
{
    tshark -n -r "$1" -T fields -e "$2" 2>"$work/err" || cat "$work/err"
}
for version in v4 v6; do
    if ! command -v tshark >/dev/null; then
        skip "tshark reads the pcapng, $version" "tshark is not installed"
        continue
    fi
    verdict "tshark reads the pcapng, $version" "$(
        [ "$(fields "$work/$version.pcapng" frame.number | wc -l)" = \
            "$(about 'scalar @segments' <"$work/$version.out")" ] || echo "another number of packets"
        [ "$(fields "$work/$version.pcapng" tcp.seq_raw)" = \
            "$(about 'join "\n", map { $_->{seq} } @segments' <"$work/$version.out")" ] || echo "other numbers"
        [ "$(fields "$work/$version.pcapng" frame.time_epoch)" = "$(about 'join "\n",
            map { sprintf "%d.%09d", $_->{t_ns} / 1000000000, $_->{t_ns} % 1000000000 } @segments' \
            <"$work/$version.out")" ] || echo "other times"
        fields "$work/$version.pcapng" frame.comment | grep -q 'SYN-SENT' || echo "no state in the comments"
        fields "$work/$version.pcapng" frame.comment | grep -q 'RFC 9293' || echo "no reason in the comments"
        [ "$(fields "$work/$version.pcapng" frame.comment | grep -c .)" -ge 5 ] || echo "few comments"
        tshark -n -r "$work/$version.pcapng" -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE \
            -Y '_ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0' 2>&1 |
            grep -v 'Running as user'
    )"
done
if command -v capinfos >/dev/null; then
    verdict "capinfos reads the pcapng" "$(capinfos "$work/v4.pcapng" >"$work/info" 2>&1 &&
        grep -qi nanoseconds "$work/info" || cat "$work/info")"
else
    skip "capinfos reads the pcapng" "capinfos is not installed"
fi
valid
finish
