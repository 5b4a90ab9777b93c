#!/bin/bash
# The recipe for GNU parallel in doc/scale.md, with packets: ten shards of one list, run at the same
# time against a peer namespace that answers for every address. What they have recorded is the whole
# list, each target once; given again, nothing is probed twice; and a shard that is killed goes on.
# shellcheck disable=SC1091,SC2154,SC2016 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
. "$srcdir/tests/peer.sh"

command -v parallel >/dev/null || skip_all "GNU parallel is not installed"
shards=10
list=(10.77.1.0/25 10.77.2.1-10.77.2.50 10.77.3.7)

# The same addresses one by one, with the two ports and the outcome that each has.
expected()
{
    perl -e '
        my @hosts = ((map { "10.77.1.$_" } 0 .. 127), (map { "10.77.2.$_" } 1 .. 50), "10.77.3.7");
        print map { ("$_:80 open\n", "$_:81 closed\n") } @hosts' | sort
}

# The records of all shards.
records()
{
    seq -f "$work/shards/shard-%g.ndjson" "$shards" | xargs cat
}

# The targets of the records, with their outcomes.
recorded()
{
    records | about 'join "\n", map { "$_->{target} $_->{outcome}" } @results' | sed '/^$/d' | sort
}

needs_peer
printf '%s  # a line of the list\n' "${list[@]}" >"$work/targets"
survey=("$srcdir/contrib/survey-parallel" --rate=3000 "$shards" "$work/shards" -f "$work/targets"
    -p '80,81' --probe ping --special --seed 7 -W 2s)

verdict "ten shards are done" "$(
    "${survey[@]}" >"$work/out" 2>"$work/err" || { cat "$work/err"; records | tail -n 3; })"
verdict "together they are the list, each target once" "$(
    diff <(expected) <(recorded) | head -n 20)"
verdict "each has a part of it" "$(
    for k in $(seq "$shards"); do
        about 'abs(@results - 35.8) < 2 ? "" : "shard has " . @results' <"$work/shards/shard-$k.ndjson"
    done | sed '/^$/d')"
verdict "no session is in two of them" "$(
    records | about 'join "\n", map { $_->{session} } @results' | sort -n | uniq -d)"
verdict "the summary says as much" "$(
    grep -qE '^targets +358 in 10 files$' "$work/out" || cat "$work/out"
    grep -qE '^outcome +179 +50.0 % +open$' "$work/out" || cat "$work/out"
    grep -q '^warning' "$work/out" && cat "$work/out")"

"${survey[@]}" >"$work/again" 2>"$work/err"
verdict "given again, nothing is probed twice" "$(
    [ -s "$work/again" ] || cat "$work/err"
    diff <(expected) <(recorded) | head -n 20)"

# Half of a record is what a kill leaves at worst, and all of those before it.
first=$work/shards/shard-1.ndjson
result=$(grep -n '"type":"result"' "$first" | sed -n '9s/:.*//p')
head -n "$result" "$first" | head -c -20 >"$work/torn" && cp "$work/torn" "$first"
"${survey[@]}" >"$work/out" 2>"$work/err"
verdict "a shard that was killed goes on" "$(
    diff <(expected) <(recorded) | head -n 20
    [ "$(head -c 200 "$first")" = "$(head -c 200 "$work/torn")" ] || echo "its records were thrown away"
    grep -qE '^targets +358 in 10 files$' "$work/out" || cat "$work/out" "$work/err")"
records >"$work/records"
end_peer
valid
finish
