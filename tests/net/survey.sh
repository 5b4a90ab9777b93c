#!/bin/bash
# Surveys, with packets, of the peer of tests/peer.sh. Every target has one result; no second
# has more packets than the rate; a survey that is killed, interrupted or stalled goes on as if nothing
# had been; and what cannot be surveyed is refused in a line.
# shellcheck disable=SC1091,SC2015,SC2154,SC2016 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
. "$srcdir/tests/peer.sh"

# wrong EXPRESSION FILE: as untrue, but of many records only what they come to.
wrong()
{
    local value
    value=$(about "($1) ? 'true' : 'false'" <"$2" 2>&1)
    [ "$value" = true ] || printf 'not so (%s): %s\n%s\n' "$value" "$1" "$(tail -n 1 "$2" | cut -c 1-400)"
}

# survey ARGUMENTS...: bounded, whatever happens. Leaves run.out, run.err and its status.
survey()
{
    timeout --foreground -k 5 300 tcpshake survey "$@" >"$work/run.out" 2>"$work/run.err"
    status=$?
}

# begin ARGUMENTS...: a survey in the background; $! is its own.
begin()
{
    : >"$work/run.out"
    # In the background a shell ignores SIGINT.
    env --default-signal=INT tcpshake survey "$@" >"$work/run.out" 2>"$work/run.err" </dev/null &
}

# ended NAME STATUS EXPRESSION: the survey that has been: nothing on stderr, each target once.
once='@results == keys(%{{map { ($_->{target} => 1) } @results}}) &&
    @results == keys(%{{map { ($_->{session} => 1) } @results}})'
ended()
{
    head -n 80 "$work/run.out" >>"$work/records"
    verdict "$1" "$(
        [ "$status" -eq "$2" ] || echo "exit status $status, not $2"
        cat "$work/run.err"
        wrong "$once" "$work/run.out"
        wrong "$3" "$work/run.out")"
}

# surveyed NAME STATUS EXPRESSION ARGUMENTS...
surveyed()
{
    local name=$1 expected=$2 expression=$3
    shift 3
    survey "$@"
    ended "$name" "$expected" "$expression"
}

# of OUTCOME COUNT: an expression.
of()
{
    echo "$2 == grep({ \$_->{outcome} eq '$1' } @results)"
}

needs_peer

# ---- every target has one result ----
cat >"$work/mixed" <<'END'
# thirty-two open and as many closed, half of them in each family
10.77.1.0/28:80,81
[fd77::10/124]:80,81
10.78.0.1-3    # nobody answers
10.79.0.1      # no route
nowhere.invalid
END
for probe in ping open synack; do
    surveyed "--probe $probe: answers, silence, no route and no address" 0 \
        "@results == 69 && $(of open 32) && $(of closed 32) && $(of filtered 3) &&
            2 == grep({ \$_->{outcome} =~ /^(error|unreachable)\$/ && (length \$_->{reason} || \$_->{icmp}) } @results) &&
            !grep({ !(\$_->{kernel_quiet} // 1) } @results)" \
        --probe $probe -W 500ms --listen 500ms -p 80 --special --rate 1000 -f "$work/mixed"
done
surveyed "IPv6 alone" 0 "@results == 256 && $(of open 256)" \
    --probe ping -W 1s --rate 1000 '[fd77::/120]:80'
surveyed "nobody answers: exit 3" 3 "@results == 3 && $(of filtered 3)" \
    --probe ping -W 300ms 10.78.0.1-3:80
surveyed "on the link, and nobody there" 3 "@results == 2 && $(of unreachable 2)" \
    --probe ping -W 8s 192.168.77.8-9:80
at_peer ip route add 10.78.9.0/24 via 192.168.77.1
at_peer ip route add prohibit 10.77.9.9 table local
at_peer sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0
surveyed "a router says unreachable" 0 \
    "$(of open 2) && $(of unreachable 1) && !grep({ \$_->{outcome} eq 'unreachable' &&
        \$_->{icmp}{from} ne '192.168.77.2' } @results)" \
    --probe ping -W 1s 10.77.9.8-10:80
at_peer sysctl -qw net.ipv4.ip_forward=0
timeout 300 tcpshake lab survey --probe ping -W 1s -p 7,9,5003 192.0.2.2 >"$work/run.out" 2>"$work/run.err"
status=$?
ended "in the lab" 0 "@results == 3 && $(of open 1) && $(of closed 2)"
timeout 300 tcpshake lab survey --probe ping -W 1s >"$work/run.out" 2>"$work/run.err"
status=$?
ended "in the lab, whose peer is the target" 0 "@results == 1 && $(of open 1)"

# ---- the list ----
# The segments that have reached the peer. Packets would not do: our kernel looks for neighbours and
# routers whenever it likes.
segments_out()
{
    at_peer awk '$1 == "Tcp:" && $2 ~ /^[0-9]/ { print $11 }' /proc/net/snmp
}
# refused NAME PATTERN ARGUMENTS...: in one line, and nothing is sent.
refused()
{
    local name=$1 pattern=$2 before
    before=$(segments_out)
    shift 2
    survey "$@"
    verdict "refused: $name" "$(
        [ $status -eq 2 ] || echo "exit status $status, not 2"
        [ ! -s "$work/run.out" ] || { echo "on stdout:"; head -n 3 "$work/run.out"; }
        [ "$(wc -l <"$work/run.err")" -eq 1 ] || echo "not one line on stderr"
        grep -qe "$pattern" "$work/run.err" || cat "$work/run.err"
        [ "$(segments_out)" -eq "$before" ] || echo "something was sent")"
}
ping=(--probe ping -W 1s --rate 2000)
here_and_there="10.77.2.1:80
10.77.2.256:80
nonsense line here
10.77.2.2:99999

  # a comment
