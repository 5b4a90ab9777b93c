#!/bin/bash
# The bash completion completes: sourced, given a line as readline would give it, asked what it
# offers. Every line is tried twice, because readline may break words at "=", ":" and "@" or, with
# another COMP_WORDBREAKS, may not; what stands in the line afterwards must be the same.
set -u
export LC_ALL=C.UTF-8 PATH=$PWD:$PATH
srcdir=${srcdir:-.}
# shellcheck source=/dev/null
. "$srcdir/completion/tcpshake"

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
mkdir "$work/folder" && : >"$work/request.txt" || exit 99
points=0

# pieces WORD: it, broken as readline does by default.
pieces()
{
    sed -E 's/[=:@]/\n&\n/g' <<<"$1" | sed '/^$/d'
}

# completed LINE BREAKS: what the last word of the line may become, sorted; BREAKS is yes or no.
completed()
{
    local word candidate kept last
    local -a words
    COMP_LINE=$1
    COMP_POINT=${#COMP_LINE}
    COMP_WORDS=()
    read -ra words <<<"$1"
    for word in "${words[@]}"; do
        if [[ $2 == yes ]]; then
            mapfile -t -O "${#COMP_WORDS[@]}" COMP_WORDS < <(pieces "$word")
        else
            COMP_WORDS+=("$word")
        fi
    done
    [[ $1 != *' ' ]] || COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    last=${COMP_WORDS[COMP_CWORD]}
    word=${1##* }
    [[ $last == [=:@] && $2 == yes ]] && last=''
    kept=${word%"$last"}
    COMPREPLY=()
    _tcpshake tcpshake "$last" "${COMP_WORDS[COMP_CWORD - 1]:-}"
    for candidate in "${COMPREPLY[@]}"; do
        echo "$kept$candidate"
    done | sort
}

# offers LINE WORD...: exactly these, in any order.
offers()
{
    local line=$1 breaks got expected
    shift
    expected=$([ $# -eq 0 ] || printf '%s\n' "$@" | sort)
    for breaks in yes no; do
        points=$((points + 1))
        got=$(completed "$line" "$breaks")
        if [ "$got" = "$expected" ]; then
            echo "ok $points - $line (words broken: $breaks)"
        else
            echo "not ok $points - $line (words broken: $breaks)"
            echo "# expected: ${expected//$'\n'/ }"
            echo "# offered:  ${got//$'\n'/ }"
        fi
    done
}

mapfile -t commands < <(sed 's/.*(\(.*\))$/\1/' src/measure/commands.def | tr _ -)
inner=()
for command in "${commands[@]}"; do
    [ "$command" = lab ] || inner+=("$command")
done
mapfile -t apps < <(tcpshake lab --help | sed -n '/^Apps:/,$s/^  \([a-z]*\) .*/\1/p')

offers 'tcpshake ' "${commands[@]}" --help --version
offers 'tcpshake op' open
offers 'tcpshake nothing'
offers 'tcpshake lab ' "${inner[@]}" sh
offers 'tcpshake lab --sysctl net.ipv4.tcp_synack_retries=2 syn' synack
offers 'tcpshake lab --tr' --truth
offers 'tcpshake lab --app ' "${apps[@]}"
offers 'tcpshake lab --app=h' --app=hold --app=http
offers 'tcpshake lab --wi' --wire
offers 'tcpshake lab --drop ' a-b: b-a:
offers 'tcpshake lab --hold=b' --hold=b-a:
offers 'tcpshake lab --loss 20% --dup a-' a-b:
offers 'tcpshake lab sh '
offers 'tcpshake open --clo' --close=
offers 'tcpshake open --close ' fin rst wait
offers 'tcpshake open --close=' --close=fin --close=rst --close=wait
offers 'tcpshake lab --app http open --close=w' --close=wait
offers 'tcpshake lab -6 synack --lis' --listen=
offers 'tcpshake synack --syn-like ' linux windows freebsd bare
offers 'tcpshake synack --colour=a' --colour=always --colour=auto
offers 'tcpshake open --tries '
offers 'tcpshake ping --int' --interface= --interval=
offers 'tcpshake lab ping --li' --live
offers 'tcpshake lab self-connect --att' --attempts=
offers 'tcpshake lab self-connect '
offers 'tcpshake lab backlog --face=s' --face=silence --face=syn-ack-repeated
offers 'tcpshake lab backlog --face ' no-syn-ack reset silence syn-ack-repeated
offers 'tcpshake lab crash --way=gone' --way=gone --way=gone-talking
offers 'tcpshake play --as ' A B
offers 'tcpshake survey --probe ' open ping synack
offers 'tcpshake survey --shard '
offers 'tcpshake figures rfc9293-figure-1' rfc9293-figure-1{0,1,2,3}
offers 'tcpshake figures rfc9293-figure-6 rf'
offers "tcpshake figures --check one $work/req" "$work/request.txt"
offers 'tcpshake figures --che' --check
offers 'tcpshake open --bogus='
offers 'tcpshake open --verb' --verbose
offers 'tcpshake open -t' -t
offers "tcpshake open --pcapng $work/" "$work/folder/" "$work/request.txt"
offers "tcpshake ping --file $work/req" "$work/request.txt"
offers "tcpshake ping -f $work/fo" "$work/folder/"
offers "tcpshake open --mermaid=$work/req" "--mermaid=$work/request.txt"
offers "tcpshake open --say @$work/req" "@$work/request.txt"
offers "tcpshake open --data=@$work/fo" "--data=@$work/folder/"
offers "tcpshake open --say $work/req"
[ ! -e /sys/class/net/lo ] || offers 'tcpshake open --interface lo' lo
echo "1..$points"
