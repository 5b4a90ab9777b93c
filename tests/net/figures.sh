#!/bin/bash
# The library against the lab's peer: every figure ends as tests/figures/expected says, its report is a
# figure that ends so again, and whatever is lost, no verdict is wrong. N runs (40) miss 20 % of what
# comes, from the seed SEED; JOBS (8) at once:
#   N=400 SEED=7 PATH=build:$PATH srcdir=. bash tests/net/figures.sh
# shellcheck disable=SC1091,SC2154,SC2016,SC2015 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
needs_lab

runs=${N:-40}
seed=${SEED:-$(($(date +%s) % 32768))}
echo "# SEED=$seed"
export work srcdir

# Linux ends TIME-WAIT after a minute, and this one waits for it.
slow=rfc9293-figure-13
mapfile -t names < <(find "$srcdir/figures" -name '*.fig' -printf '%P\n' | sed 's/\.fig$//' | sort)
mapfile -t quick < <(printf '%s\n' "${names[@]}" | grep -vx "$slow")

# --- Runs ---

# record RUN ARGUMENTS...: what `tcpshake` leaves behind.
record()
{
    local run=$work/$1
    shift
    mkdir -p "${run%/*}" # of the ways'
    tcpshake "$@" >"$run.out" 2>"$run.err"
    echo $? >"$run.status"
}

figure()
{
    echo "$srcdir/figures/$1.fig"
}

in_json()
{
    record "$1.json" lab play --json "$(figure "$1")"
}

in_text()
{
    record "$1.text" lab play "$(figure "$1")"
    record "$1.check" figures --check "$work/$1.text.out"
    record "$1.again" lab play --json "$work/$1.text.out"
}

in_json_6()
{
    record "$1.json6" lab -6 play --json "$(figure "$1")"
}

# half_deaf NUMBER NAME
half_deaf()
{
    record "$1.$2.deaf" lab --deaf 20% play --json --seed "$1" -W 3s "$(figure "$2")"
}

export -f record figure in_json in_text in_json_6 half_deaf

# at_once: the commands on stdin, several at a time.
at_once()
{
    xargs -P "${JOBS:-8}" -d '\n' -I '{}' bash -c '{}'
}

# --- Judgements ---

# What the results of the runs *.KIND are, a line each: run, verdict, alternative.
endings()
{
    # shellcheck disable=SC2016 # the $ are Perl's
    find "$work" -name "*.$1.out" -print0 | sort -z | xargs -0 perl -MJSON::PP -we '
        for my $file (@ARGV) {
            open my $in, "<", $file or die;
            my ($run) = $file =~ m{^\Q$ENV{work}\E/(.+)\.[^.]+\.out$};
            my ($r) = grep { $_->{type} eq "result" } map { decode_json($_) } <$in>;
            print join("\t", $run, $r->{verdict} // "none", $r->{alternative} // ()), "\n";
        }'
}

# complain RUN WHAT: what is wrong with it, and what it left.
complain()
{
    printf '%s: %s; status %s\n' "$1" "$2" "$(cat "$work/$1.status")"
    cut -c 1-300 "$work/$1.err" "$work/$1.out" | head -n 30
}

# Figures that may end in more than one way.
ambiguous()
{
    grep -v '^#' "$srcdir/tests/figures/expected" | cut -f 1 | uniq -d
}

# as_expected KIND: each run's ending is one that the figure may have, with its status, nothing on
# stderr, no fault and a quiet kernel.
as_expected()
{
    local name verdict rest status
    while IFS=$'\t' read -r name verdict rest; do
        cat "$work/$name.$1.out" >>"$work/records"
        grep -qxF "$name"$'\t'"$verdict${rest:+$'\t'$rest}" "$srcdir/tests/figures/expected" ||
            complain "$name.$1" "ends $verdict $rest"
        status=$([ "$verdict" = deviates ] && echo 1 || echo 0)
        [ "$(cat "$work/$name.$1.status")" -eq "$status" ] || complain "$name.$1" "not status $status"
        [ ! -s "$work/$name.$1.err" ] || complain "$name.$1" "something on stderr"
        ! grep -q -e '"type":"fault"' -e '"kernel_quiet":false' "$work/$name.$1.out" ||
            complain "$name.$1" "a fault"
    done < <(endings "$1")
}

# --- All that there is ---

minute()
{
    in_json "$slow" &
    record "$slow.text" lab play "$(figure "$slow")" &
    record "$slow.b" lab play --json --as B "$(figure "$slow")" &
    record rfc9293-figure-12.b lab play --json --as B "$(figure rfc9293-figure-12)" &
    wait
}

RANDOM=$seed
abroad=(three-way-handshake old-duplicate-syn four-segment-close simultaneous-open half-open-data
    syn-to-closed-port)
minute &
{
    printf 'in_text %s\n' "${quick[@]}"
    printf 'in_json %s\n' "${quick[@]}"
    printf 'in_json_6 %s\n' "${abroad[@]}"
    for ((i = 0; i < runs; i++)); do
        echo "half_deaf $((seed + i)) ${quick[RANDOM % ${#quick[@]}]}"
    done
    printf 'record %s.b lab play --json --as B "$(figure %s)"\n' \
        rfc9293-figure-6 rfc9293-figure-6 rfc9293-figure-7 rfc9293-figure-7
} | at_once
wait

verdict "every figure ends as it should" "$(
    as_expected json
    [ "$(endings json | wc -l)" -eq ${#names[@]} ] || echo "not all of them were played"
    diff <(printf '%s\n' "${names[@]}") \
        <(grep -v '^#' "$srcdir/tests/figures/expected" | cut -f 1 | sort -u))"
verdict "some of them over IPv6" "$(
    as_expected json6
    find "$work" -name '*.json6.out' -exec grep -L '"target":"\[' {} +)"
verdict "the figures of RFC 9293 as B" "$(
    as_expected b
    [ "$(endings b | wc -l)" -eq 4 ] || echo "not all of them were played")"