10.77.2.3
10.77.2.4:80 # another"
echo "$here_and_there" >"$work/bad"
survey "${ping[@]}" --special -f "$work/bad"
verdict "bad lines are told with their number, and passed over" "$(
    [ $status -eq 0 ] || echo "exit status $status"
    [ "$(sed -nE "s,^tcpshake survey: $work/bad:([0-9]+): .+,\1,p" "$work/run.err" | xargs)" = "2 3 4 7" ] &&
        [ "$(wc -l <"$work/run.err")" -eq 4 ] || cat "$work/run.err"
    wrong '@results == 2 && $summary->{bad_lines} == 4' "$work/run.out")"
refused "a bad line with --strict" "bad:2: " "${ping[@]}" --special --strict -f "$work/bad"
surveyed "from standard input" 0 '@results == 2' "${ping[@]}" --special -f - -p 80 \
    < <(printf '10.77.2.1\n10.77.2.2')
: >"$work/empty"
refused "an empty list" 'nothing to probe' "${ping[@]}" -p 80 -f "$work/empty"
refused "no list" 'nothing to probe\|no target' "${ping[@]}" -p 80
refused "no port" 'no port' "${ping[@]}" 10.77.2.1
refused "no such file" 'no-such-file' "${ping[@]}" -f "$work/no-such-file"
refused "names without an address only" "'nowhere.invalid' has no address: " "${ping[@]}" nowhere.invalid:80
refused "no route to anything" 'oute\|nreachable' "${ping[@]}" 10.79.0.1:80

echo 10.77.2.0/29 >"$work/private"
refused "private addresses from a file" 'nothing to probe: .*--special' "${ping[@]}" -p 80 -f "$work/private"
surveyed "private addresses as typed" 0 '@results == 8 && !$summary->{special}' \
    "${ping[@]}" -p 80 10.77.2.0/29
surveyed "private addresses from a file with --special" 0 '@results == 8' \
    "${ping[@]}" --special -p 80 -f "$work/private"
printf '10.77.2.2\n10.77.2.4/31 # two\n' >"$work/exclude"
surveyed "--exclude-file" 0 '@results == 5 && $summary->{excluded} == 3 &&
    !grep({ $_->{target} =~ /^10\.77\.2\.[245]:/ } @results)' \
    "${ping[@]}" --exclude-file "$work/exclude" -p 80 10.77.2.0/29
refused "a bad line of what is excluded" 'bad:1: ' "${ping[@]}" --exclude-file "$work/bad" 10.77.2.1:80
refused "all of it excluded" 'nothing to probe' "${ping[@]}" --exclude-file "$work/private" 10.77.2.0/29:80

