#!/bin/bash
# Bad input and a machine in the way: one clear line on stderr, exit status 2, and not one segment
# sent. Real servers would be on loopback, where every segment sent is counted as one received.
# shellcheck disable=SC1091,SC2154,SC2016,SC2015 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"

segments()
{
    awk '$1 == "Tcp:" && $2 ~ /^[0-9]/ { print $11 }' /proc/net/snmp
}

# complains NAME PATTERN COMMAND...: as said above, with PATTERN in the line.
complains()
{
    local name=$1 pattern=$2 before after status
    shift 2
    before=$(segments)
    "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    after=$(segments)
    verdict "$name" "$(
        [ $status -eq 2 ] || echo "exit status $status"
        [ "$(wc -l <"$work/err")" -eq 1 ] || echo "not one line on stderr"
        grep -qE -e "$pattern" "$work/err" || echo "no /$pattern/ in it"
        [ "$before" = "$after" ] || echo "$((after - before)) segments crossed the wire"
        [ ! -s "$work/out" ] || echo "something on stdout: $(head -c 200 "$work/out")"
    )"
    sed 's/^/#   /' "$work/err"
}

refuses()
{
    local name=$1 pattern=$2
    shift 2
    complains "$name" "^tcpshake (open|synack): .*$pattern" tcpshake "$@"
}

here=127.0.0.1:80

# ---- targets ----
refuses "an unknown host" "no-such-host.invalid" open no-such-host.invalid:80
refuses "a name where only numbers are wanted" "localhost" open -n localhost:80
refuses "an unknown port" "nosuchport" open 127.0.0.1:nosuchport
refuses "port 0" "port 0 " open 127.0.0.1:0
refuses "port 70000" "port 70000 " open 127.0.0.1:70000
refuses "port 70000 as a word of its own" "port 70000 " open 127.0.0.1 70000
refuses "a negative port" "-1" open -- 127.0.0.1:-1
refuses "no port" "port" open 127.0.0.1
refuses "no closing bracket" "\\[::1:80" open '[::1:80'
refuses "no colon after the bracket" "80" open '[::1]80'
refuses "an IPv6 address without brackets" "brackets" open ::1:80
refuses "nothing in the brackets" "IPv6" open '[]:80'
refuses "a name in the brackets" "localhost" open '[localhost]:80'
refuses "the wrong family" "IPv4|127\\.0\\.0\\.1" open -6 127.0.0.1:80
refuses "no target" "target" open
refuses "two targets" "two ports" open $here $here
refuses "three words" "one target" open 127.0.0.1 80 81
refuses "the address of nobody" "0\\.0\\.0\\.0" open 0.0.0.0:80
refuses "a multicast address" "multicast" open 224.0.0.1:80
refuses "an IPv6 multicast address" "multicast|ff02::1" open '[ff02::1]:80'

# ---- options ----
refuses "an unassigned source" "10\\.9\\.9\\.9" open -S 10.9.9.9 $here
refuses "an unassigned IPv6 source" "2001:db8::7" open -S 2001:db8::7 '[::1]:80'
refuses "a source of the other family" "::1" open -S ::1 $here
refuses "a source that is no address" "here" open -S here $here
refuses "an interface that is not there" "nope0" open -I nope0 $here
for bad in 'mss 0' 'mss 65536' 'mss x' 'win 65536' 'win -1' 'isn 4294967296' 'isn 1.5' 'sport 0' 'sport 65536' \
    'ttl 0' 'ttl 256' 'tries 0' 'tries x' 'seed x' 'seed -1' 'wait 0' 'wait x' 'deadline 1h' 'deadline -1s' \
    'syn-like plan9' 'close maybe' 'colour blue' 'say @/nonexistent' 'data @/nonexistent' 'say \xzz'; do
    refuses "--$bad" "--${bad%% *}|${bad#* @}|\\\\x" open "--${bad%% *}=${bad#* }" $here
done
refuses "an unknown option" "frobnicate" open --frobnicate $here
refuses "an option without its value" "mss" open $here --mss
for bad in 'listen 0' 'listen soon' 'repeat 0' 'repeat many' 'repeat 1000000'; do
    refuses "synack --$bad" "--${bad%% *}" synack "--${bad%% *}=${bad#* }" $here
done
refuses "--repeat from one port" "sport" synack --repeat 2 --sport 4000 $here

complains "an unknown command" "frobnicate" tcpshake frobnicate
complains "lab without a command" "command" tcpshake lab
complains "lab with an unknown command" "frobnicate" tcpshake lab frobnicate
complains "a lab in the lab" "lab" tcpshake lab lab open
complains "an unknown app" "echo, discard, hold" tcpshake lab --app nosuch open
complains "a setting that is none" "NAME=VALUE" tcpshake lab --sysctl nosuch open
complains "a setting that the kernel does not have" "tcp_nosuch" tcpshake lab --sysctl net.ipv4.tcp_nosuch=1 open
complains "a backlog of 0" "backlog" tcpshake lab --backlog 0 open

