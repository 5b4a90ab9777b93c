#!/bin/bash
# This host fails in the middle of a run: a link that goes down or away, an address, a route. What was
# measured is told, with the reason; what has come back in time is only told.
# shellcheck disable=SC1091,SC2154,SC2016 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
. "$srcdir/tests/peer.sh"

# inject FAULT: it happens. mend FAULT: it is over.
inject()
{
    case $1 in
    link-down) ip link set here down ;;
    address-gone) ip addr del $ours/24 dev here ;;
    prohibited | unreachable | blackhole) ip route add "${1/prohibited/prohibit}" 192.168.77.2 ;;
    link-gone) ip link del here ;;
    esac
}
mend()
{
    case $1 in
    link-down) ip link set here up ;;
    address-gone) ip addr add $ours/24 dev here ;;
    prohibited | unreachable | blackhole) ip route del "${1/prohibited/prohibit}" 192.168.77.2 ;;
    esac
}

# during FAULT LASTS: every command is at work when it comes.
during()
{
    local command running=()
    for command in open synack; do
        local words='--say x --close wait -w 3s'
        [ $command = open ] || words='--listen 3s'
        # shellcheck disable=SC2086 # several words
        tcpshake $command $words --json 192.168.77.2:80 >"$work/$1.$command.out" 2>"$work/$1.$command.err" &
        running+=($!)
    done
    # In the middle: each has heard of the peer.
    await has_begun "$1"
    inject "$1"
    [ "$2" = stays ] || { sleep 0.4 && mend "$1"; }
    for command in open synack; do
        wait "${running[0]}"
        echo $? >"$work/$1.$command.status"
        running=("${running[@]:1}")
    done
    [ "$2" != stays ] || mend "$1"
}

has_begun()
{
    grep -q '"dir":"in"' "$work/$1.open.out" && grep -q '"dir":"in"' "$work/$1.synack.out"
}

# survived NAME COMMAND: as if nothing had been. failed NAME COMMAND: there is a result, which says why
# it is not whole.
survived()
{
    verdict "$2 survives $1" "$(
        [ "$(cat "$work/$1.$2.status")" -eq 0 ] || echo "exit status $(cat "$work/$1.$2.status")"
        untrue '@results == 1 && $r{outcome} eq "open" && !exists $r{failure} && $r{kernel_quiet}' "$work/$1.$2.out"
        cat "$work/$1.$2.err"
    )"
    cat "$work/$1.$2.out" >>"$work/records"
}
failed()
{
    verdict "$2 with $1 has a result and its reason, and ends with 2" "$(
        [ "$(cat "$work/$1.$2.status")" -eq 2 ] || echo "exit status $(cat "$work/$1.$2.status")"
        untrue '@results == 1 && $r{outcome} eq "open" && length $r{failure} && $summary && @faults &&
            $r{kernel_quiet}' "$work/$1.$2.out"
        [ "$(wc -l <"$work/$1.$2.err")" -le 1 ] || cat "$work/$1.$2.err"
    )"
    cat "$work/$1.$2.out" >>"$work/records"
}

needs_peer
for fault in link-down address-gone prohibited; do
    during $fault passes
    survived $fault open
    survived $fault synack
done
for fault in prohibited unreachable blackhole link-gone; do
    during $fault stays
    failed $fault open
    failed $fault synack
done
end_peer
valid
finish