# targets FILE...: of the results, sorted.
targets()
{
    cat "$@" | about 'join "\n", map { $_->{target} } @results' | sed '/^$/d' | sort
}
list_of()
{
    perl -e 'for (0 .. $ARGV[1] - 1) { printf "10.77.%d.%d:80\n", $ARGV[0] + ($_ >> 8), $_ & 255 }' "$@" | sort
}

# ---- shards ----
for way in "--shard=%d/3" JOB_COMPLETION_INDEX SLURM_ARRAY_TASK_ID SLURM_ARRAY_TASK_MIN; do
    rm -f "$work"/shard.*
    for k in 1 2 3; do
        case $way in
        --*) survey "${ping[@]}" --seed 4 10.77.3.0/25:80 "${way/\%d/$k}" ;;
        JOB*) JOB_COMPLETION_INDEX=$((k - 1)) survey "${ping[@]}" --seed 4 10.77.3.0/25:80 --shards 3 ;;
        *ID) SLURM_ARRAY_TASK_ID=$((k - 1)) survey "${ping[@]}" --seed 4 10.77.3.0/25:80 --shards 3 ;;
        *) SLURM_ARRAY_TASK_MIN=5 SLURM_ARRAY_TASK_ID=$((k + 4)) \
            survey "${ping[@]}" --seed 4 10.77.3.0/25:80 --shards 3 ;;
        esac
        cp "$work/run.out" "$work/shard.$k"
    done
    verdict "three shards by ${way%%=*} are the list" "$(
        diff <(list_of 3 128) <(targets "$work"/shard.1 "$work"/shard.2 "$work"/shard.3) | head -n 5)"
done
for wrong in 0/3 4/3 3 1/0 a/b 1/2/3 -1/3; do
    refused "--shard=$wrong" 'shard' "${ping[@]}" --shard="$wrong" 10.77.3.1:80
done
refused "--shards without a job" 'JOB_COMPLETION_INDEX' "${ping[@]}" --shards 3 10.77.3.1:80
JOB_COMPLETION_INDEX=3 refused "--shards, a task too many" "'3'" "${ping[@]}" --shards 3 10.77.3.1:80
SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_MIN=x refused "--shards, a bad first task" "'x'" \
    "${ping[@]}" --shards 3 10.77.3.1:80

# ---- fast and plain ----
refused "more than 10000 a second, not authorised" 'i-am-authorised' --rate 10001 10.77.4.0/24:80
refused "--rate=0" 'rate' --rate 0 10.77.4.1:80
survey --probe ping -W 1s --rate 10000 -p 80,81 10.77.4.0/23 --seed 3
cp "$work/run.out" "$work/plain"
survey --probe ping -W 1s --rate 100000 --i-am-authorised -p 80,81 10.77.4.0/23 --seed 3
results='join "\n", map { "$_->{session} $_->{target} $_->{outcome} $_->{iss}" } @results'
verdict "the fast path has the same results" "$(
    cat "$work/run.err"
    wrong "@results == 1024 && $(of open 512) && $(of closed 512)" "$work/run.out"
    diff <(about "$results" <"$work/plain" | sort) <(about "$results" <"$work/run.out" | sort) | head -n 5)"

# ---- csv, summarise ----
survey "${ping[@]}" --csv -p 80,81 10.77.5.0/28
verdict "--csv" "$(
    cat "$work/run.err"
    [ "$(wc -l <"$work/run.out")" -eq 33 ] || head -n 3 "$work/run.out"
    [ "$(grep -c ',open,' "$work/run.out")/$(grep -c ',closed,' "$work/run.out")" = 16/16 ] ||
        head -n 3 "$work/run.out")"
timeout 20 tcpshake survey --summarise "$work/plain" >"$work/text" 2>&1
verdict "--summarise" "$(
    grep -qE '^targets +1024 in 1 file$' "$work/text" && grep -qE '^outcome +512 +50.0 % +open$' "$work/text" ||
        cat "$work/text")"