verdict "every report is a figure" "$(
    for name in "${quick[@]}"; do
        [ "$(cat "$work/$name.check.status")" -eq 0 ] || complain "$name.check" "does not check"
        [ "$(cat "$work/$name.text.status")" = "$(cat "$work/$name.json.status")" ] ||
            complain "$name.text" "ends otherwise than in JSON"
    done)"
verdict "and ends so again" "$(
    diff <(endings json | grep -vF "$slow") \
        <(endings again | awk -v OFS='\t' '{ print }') | grep '^[<>]' |
        grep -vFf <(ambiguous))"

# --- Losses ---

complaints=$(
    while IFS=$'\t' read -r run verdict rest; do
        name=${run#*.}
        cat "$work/$run.deaf.out" >>"$work/records"
        status=$(cat "$work/$run.deaf.status")
        plain=$(endings json | awk -F '\t' -v name="$name" '$1 == name { print $2 }')
        if [ "$verdict" = unknown ]; then
            [ "$status" -eq 3 ] || complain "$run.deaf" "unknown, status $status"
        elif [ "$verdict" != "$plain" ] ||
            ! grep -qxF "$name"$'\t'"$verdict${rest:+$'\t'$rest}" "$srcdir/tests/figures/expected"; then
            complain "$run.deaf" "ends $verdict $rest, which is wrong"
        fi
    done < <(endings deaf))
verdict "$runs runs that miss 20 % end with a verdict that is right, or unknown" "$complaints"
echo "# $(endings deaf | cut -f 2 | sort | uniq -c | tr -s '\n ' ' ')"
verdict "something was missed, and something found all the same" "$(
    endings deaf | grep -q as-figured || echo "nothing found"
    grep -q '"capture_dropped":[1-9]' "$work/records" || echo "nothing missed")"

# --- What is wrong ---

sed 's/<ACK=91>/<ACK=92>/' "$(figure old-duplicate-syn)" >"$work/wrong.fig"
try "a wrong expectation" 1 '$r{verdict} eq "deviates" && $r{first_deviation}{line} == 4 &&
    $r{first_deviation}{text} =~ /<ACK=91><CTL=SYN,ACK> came: ACK=91 came, not ACK=92/ &&
    $r{lines}{ok} == 3 && $r{lines}{deviates} == 1 && $r{lines}{not_reached} == 4 &&
    join(" ", map { $_->{status} } of("line")) eq
        "ok ok ok deviates not-reached not-reached not-reached not-reached"' \
    tcpshake lab play --json "$work/wrong.fig"
try "with --keep-going" 1 '$r{first_deviation}{line} == 4 && $r{lines}{ok} == 7' \
    tcpshake lab play --json --keep-going "$work/wrong.fig"
record wrong.text lab play "$work/wrong.fig"
verdict "in text" "$(grep -q '^deviation  line 4: .*ACK=91 came, not ACK=92' "$work/wrong.text.out" ||
    complain wrong.text "does not say which line")"

# A kernel is in its old state until the segment has got there, and that is not what it is in beside
# the segment that arrives: whoever the ends are, and however long the way is. Of a stranger it is
# known when its ACK has come.
cat >"$work/delayed.fig" <<'END'
   TCP Peer A                                         TCP Peer B
1. ESTABLISHED                                        ESTABLISHED
2. (Close)
   FIN-WAIT-1  --> <SEQ=100><ACK=300><CTL=FIN,ACK> --> ESTABLISHED
3. FIN-WAIT-2  <-- <SEQ=300><ACK=101><CTL=ACK>     <-- ESTABLISHED
END
cat >"$work/delayed-b.fig" <<'END'
   TCP Peer A                                         TCP Peer B
1. ESTABLISHED                                        ESTABLISHED
2.                                                    (Close)
   ESTABLISHED <-- <SEQ=300><ACK=100><CTL=FIN,ACK> <-- FIN-WAIT-1
