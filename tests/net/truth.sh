#!/bin/bash
# Random connections in the lab with the peer's kernel asked after every segment: its true state is in
# our set every time. N runs (60), from the seed SEED, two at once:
#   N=1000 SEED=7 PATH=build:$PATH srcdir=. bash tests/net/truth.sh
# shellcheck disable=SC1091,SC2154,SC2016,SC2015 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
needs_lab

runs=${1:-${N:-60}}
seed=${SEED:-$(($(date +%s) % 32768))}
echo "# SEED=$seed"

pick()
{
    local words=("$@")
    echo "${words[RANDOM % $#]}"
}

# The options of one run, a line each, so that they can be had again from seed and number.
dice()
{
    RANDOM=$((seed + $1))
    pick '' '' -6
    echo --app "$(pick echo echo discard hold close http closed filtered)" --truth open --json -W 200ms -w 500ms
    echo --close "$(pick fin rst wait)"
    pick '' '' '--say hello' '--say GET\x20/\x20HTTP/1.0\r\n\r\n'
    pick '' '' '--data x' "--data @$work/much"
    pick '' '' '--syn-like bare' '--syn-like windows' '--no-timestamps' "--isn $((4294967280 + RANDOM % 16))"
    echo --seed $((RANDOM * 32768 + RANDOM))
}

one()
{
    local options
    read -ra options <<<"$(dice "$1" | tr '\n' ' ')"
    printf '# run %d: tcpshake lab %s\n' "$1" "${options[*]}" >"$work/run-$1.line"
    tcpshake lab "${options[@]}" >"$work/run-$1.out" 2>"$work/run-$1.err"
    echo $? >"$work/run-$1.status"
}

# What is wrong with a run, as TAP comments.
judgement='
    my @wrong;
    push @wrong, "no result" if !@results;
    push @wrong, "fault: $_->{text}" for @faults;
    push @wrong, "the kernel was not asked" if !($r{truth} && $r{truth}{readings} > 0);
    push @wrong, "outside: $r{truth}{outside}" if $r{truth} && $r{truth}{outside} != 0;
    my @seen = grep { $_->{peer_states} } @records;
    push @wrong, "not in the set: $_->{truth}"
        for grep { my $s = $_; my $t = $s->{truth} // "";
            my $is = $t =~ /^(CLOSED|LISTEN)$/ ? qr/^(CLOSED|LISTEN)$/ : qr/^\Q$t\E$/;
            $t ne "" && !grep { /$is/ } @{$s->{peer_states}} } @seen;
    push @wrong, "an empty set" if grep { !@{$_->{peer_states}} } @seen;
    push @wrong, "the kernel was not quiet" if !$r{kernel_quiet};
    join("\n", @wrong, "asked " . ($r{truth}{readings} // 0))'

head -c 5000 /dev/zero >"$work/much"
for ((i = 0; i < runs; i += 2)); do
    one "$i" &
    [ $((i + 1)) -ge "$runs" ] || one $((i + 1)) &
    wait
done

asked=0 complaints=''
for ((i = 0; i < runs; i++)); do
    said=$(about "$judgement" <"$work/run-$i.out" 2>&1)
    asked=$((asked + ${said##*asked }))
    [ "$said" != "${said#asked }" ] && [ "$(cat "$work/run-$i.status")" != 2 ] && [ ! -s "$work/run-$i.err" ] ||
        complaints+=$(cat "$work/run-$i.line"; echo "status $(cat "$work/run-$i.status")"; cat "$work/run-$i.err"; echo "$said"; echo .)$'\n'
    cat "$work/run-$i.out" >>"$work/records"
done
echo "# $runs runs, $asked readings"
verdict "the peer's true state is in our set in $runs random runs" "$complaints"
verdict "its kernel was asked several times a run" \
    "$([ "$asked" -ge $((2 * runs)) ] || echo "$asked readings in $runs runs")"
valid
finish