# ---- the rate ----
# At most so many in any window of one second, by the kernel's stamps; what is captured are all of
# ours, SYNs and resets.
watch()
{
    local filter="tcp and src host $ours"
    # tcpdump gives up where there is no other user to become, as in most namespaces.
    if command -v dumpcap >/dev/null; then
        dumpcap -P -B 16 -i here -f "$filter" -w "$work/pcap" 2>"$work/watcher" &
    else
        tcpdump -Z root -i here -U -B 16384 -w "$work/pcap" "$filter" 2>"$work/watcher" &
    fi
    watcher=$!
    await watches
    has 1 'listening on|File:' "$work/watcher"
}
watches()
{
    has 1 'listening on|File:' "$work/watcher" || gone "$watcher"
}
# watched COUNT: ends it when it has so many packets. Leaves stamps: of each packet the time in nanoseconds,
# address, port, and S for a SYN.
watched()
{
    await captured "$1"
    sleep 0.5 # for those that would be too many
    kill -INT "$watcher"
    await grep -qE '^0 packets dropped by kernel|[0-9]+/0 \(pcap:0' "$work/watcher" ||
        cat "$work/watcher"
    stamps >"$work/stamps"
}
captured()
{
    [ "$(stamps | wc -l)" -ge "$1" ] || gone "$watcher"
}
stamps()
{
    perl -we '
        local $/;
        my $all = <STDIN>;
        my $unit = unpack("L", $all) == 0xa1b23c4d ? 1 : 1000;
        for (my $at = 24; $at + 16 <= length $all;) {
            my ($s, $fraction, $n) = unpack("L3", substr($all, $at, 12));
            last if $at + 16 + $n > length $all;
            my $ip = substr($all, $at + 16 + 14, 40);
            $at += 16 + $n;
            printf "%d %s %d %s\n", $s % 1000000 * 1e9 + $fraction * $unit,
                join(".", unpack("C4", substr($ip, 16, 4))), unpack("n", substr($ip, 22, 2)),
                ord(substr($ip, 33, 1)) & 2 ? "S" : "R";
        }' <"$work/pcap"
}
# The most in a second, of all stamps (in nanoseconds).
most()
{
    perl -ane 'push @t, $F[0]; shift @t while $t[-1] - $t[0] >= 1e9; $most = @t if @t > ($most // 0);
        END { print $most // 0, "\n" }' "$work/stamps"
}
rated()
{
    verdict "$1" "$(
        watched "$3"
        [ "$(wc -l <"$work/stamps")" -eq "$3" ] || echo "$(wc -l <"$work/stamps") packets, not $3"
        [ "$(most)" -le "$2" ] || echo "$(most) in a second"
        [ -z "${4-}" ] || [ "$(most)" -ge "$4" ] || echo "no more than $(most) in a second"
        wrong '@results == '$(($3 / 2))" && $once" "$work/run.out"
        cat "$work/run.err")"
}
if { command -v dumpcap || command -v tcpdump; } >/dev/null && watch; then
    survey --probe ping -W 1s --rate 5000 10.77.32.0-10.77.63.255:80
    rated "--rate 5000: in no second more, and nearly as many" 5000 16384 4500
    watch
    survey --probe ping -W 1s --rate 100 10.77.6.0-10.77.6.149:80
    rated "--rate 100: in no second more, and nearly as many" 100 300 90
    watch
    begin --probe ping -W 3s --rate 5000 10.77.64.0-10.77.79.255:80
    await has 500 '"type":"result"' "$work/run.out"
    kill -STOP $!
    sleep 0.8
    kill -CONT $!
    wait $!
    rated "stopped for a while: nothing is made up for too fast" 5000 8192

    # ---- spacing ----
    # The least time between two SYNs with the same key, an expression of the address and the port.
    least()
    {
        perl -ane 'next unless $F[3] =~ /S/; ($a, $p) = @F[1, 2]; my $key = '"$1"';
            my $gap = $F[0] - ($last{$key} // -1e18); $last{$key} = $F[0];
            $least = $gap if !defined $least || $gap < $least; END { print int($least / 1e6), "\n" }' "$work/stamps"
    }
    watch
    survey --probe ping -W 1s --rate 2000 --spacing 200ms -p 1-5 10.77.7.0/27
    verdict "--spacing: between two SYNs to one address" "$(
        watched 160
        [ "$(wc -l <"$work/stamps")" -eq 160 ] || echo "$(wc -l <"$work/stamps") packets"
        [ "$(least '$a')" -ge 200 ] && [ "$(least '$a')" -lt 400 ] || echo "$(least '$a') ms"
        wrong "@results == 160 && $once" "$work/run.out")"
    watch
    survey --probe ping -W 1s --rate 2000 --spacing-24 50ms -p 81 10.77.8.0/28 10.77.9.0-5 10.77.9.11-19
    verdict "--spacing-24: between two SYNs to one network" "$(
        watched 31
        [ "$(wc -l <"$work/stamps")" -eq 31 ] || echo "$(wc -l <"$work/stamps") packets"
        key='$a =~ s/\.\d+$//r'
        [ "$(least "$key")" -ge 50 ] && [ "$(least "$key")" -lt 100 ] || echo "$(least "$key") ms"
        [ "$(least 1)" -lt 50 ] || echo "the two networks wait for each other: $(least 1) ms"
        wrong "@results == 31 && $once" "$work/run.out")"