# ---- the machine ----
refuses "no route" "no route" open 198.51.100.1:80
refuses "no IPv6 route" "no route" open '[2001:db8::9]:80'
if ip link add down0 type veth peer name down1 2>/dev/null; then
    ip addr add 10.1.1.1/24 dev down0
    refuses "an interface that is down" "down0" open -I down0 10.1.1.2:80
    ip link del down0
else
    skip "an interface that is down" "no veth here"
fi
unprivileged=(setpriv --bounding-set=-all --inh-caps=-all)
for way in setcap sudo lab; do
    complains "no privilege: $way is named" "$way" "${unprivileged[@]}" tcpshake open $here
done
taken=(perl -MSocket -we '
    socket(my $s, PF_INET, SOCK_STREAM, 0) or die;
    bind($s, sockaddr_in(4567, INADDR_LOOPBACK)) && listen($s, 1) or die;
    system { $ARGV[0] } @ARGV; exit($? >> 8)')
complains "a port of ours that is taken" "4567" "${taken[@]}" tcpshake open --sport 4567 $here

# ---- output ----
# into FILE COMMAND...: with stdout there. closed COMMAND...: into a pipe that nobody reads.
into()
{
    local file=$1
    shift
    "$@" >"$file"
}
closed()
{
    perl -we 'pipe(my $r, my $w) or die; close($r); open(STDOUT, ">&", $w) or die; exec { $ARGV[0] } @ARGV' "$@"
}
for option in --json '--pcapng -' '--mermaid -'; do
    case $option in
    --mermaid*) sends=yes ;; # it is written in one go, at the end
    *) sends=no ;;
    esac
    before=$(segments)
    for way in 'into /dev/full' closed; do
        # shellcheck disable=SC2086
        $way tcpshake open $option $here >/dev/null 2>"$work/err"
        status=$?
        verdict "$option ${way}: exit 2 and one line" "$(
            [ $status -eq 2 ] || echo "exit status $status"
            [ "$(wc -l <"$work/err")" -eq 1 ] && grep -qiE 'space|pipe|closed' "$work/err" || cat "$work/err"
        )"
    done
    [ $sends = yes ] || verdict "$option to nowhere sends nothing" \
        "$([ "$before" = "$(segments)" ] || echo "$(($(segments) - before)) segments")"
done
into /dev/full tcpshake open $here 2>"$work/err"
status=$?
verdict "the text on a full disk: exit 2" "$([ $status -eq 2 ] || echo "exit status $status")"
refuses "--pcapng on a full disk" "/dev/full" open --pcapng /dev/full $here
refuses "--pcapng into a folder that is not there" "/nonexistent/x" open --pcapng /nonexistent/x $here
refuses "--mermaid into a folder that is not there" "/nonexistent/x" open --mermaid /nonexistent/x $here
refuses "two on stdout" "stdout" open --json --pcapng - $here

# Closed from the start: the number that is free must not be given to a file or a socket of ours,
# and what is written there fails.
tcpshake open -q --mermaid "$work/m" --pcapng "$work/p" $here >&- 2>"$work/err"
status=$?
verdict "stdout closed: exit 2 and one line, and nothing of it in another file" "$(
    [ $status -eq 2 ] && grep -q 'Bad file descriptor' "$work/err" || echo "exit status $status: $(cat "$work/err")"
    grep -l '^closed' "$work/m" "$work/p"
)"
printf 'a b c\n127.0.0.1:80\n' >"$work/list"
tcpshake survey -f "$work/list" --special --probe ping -W 300ms --resume "$work/r" 2>&-
verdict "stderr closed: the records are records" "$(grep -v '^{' "$work/r")"
verdict "stdin closed: a list that is to be read from it is none" "$(
    tcpshake survey -f - --special --probe ping <&- >/dev/null 2>"$work/err"
    [ $? -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] || cat "$work/err"
)"
verdict "too few descriptors: exit 2, never that of a closed port, and a line" "$(
    for n in 6 7 8 9 10 11; do
        (ulimit -n $n && exec tcpshake open -q $here) >"$work/out" 2>"$work/err"
        status=$?
        [ $status -eq 1 ] && [ -s "$work/out" ] && continue # there were enough
        [ $status -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && [ ! -s "$work/out" ] ||
            echo "$n: exit status $status: $(cat "$work/err")"
    done
)"
(ulimit -f 1 && exec tcpshake lab open -q --pcapng "$work/large" --say "$(printf '%2000s' '')") >/dev/null 2>"$work/err"
status=$?
verdict "a limit to the size of files: exit 2 and a line" \
    "$([ $status -eq 2 ] && [ -s "$work/err" ] || echo "exit status $status: $(cat "$work/err")")"

# ---- a dry run ----
for command in open synack; do
    before=$(segments)
    "${unprivileged[@]}" tcpshake $command --dry-run --json $here >"$work/dry" 2>"$work/err"
    status=$?
    verdict "$command --dry-run needs no privilege and sends nothing" "$(
        [ $status -eq 0 ] || echo "exit status $status"
        grep -v '^dry run: ' "$work/err"
        [ "$before" = "$(segments)" ] || echo "$(($(segments) - before)) segments"
        untrue '$out[0]{flags} eq "SYN" && !@results' "$work/dry"
    )"
    cat "$work/dry" >>"$work/records"
done
valid
finish
