#!/bin/bash
# Figures between two kernels, with us as the wire: each ends as tests/figures/expected-kernels says,
# with the true states of both in its columns; and what cannot be staged so is refused.
# JOBS (8) at once.
# shellcheck disable=SC1091,SC2154,SC2016 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
needs_lab
export work

# stage NAME [LAB OPTIONS]: its record, and what it ended with as a line of the table.
stage()
{
    local name=$1 out
    shift
    out=$work/$name${1:-}.out
    tcpshake lab "$@" --a kernel --b kernel play --json "$name" >"$out" 2>"$out.err"
    echo $? >"$out.status"
}
export -f stage

abroad=(simultaneous-open simultaneous-close last-ack-lost third-ack-lost
    delayed-duplicate-syn-after-close)
mapfile -t names < <(grep -v '^#' "$srcdir/tests/figures/expected-kernels" | cut -f 1 | uniq)
{
    printf 'stage %s\n' "${names[@]}"
    printf 'stage %s -6\n' "${abroad[@]}"
} | xargs -P "${JOBS:-8}" -d '\n' -I '{}' bash -c '{}'

# ending FILE NAME: what is wrong with it.
ending()
{
    local line
    cat "$1" >>"$work/records"
    line=$2$'\t'$(about '$r{verdict} . (defined $r{alternative} ? "\t$r{alternative}" : "")' <"$1")
    grep -qxF "$line" "$srcdir/tests/figures/expected-kernels" ||
        { echo "$line" && cut -c 1-200 "$1" "$1.err" | tail -n 12; }
    [ "$(cat "$1.status")" -eq 0 ] || echo "$2: status $(cat "$1.status")"
    [ ! -s "$1.err" ] || cat "$1.err"
    [ "$(about '0 + @faults' <"$1")" = 0 ] || echo "$2: a fault"
}

for name in "${names[@]}"; do
    verdict "$name" "$(ending "$work/$name.out" "$name")"
done
for name in "${abroad[@]}"; do
    verdict "$name over IPv6" "$(ending "$work/$name-6.out" "$name")"
done

try "what each kernel says is in the record, and no guess" 0 '
    (of("line"))[-1]{a} eq "TIME-WAIT" && (of("line"))[-1]{b} eq "TIME-WAIT" && @segments > 5 &&
        !grep { @{$_->{peer_states}} != 1 } @segments' \
    tcpshake lab --a kernel --b kernel play --json simultaneous-close

sed 's/<ACK=101>/<ACK=102>/' "$srcdir/figures/three-way-handshake.fig" >"$work/wrong.fig"
try "a wrong number deviates" 1 '$r{first_deviation}{line} == 3 &&
    $r{first_deviation}{text} =~ /ACK=101 came, not ACK=102/' \
    tcpshake lab --a kernel --b kernel play --json "$work/wrong.fig"
cat >"$work/wrong.fig" <<'END'
   TCP Peer A                                        TCP Peer B
1. ESTABLISHED                                       ESTABLISHED
2. (Close)
   FIN-WAIT-1 --> <SEQ=100><ACK=300><CTL=FIN,ACK> --> CLOSE-WAIT
3. FIN-WAIT-1 <-- <SEQ=300><ACK=101><CTL=ACK>     <-- CLOSE-WAIT
END
try "a wrong state deviates, and the kernel is quoted" 1 '$r{first_deviation}{line} == 3 &&
    $r{first_deviation}{text} =~ /^the kernel of A says FIN-WAIT-2/' \
    tcpshake lab --a kernel --b kernel play --json "$work/wrong.fig"

# Meanwhile the kernels say something in IPv6, to all: MLD, router solicitations.
cat >"$work/held.fig" <<'END'
   TCP Peer A                                        TCP Peer B
1. ESTABLISHED                                       ESTABLISHED
2. (Abort)
   CLOSED     --> <SEQ=100><ACK=300><CTL=RST,ACK> ...
3. (wait 3s)
4.            ... <SEQ=100><ACK=300><CTL=RST,ACK> --> CLOSED
END
try "what was held for seconds arrives" 0 '$r{verdict} eq "as-figured" && 2 == grep {
    $_->{what} eq "note" && $_->{text} =~ /^(the wire lets go what it held|a handshake)/ } of("note")' \
    tcpshake lab --a kernel --b kernel play --json "$work/held.fig"

refuses "without having left" tcpshake lab --a kernel --b kernel play old-duplicate-syn
refuses "has one port" tcpshake lab --a kernel --b kernel play syn-from-another-port
refuses "needs an end of ours" tcpshake lab --a kernel --b kernel open
refuses "needs an end of ours" tcpshake lab --a kernel --b kernel sh
refuses "a TARGET is nothing for two kernels" \
    tcpshake lab --a kernel --b kernel play last-ack-lost 192.0.2.2:7
refuses "--b takes kernel" tcpshake lab --b raw play last-ack-lost

valid
finish