else
    skip "the rate and the spacing, captured" "neither dumpcap nor tcpdump is installed, or they may not capture"
fi

# ---- killed, and resumed ----
list_of 16 3000 >"$work/list"
resumable=(--special --probe ping -W 1s --rate 6000 -f "$work/list")
records=$work/records.ndjson
# further COUNT: the records have so many more results than $before, or the survey has ended.
further()
{
    has $((before + $1)) '"type":"result"' "$records" || gone $!
}
for way in KILL INT; do
    seed=$RANDOM
    RANDOM=$seed
    echo "# the moments of SIG$way are those of seed $seed"
    : >"$records"
    kills=0
    for i in {1..10}; do
        before=$(grep -c '"type":"result"' "$records")
        # As slow as this it is not done after ten times, however late it is killed.
        begin "${resumable[@]}" --rate 1000 --resume "$records"
        # In the middle of what it writes, or anywhere.
        if [ $((i % 2)) -eq 0 ]; then
            await further $((1 + RANDOM % 60))
        else
            sleep "0.$(printf %03d $((RANDOM % 200)))"
        fi
        kill -$way $! 2>/dev/null && kills=$((kills + 1))
        wait $! 2>/dev/null
        [ ! -s "$work/run.err" ] || sed 's/^/# /' "$work/run.err"
    done
    after=$(grep -c '"type":"result"' "$records")
    survey "${resumable[@]}" --resume "$records"
    verdict "SIG$way ten times, and resumed: the list, each target once" "$(
        [ $status -eq 0 ] || echo "exit status $status"
        cat "$work/run.err"
        [ $kills -ge 5 ] && [ "$after" -gt 0 ] || echo "$kills kills, $after records"
        diff "$work/list" <(targets "$records") | head -n 5
        wrong "$once" "$records")"
    head -n 40 "$records" >>"$work/records"
done
cp "$records" "$work/whole"
before=$(segments_out)
survey "${resumable[@]}" --resume "$records"
verdict "resumed when all is done: exit 0, nothing sent, the records as they were" "$(
    [ $status -eq 0 ] || echo "exit status $status"
    cat "$work/run.err"
    cmp "$records" "$work/whole"
    [ "$(segments_out)" -eq "$before" ] || echo "something was sent")"
head -n 1200 "$work/whole" | head -c -17 >"$work/torn"
for tail in '' '{"v":1,"type":"resu'; do
    { cat "$work/torn"; printf %s "$tail"; } >"$records"
    survey "${resumable[@]}" --resume "$records"
    verdict "a last line that is torn${tail:+, twice} is cut off" "$(
        [ $status -eq 0 ] || echo "exit status $status"
        cat "$work/run.err"
        diff "$work/list" <(targets "$records") | head -n 5)"
done