3. ESTABLISHED --> <SEQ=100><ACK=301><CTL=ACK>     --> FIN-WAIT-2
END

# old_state NAME LINE WHO COMMAND...: it deviates there, and that is why.
old_state()
{
    local name=$1 line=$2 who=$3
    shift 3
    try "$name" 1 "\$r{first_deviation}{line} == $line &&
        \$r{first_deviation}{text} =~ /^$who CLOSE-WAIT/" "$@"
}

for delay in '' 20ms 20ms±10ms; do
    with=(${delay:+--delay "$delay"})
    old_state "the old state, ${delay:-no} delay" 2 "the peer's kernel says" \
        tcpshake lab "${with[@]}" play --json "$work/delayed.fig"
    old_state "the old state as B, ${delay:-no} delay" 2 "the peer's kernel says" \
        tcpshake lab "${with[@]}" play --as B --json "$work/delayed-b.fig"
    old_state "the old state of a stranger, ${delay:-no} delay" 3 "the peer cannot be there: it is in" \
        tcpshake lab "${with[@]}" --app cue sh -c "tcpshake play --json '$work/delayed.fig' \$PEER"
done
old_state "the old state between two kernels" 2 "the kernel of B says" \
    tcpshake lab --a kernel --b kernel play --json "$work/delayed.fig"
old_state "and of A" 2 "the kernel of A says" \
    tcpshake lab --a kernel --b kernel play --json "$work/delayed-b.fig"
try "the new one is waited for" 0 '$r{lines}{ok} == 7' \
    tcpshake lab --delay 20ms play --json four-segment-close
try "also where it is the segment that is held" 0 '$r{lines}{ok} == 7' \
    tcpshake lab --hold a-b:FIN#1:500ms play --json four-segment-close

# A client whose machine boots: its link has no carrier yet, then nobody there answers ARP, then it
# connects.
unshare -n sleep 60 &
client=$!
there() { nsenter -t "$client" -n "$@"; }
until [ "$(readlink /proc/$client/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link add boot0 type veth peer name boot1
ip link set boot1 netns "$client"
ip address add 198.51.100.1/24 dev boot0
ip link set boot0 up
record boot play --json -w 50s --sport 4567 "$(figure ways/established-by-connecting)" 198.51.100.2 &
playing=$!
for ((i = 0; i < 100; i++)); do # it says so
    grep -q 'has no carrier; waiting' "$work/boot.err" 2>/dev/null && break
    sleep 0.1
done
there ip link set boot1 up
for ((i = 0; i < 100; i++)); do
    grep -q 'waiting for 198.51.100.2 to connect to port 4567' "$work/boot.out" && break
    sleep 0.1
done
there ip address add 198.51.100.2/24 dev boot1
there timeout 20 bash -c 'exec 3<>/dev/tcp/198.51.100.1/4567; sleep 1' 2>/dev/null
wait "$playing"
kill "$client"
verdict "a client that boots is waited for" "$(
    [ "$(cat "$work/boot.status")" -eq 0 ] || complain boot "not as figured")"

for name in syn-from-another-port null-to-listener; do
    try "$name from a port that is given" 0 '$out[0]{src} =~ /:4567$/' \
        tcpshake lab play --json --sport 4567 "$name"
done

# refused NAME COMPLAINT SED-COMMAND
refused()
{
    rm -f "$work/bad.pcapng"
    sed "$3" "$(figure old-duplicate-syn)" >"$work/bad.fig"
    record bad play --json --pcapng "$work/bad.pcapng" "$work/bad.fig" 127.0.0.1:9
    verdict "refused: $1" "$(
        [ "$(cat "$work/bad.status")" -eq 2 ] || complain bad "not status 2"
        [ ! -s "$work/bad.out" ] && [ ! -e "$work/bad.pcapng" ] || complain bad "something was done"
        [ "$(wc -l <"$work/bad.err")" -eq 1 ] || complain bad "not one line"
        grep -q "^$work/bad.fig:$2" "$work/bad.err" || complain bad "not $2")"
}

refused "a number that is none" "14:[0-9]*: " 's/<SEQ=90>/<SEQ=9O>/'
refused "a flag that is none" "15:[0-9]*: " 's/<CTL=SYN,ACK>   <--/<CTL=SYN,OK>   <--/'
refused "an arrow that is none" "16:[0-9]*: " 's/-->\( <SEQ=91>.*\)-->/-->\1!!/'
refused "a state that cannot be" "19:[0-9]*: " 's/--> ESTABLISHED/--> LAST-ACK/'
record none play --json no-such-figure 127.0.0.1:9
verdict "no such figure" "$(
    [ "$(cat "$work/none.status")" -eq 2 ] || complain none "not status 2"
    [ ! -s "$work/none.out" ] || complain none "something was done")"

valid
finish
