#!/bin/bash
# SIGKILL at random moments of a run in the lab: afterwards no process, no network namespace (and so
# no interface) is left. N kills (20), from the seed SEED:
#   N=200 PATH=build:$PATH srcdir=. bash tests/net/killed.sh
# shellcheck disable=SC1091,SC2154,SC2016,SC2015 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"

kills=${1:-${N:-20}}
RANDOM=${SEED:=$(($(date +%s) % 32768))}

# In a user namespace of its own, where nobody else counts.
if [ "${2:-}" != inside ]; then
    unshare -Ur true 2>/dev/null || skip_all "user namespaces are not allowed here"
    rm -rf "$work" # exec runs no trap
    exec unshare -Ur env SEED="$SEED" "$BASH" "$0" "$kills" inside
fi

# The processes of this user namespace, but for this shell and what it runs to ask.
others()
{
    local own proc
    own=$(readlink /proc/self/ns/user)
    for proc in $(cd /proc && ls); do
        [[ $proc =~ ^[0-9]+$ && $proc != "$$" && $proc != "$BASHPID" ]] || continue
        [ "$(readlink "/proc/$proc/ns/user" 2>/dev/null)" = "$own" ] || continue
        # The state, and whose child it is: a subshell of ours is not left over.
        awk -v self="$$" '$1 == "Name:" { name = $2 } $1 == "State:" { state = $2 } $1 == "PPid:" { parent = $2 }
            END { if (state != "Z" && state != "X" && name !~ /^(bash|readlink|awk|ls)$/) print name, parent }' \
            "/proc/$proc/status" 2>/dev/null
    done
}

# Until COMMAND says nothing; what it still says after five minutes. The kernel takes namespaces down one
# after the other, in its own time.
in_the_end()
{
    local said tries
    for ((tries = 0; tries < 3000; tries++)); do
        said=$("$@")
        [ -n "$said" ] || return
        sleep 0.1
    done
    echo "$said"
}

# With a limit of one, a new namespace can be made only when no other is left.
a_namespace_is_left()
{
    unshare -n true 2>&1
}

echo "# SEED=$SEED"
interfaces=$(cut -d: -f1 /proc/net/dev)
alive=0
for ((i = 0; i < kills; i++)); do
    case $((RANDOM % 10)) in
    0) command=(lab open) most=40 ;;
    1) command=(lab -6 --truth --app close open --pcapng "$work/pcapng") most=40 ;;
    2) command=(lab --app hold open --json) most=400 ;;
    3) command=(lab backlog --json) most=900 ;;
    4) command=(lab self-connect --port 40001 --json) most=400 ;;
    5) command=(lab --wire --loss 20% --delay 5ms open) most=100 ;;
    6) command=(lab -6 --wire --hold 'b-a:SYN,ACK:9s' synack --json) most=400 ;;
    7) command=(lab --a kernel --b kernel play --json third-ack-lost) most=900 ;;
    8) command=(lab crash --json) most=900 ;;
    *) command=(lab synack --json) most=400 ;;
    esac
    tcpshake "${command[@]}" >"$work/out" 2>&1 &
    pid=$!
    sleep "0.$(printf %03d $((RANDOM % most)))"
    kill -9 $pid 2>/dev/null && alive=$((alive + 1))
    wait $pid 2>/dev/null
done
echo "# $kills runs, $alive of them alive when killed"

verdict "most were alive when they were killed" "$([ $((alive * 2)) -ge "$kills" ] || echo "$alive of $kills")"
verdict "no process is left" "$(in_the_end others)"
verdict "no interface is left" "$(diff <(echo "$interfaces") <(cut -d: -f1 /proc/net/dev))"
if echo 1 >/proc/sys/user/max_net_namespaces; then
    verdict "no network namespace is left" "$(in_the_end a_namespace_is_left)"
else
    skip "no network namespace is left" "the number cannot be limited here"
fi
finish