# kept NAME PATTERN FILE ARGUMENTS...: refused, and the records of FILE are not touched.
kept()
{
    local name=$1 pattern=$2 from=$3
    shift 3
    cp "$from" "$records"
    refused "$name" "$pattern" "$@" --resume "$records"
    verdict "and its records are as they were" "$(cmp "$from" "$records")"
}
kept "--resume, other targets" 'of another survey' "$work/torn" --probe ping 10.77.16.0/24:80
kept "--resume, another probe" 'of another survey' "$work/torn" --special --probe open -f "$work/list"
kept "--resume, another seed" 'another seed' "$work/torn" "${resumable[@]}" --seed 1
kept "--resume, a file of another kind" 'no record' "$work/list" "${resumable[@]}"
printf 'no line' >"$work/other"
kept "--resume, a file without a line" 'no record' "$work/other" "${resumable[@]}"
tcpshake lab ping -c 1 --json >"$work/other" 2>&1
kept "--resume, the records of ping" 'another command' "$work/other" "${resumable[@]}"
refused "--resume, a folder" 'no regular file' "${resumable[@]}" --resume "$work"
begin "${resumable[@]}" --rate 100 --resume "$work/two"
await test -s "$work/two"
survey "${resumable[@]}" --resume "$work/two"
verdict "--resume, records that another survey writes" "$(
    [ $status -eq 2 ] && grep -q 'another run does' "$work/run.err" && [ "$(wc -l <"$work/run.err")" -eq 1 ] ||
        cat "$work/run.err")"
kill $!
wait $!
refused "--resume and --csv" 'csv' "${resumable[@]}" --csv --resume "$records"
# The same name of a list, with other lines in it.
cp "$work/list" "$work/list.was"
echo 10.77.90.1:80 >>"$work/list"
kept "--resume, a list with a line more" 'list has changed' "$work/torn" "${resumable[@]}"
sed -i 2d "$work/list"
kept "--resume, a list with a line replaced" 'list has changed' "$work/torn" "${resumable[@]}"
cp "$work/list.was" "$work/list"
sed -i 's/10\.77\.16\.9:80/10.77.90.1:80/' "$work/list"
cp "$work/whole" "$records"
refused "--resume, a list with one target changed" 'list has changed' "${resumable[@]}" --resume "$records"
cp "$work/list.was" "$work/list"
cp "$work/torn" "$records"
echo 10.77.17.0/24 >"$work/exclude"
survey "${resumable[@]}" --resume "$records" --exclude-file "$work/exclude"
verdict "--resume, with more excluded than before" "$(
    [ $status -eq 0 ] || echo "exit status $status"
    cat "$work/run.err"
    wrong "$once" "$records"
    diff <(grep -v '^10\.77\.17\.' "$work/list") <(targets "$records" | grep -v '^10\.77\.17\.') | head -n 5)"
printf 'nowhere.invalid:80\nno-where.invalid:80\n10.77.1.1:80\n' >"$work/names"
named=(--special --probe ping -W 1s -f "$work/names")
rm -f "$records"
survey "${named[@]}" --resume "$records"
grep -v 'nowhere' "$records" >"$work/other"
cp "$work/other" "$records"
survey "${named[@]}" --resume "$records"
verdict "--resume, where only a name without an address is left" "$(
    cat "$work/run.err"
    [ "$(targets "$records" | xargs)" = "10.77.1.1:80 no-where.invalid:80 nowhere.invalid:80" ] ||
        targets "$records")"

# ---- how it ends ----
half_open()
{
    at_peer ss -Htan state syn-recv | wc -l
}
none_half_open()
{
    [ "$(half_open)" -eq 0 ]
}
packets_in()
{
    at_peer awk '$1 == "Ip:" && $2 ~ /^[0-9]/ { print $4 }' /proc/net/snmp
}
# all_sent: a SYN for each of 384 targets has reached the peer since $before, and 256 are half open; or
# the survey has ended.
all_sent()
{
    { [ "$(packets_in)" -ge $((before + 384)) ] && [ "$(half_open)" -eq 256 ]; } || gone $!
}
before=$(packets_in)
begin --probe synack --listen 300s -W 200s --rate 2000 -p 80 10.77.20.0/24 10.78.0.0/25
await all_sent
kill -INT $!
wait $!
status=$?
head -n 40 "$work/run.out" >>"$work/records"
verdict "SIGINT: what is half open is reset, the summary comes, exit 1" "$(
    [ $status -eq 1 ] || echo "exit status $status"
    cat "$work/run.err"
    await none_half_open || echo "$(half_open) are half open"
    wrong "$once && @results == 384 && \$summary->{resets} >= 256 && $(of open 256)" "$work/run.out")"
