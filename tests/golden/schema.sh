#!/bin/bash
# The golden NDJSON obeys the schema, and the schema says no where it should: each record below is
# one of the golden ones with one thing wrong.
set -uf
srcdir=${srcdir:-.}
golden=$srcdir/tests/golden
validate=$golden/validate.py

if ! /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
    echo "1..0 # SKIP python3-jsonschema is not installed"
    exit 0
fi

points=0

# point NAME FAILED COMPLAINTS
point()
{
    points=$((points + 1))
    if [ "$2" -eq 0 ]; then
        echo "ok $points - $1"
    else
        echo "not ok $points - $1"
        echo "# ${3//$'\n'/$'\n# '}"
    fi
}

for name in handshake synack refused sessions truth hostile; do
    complaints=$(/usr/bin/python3 "$validate" "$golden/$name.ndjson" 2>&1)
    point "$name.ndjson is valid" $? "$complaints"
done

# refused WHAT FILE FIRST-MATCH SED-COMMAND
refused()
{
    local record changed complaints
    record=$(grep -m 1 "$3" "$golden/$2.ndjson")
    changed=$(sed "$4" <<<"$record")
    if [ "$record" = "$changed" ]; then
        point "refused: $1" 1 "nothing was changed in: $record"
        return
    fi
    complaints=$(/usr/bin/python3 "$validate" <<<"$changed" 2>&1)
    [ $? -eq 1 ] && [ "$(grep -c '^stdin:1: ' <<<"$complaints")" -ge 1 ]
    point "refused: $1" $? "$complaints"
}

segment='"type":"segment"'
refused "another version" handshake "$segment" 's/"v":1/"v":2/'
refused "an unknown type" handshake "$segment" 's/segment/packet/'
refused "an unknown key in a segment" handshake "$segment" 's/"win"/"window":1,&/'
refused "a key twice" handshake "$segment" 's/"win"/"win":1,&/'
refused "a quoted number" handshake "$segment" 's/"seq":\([0-9]*\)/"seq":"\1"/'
refused "a number too large" handshake "$segment" 's/"seq":/&9/'
refused "a state that is none" handshake "$segment" 's/SYN-SENT/SYN_SENT/'
refused "no ack with the ACK bit" handshake '"flags":"SYN,ACK"' 's/"ack":[0-9]*,//'
refused "an ack without the ACK bit" handshake '"flags":"SYN"' 's/"win"/"ack":0,&/'
refused "a timestamp without its echo" handshake "$segment" 's/,"ts_ecr":0//'
refused "truth without its judgement" truth '"truth"' 's/,"truth_in_set":[a-z]*//'
refused "an unknown fault" sessions '"type":"fault"' 's/kernel-rst/kernel/'
refused "an unknown outcome" handshake '"type":"result"' 's/"outcome":"open"/"outcome":"up"/'
refused "an open without its paths" handshake '"type":"result"' 's/"own_path":\[[^]]*\],//'
refused "gaps that are no numbers" synack '"type":"result"' 's/"gaps_us":\[/&null,/'
refused "a synack without an end" synack '"type":"result"' 's/"end":"silence",//'
refused "a record cut short" handshake "$segment" 's/}$//'

complaints=$(/usr/bin/python3 "$validate" </dev/null 2>&1)
[ $? -eq 1 ]
point "refused: no record at all" $? "$complaints"
echo "1..$points"
