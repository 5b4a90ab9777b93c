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

# The last two are of real runs, that of backlog with two of its callers.
for name in handshake synack refused sessions truth hostile played played-deviates played-unknown \
    results digest ping ping-two ping-loud self-connect backlog; do
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
line='"type":"line"'
play='"type":"result"'
refused "a line without its status" played "$line" 's/"status":"ok",//'
refused "a line with a status that is none" played "$line" 's/"status":"ok"/"status":"fine"/'
refused "a line 0" played "$line" 's/"line":1/"line":0/'
refused "a line without its place" played "$line" 's/"source_line":[0-9]*,//'
refused "an unknown key in a line" played "$line" 's/"status"/"ok":true,&/'
refused "a line that is right and says what is wrong" played "$line" 's/"status"/"text":"it is late",&/'
refused "a line that deviates and does not say how" played-deviates '"status":"deviates"' 's/,"text":.*}/}/'
refused "a line that is unknown and does not say why" played-unknown '"status":"unknown"' 's/,"text":.*}/}/'
refused "a line that was not reached and has a segment" played-deviates '"status":"not-reached"' \
    's/"status"/"t_ns":1,"wire":"<SEQ=1>",&/'
refused "a segment of a line without its time" played '"wire"' 's/"t_ns":[0-9]*,//'
refused "a line's segment that is none" played '"wire"' 's/"wire":"</"wire":"/'
refused "another verdict" played "$play" 's/"as-figured"/"ok"/'
refused "a play without a verdict" played "$play" 's/"verdict":"[a-z-]*",//'
refused "a play without its figure" played "$play" 's/"figure":"[^"]*",//'
refused "a play without its alternative" played "$play" 's/"alternative":null,//'
refused "a play with an outcome" played "$play" 's/"verdict"/"outcome":"open",&/'
refused "a deviation that is nowhere" played-deviates "$play" 's/"first_deviation":{[^}]*}/"first_deviation":null/'
refused "a first deviation without its text" played-deviates "$play" 's/,"text":"[^"]*","rfc"/,"rfc"/'
refused "as figured, with a deviation" played-deviates "$play" 's/"verdict":"deviates"/"verdict":"as-figured"/'
refused "as figured, with an unknown line" played-unknown "$play" 's/"verdict":"unknown"/"verdict":"as-figured"/'
refused "as figured, with a line that was not reached" played "$play" 's/"not_reached":0/"not_reached":1/'
refused "a count of lines that lacks some" played "$play" 's/"unknown":0,//'
self='"type":"result"'
refused "a connection with itself without its port" self-connect "$self" 's/"port":[0-9]*,//'
refused "one that happened, and no moment" self-connect "$self" 's/"happened_ns":[0-9]*,//'
refused "one that is filtered" self-connect "$self" 's/"outcome":"open"/"outcome":"filtered"/'
refused "a kernel that tells half" self-connect "$self" 's/"before":"CLOSED",//'
part='"readings"'
caller='"role"'
refused "a part that is none" backlog "$part" 's/"part":"abort"/"part":"abrupt"/'
refused "a part without its readings" backlog "$part" 's/"readings":.*"early"/"early"/'
refused "a moment that is none" backlog "$part" 's/"moment":"before"/"moment":"once"/'
refused "a reading without its limit" backlog "$part" 's/"accept_limit":[0-9]*,//'
refused "a face that is none" backlog "$part" 's/"face":"reset"/"face":"pale"/'
refused "a caller of another role" backlog "$caller" 's/"role":"[a-z]*"/"role":"boss"/'
refused "a caller without its face" backlog "$caller" 's/"face":"[a-z-]*",//'
refused "a face missing from the summary" backlog '"faces"' 's/"silence":[a-z]*,//'
ping='"command":"ping"'
refused "an open ping without the peer's number" results "$ping" 's/"irs":[0-9]*,//'
refused "a late answer with an RTT" ping '"doubtful":true' 's/"rtt_us":null/"rtt_us":1.5/'
refused "a closed port without its window" ping '"closed"' 's/"peer_win":[0-9]*,//'
refused "a ping that never left and was answered" ping '"reason"' 's/"unreachable"/"closed"/'
refused "a summary of ping without its jitter" ping '"type":"summary"' 's/"jitter_us":[0-9.]*,//'
refused "more than all are lost" ping '"type":"summary"' 's/"loss":0/"loss":1/'
refused "a target of the summary without its address" ping-two '"type":"summary"' 's/"target":"[^"]*",//'
refused "a target of the summary without its loss" ping-two '"type":"summary"' 's/"loss":1.0,//'
refused "a run with one of several targets" ping-two '"type":"run"' 's/"targets":2/"targets":1/'
refused "segments that came back for no SYNs" results "$ping" 's/"syns":[0-9]*,//'
refused "no reason but the outcome" results '"error","reason"' 's/,"reason":.*}/}/'
refused "a reason, and an answer" results '"error","reason"' 's/"error"/"open"/'
refused "a reason why a port is closed" results '"unreachable",.*"reason"' 's/"unreachable"/"closed"/'
refused "unreachable, and no word of the kernel" results '"unreachable",.*"reason"' 's/"kernel_quiet":true,//'
refused "a survey that does not say what came back" results '"type":"summary"' 's/"octets_back":[0-9]*,//'
refused "an outcome missing from the summary" results '"type":"summary"' 's/"filtered":[0-9]*,//'
refused "a distribution without its median" results '"type":"summary"' 's/"p50":[0-9.]*,//'
refused "a schedule without its end" digest '"schedules"' 's/"end":"silence",//'
refused "a schedule of nobody" digest '"schedules"' 's/"targets":45/"targets":0/'
refused "a run of a ping without its endpoint" handshake '"type":"run"' 's/"target":"[^"]*"/"target":"all"/'
refused "a record cut short" handshake "$segment" 's/}$//'

complaints=$(/usr/bin/python3 "$validate" </dev/null 2>&1)
[ $? -eq 1 ]
point "refused: no record at all" $? "$complaints"
echo "1..$points"