before=$(packets_in)
begin --probe synack --listen 300s -W 200s --rate 2000 -p 80 10.77.21.0/24 10.78.0.0/25 --max-runtime 5s
await all_sent
kill -QUIT $!
wait $!
status=$?
verdict "SIGQUIT: progress on stderr, and on it goes; --max-runtime: what is half open is reset, exit 1" "$(
    [ $status -eq 1 ] || echo "exit status $status"
    [ "$(wc -l <"$work/run.err")" -eq 1 ] && grep -qE '^[0-9]+( of 384)? done, [0-9]+ in flight, ' "$work/run.err" ||
        cat "$work/run.err"
    await none_half_open || echo "$(half_open) are half open"
    wrong "$once && \$summary->{elapsed_s} >= 5 && \$summary->{elapsed_s} < 100 && $(of open 256)" "$work/run.out")"

# In one line, long before its time, and with nothing half open.
ends()
{
    verdict "$1" "$(
        [ "$2" -eq 2 ] || echo "exit status $2"
        [ "$(wc -l <"$work/run.err")" -eq 1 ] && grep -qe "$3" "$work/run.err" || cat "$work/run.err"
        await none_half_open || echo "$(half_open) are half open")"
}
listens=(--probe synack --listen 400s -W 1s --rate 2000 -p '80,81' 10.77.22.0/24)
timeout 300 tcpshake survey "${listens[@]}" >/dev/full 2>"$work/run.err"
ends "a full disk" $? 'o space left'
refused "--resume, a device" 'no regular file' "${listens[@]}" --resume /dev/full
mkdir "$work/small"
if mount -t tmpfs -o size=64k tmpfs "$work/small" 2>/dev/null; then
        timeout 300 tcpshake survey "${resumable[@]}" --resume "$work/small/records" 2>"$work/run.err"
    ends "a full disk under --resume" $? 'o space left'
    cp "$work/small/records" "$records"
    umount "$work/small"
    survey "${resumable[@]}" --resume "$records"
    verdict "and it goes on where there is room" "$(
        [ $status -eq 0 ] || echo "exit status $status"
        cat "$work/run.err"
        diff "$work/list" <(targets "$records") | head -n 5)"
else
    skip "a full disk under --resume" "nothing can be mounted"
fi
{
    timeout 300 tcpshake survey "${listens[@]}" 2>"$work/run.err"
    echo $? >"$work/status"
} | head -n 1 >/dev/null
ends "a closed pipe" "$(cat "$work/status")" 'roken pipe'

# ---- what people see ----
# shown COLUMNS: what a terminal as wide is sent, a line a redrawing.
shown()
{
    TERM=xterm timeout 300 script -qec "stty cols $1 rows 24; exec tcpshake survey --probe synack --listen 1s \
        --rate 3000 -p 1-3000 10.77.0.0/24 --max-runtime 3500ms >$work/run.out" /dev/null </dev/null |
        sed -E 's/\r/\n/g; s/\x1b\[K//g' | sed '/^$/d' >"$work/shown"
}
if command -v script >/dev/null && shown 80 && [ -s "$work/shown" ]; then
    for columns in 40 80 120; do
        shown $columns
        verdict "the line of progress at $columns columns" "$(
            [ "$(wc -l <"$work/shown")" -ge 2 ] && [ "$(wc -L <"$work/shown")" -lt $columns ] || cat "$work/shown"
            [ $columns -lt 80 ] ||
                grep -qE '^[0-9]+ of 768000 done, [0-9]+ in flight, [0-9]+ SYN/s, [0-9]+ answered, last SYN in [0-9]+m[0-9]{2}s$' \
                    "$work/shown" || cat "$work/shown"
            wrong "$once" "$work/run.out")"
    done
else
    skip "the line of progress" "script(1) is not installed"
fi

end_peer
valid
finish
