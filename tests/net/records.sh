#!/bin/bash
# What survey writes is what others are promised to read: every record of every probe obeys the
# schema, --summarise comes to the same as the survey's own summary, and --csv has the same results.
# shellcheck disable=SC1091,SC2154,SC2016 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"

# One port is open, six are closed; no host has the name, and, where many flows share a link that
# asks for the next hop's address itself, nobody the last address. `open` has a socket's patience with it.
targets=(192.0.2.2 nowhere.invalid:80)
absent=192.0.2.77:80
survey=(tcpshake lab --sysctl net.ipv4.tcp_synack_retries=1 survey -W 1s -p 5-11)

# same KEY...: a complaint unless both summaries on stdin say the same of these.
same()
{
    about 'my @two = of("summary"); join "\n", map {
        my ($x, $y) = map { $json->canonical->allow_nonref->encode($_) } $two[0]{$_}, $two[1]{$_};
        $x eq $y ? () : "$_: $x, but summarised $y" } qw('"$*"')' | sed '/^$/d'
}

for probe in ping open synack; do
    run=$work/$probe
    missing=("$absent")
    [ "$probe" != open ] || missing=()
    count=$((8 + ${#missing[@]}))
    verdict "--probe $probe: every target has its record" "$(
        "${survey[@]}" --probe "$probe" "${targets[@]}" ${missing[@]+"${missing[@]}"} >"$run" 2>"$work/err" || echo "exit status $?"
        cat "$work/err"
        untrue "@results == $count && \$summary->{targets} == $count &&
            $count == keys %{{map { (\$_->{session} => 1) } @results}} &&
            \$summary->{outcomes}{open} == 1 && \$summary->{outcomes}{closed} == 6 &&
            \$summary->{outcomes}{unreachable} == ${#missing[@]} && \$summary->{outcomes}{error} == 1" "$run"
        untrue '!grep({ $_->{outcome} eq "error" && !length $_->{reason} } @results) &&
            !grep({ !defined $_->{syns} } @results)' "$run")"
    tcpshake survey --summarise --json "$run" >"$work/summary" 2>"$work/err"
    verdict "--probe $probe: --summarise says what the survey says" "$(
        cat "$work/err"
        cat "$run" "$work/summary" | same targets outcomes syns segments_back octets_back
        # Means and percentiles were rounded on their way.
        cat "$run" "$work/summary" | about 'my ($x, $y) = map { $_->{rtt_us} } of("summary");
            join "\n", map { abs($x->{$_} - $y->{$_}) <= 0.005 * $x->{$_} + 0.002 ? () : "$_: $x->{$_}, but $y->{$_}" }
                qw(min avg max mdev p50 p95 p99)' | sed '/^$/d'
        tcpshake survey --summarise <"$run" - | grep -qE "^targets +$count in 1 file\$" || echo "no text")"
    cat "$run" "$work/summary" >>"$work/records"
done
verdict "the open port's schedule is counted" "$(
    untrue '$summary->{ends}{silence} == 1 && @{$summary->{schedules}} == 1 &&
        $summary->{schedules}[0]{retransmissions} == 1' "$work/summary")"

"${survey[@]}" --probe ping --csv "${targets[@]}" "$absent" >"$work/csv" 2>"$work/err"
verdict "--csv has the same results" "$(
    cat "$work/err"
    diff <(about 'join "\n", map { "$_->{target},$_->{outcome}" } @results' <"$work/ping" | sort) \
        <(tail -n +2 "$work/csv" | cut -d, -f 2,4 | sort)
    head -n 1 "$work/csv" | grep -q '^session,target,name,outcome,rtt_us,' || head -n 1 "$work/csv"
    [ "$(sed 's/"[^"]*"//g; s/[^,]//g' "$work/csv" | sort -u | wc -l)" -eq 1 ] || cat "$work/csv")"

refuses 'takes files of records' tcpshake survey --summarise
refuses 'cannot read .*/no-such-file' tcpshake survey --summarise "$work/no-such-file"
valid
finish
