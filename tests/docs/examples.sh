#!/bin/bash
# Runs every example of the README and the manual pages and compares what they show with what
# comes out. An example is
#   - in README.md a fenced block marked "console",
#   - in man/*.1 and man/*.5 what stands between .EX and .EE, if its first line begins with "$ ".
# In it a line "$ COMMAND" is run (a \ at its end: the next line goes on), and the lines up to the
# next one are what it must print on stdout and stderr; none means that this does not matter. The
# command must succeed: show "; echo $?" where it does not. A line "..." stands for any lines,
# "..." within a line for any text. Measured things differ from run to run, so any number equals
# any other, whatever its unit of time, and so do runs of blanks and of dashes.
# What two programs do at the same time has no order: on a busy machine a peer's ACK may come apart
# from its FIN. An example that went otherwise than shown is therefore tried twice more.
# The commands of a block run one after the other in a folder of their own, where build/ is the
# build tree; blocks run side by side. Output is as wide as the README may be.
set -uf
export LC_ALL=C.UTF-8 PATH=$PWD:$PATH COLUMNS=100
srcdir=${srcdir:-.}
longest=120

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

# Makes of every command in example blocks a folder work/BLOCK/NUMBER with the files command,
# expected and place. stdin: lines with blocks between the lines "<<" and ">>".
extract()
{
    awk -v work="$work" -v page="$1" '
        $0 == "<<" { blocks++; number = 0; inside = 1; more = 0; next }
        $0 == ">>" { inside = 0; next }
        !inside { next }
        more { print >>(folder "/command"); more = /\\$/; next }
        /^\$ / {
            folder = sprintf("%s/%s-%02d/%02d", work, page, blocks, ++number)
            system("mkdir -p \"" folder "\"")
            print page ":" NR >(folder "/place")
            printf "" >(folder "/expected")
            print substr($0, 3) >(folder "/command")
            close(folder "/place"); close(folder "/command")
            more = /\\$/
            next
        }
        number { print >>(folder "/expected") }'
}

from_readme()
{
    # shellcheck disable=SC2016 # the backticks are Markdown
    sed -E '/^```console *$/,/^``` *$/ { s/^```console *$/<</; s/^``` *$/>>/ }' "$1" | extract README
}

from_page()
{
    sed -E '/^\.EX/,/^\.EE/ {
        s/^\.EX.*/<</; s/^\.EE.*/>>/
        s/\\f(\[[A-Z]*\]|.)//g; s/\\-/-/g; s/\\&//g; s/\\\(aq/'\''/g; s/\\\(dq/"/g; s/\\\(ha/^/g
        s/\\\(ti/~/g; s/\\(e|\(rs)/\\/g
    }' "$1" | extract "${1##*/}"
}

# In the folder of its block.
run_example()
{
    timeout "$longest" bash "$1/command" >"$1/output" 2>&1 </dev/null
    echo $? >"$1/status"
}

run_block()
{
    local example
    mkdir "$1/here" && cd "$1/here" && ln -s "$2" build || return
    while read -r example; do
        run_example "$1/$example"
    done < <(find "$1" -mindepth 1 -maxdepth 1 -name '[0-9]*' -printf '%f\n' | sort)
}

normal()
{
    sed -E 's/[0-9]+(\.[0-9]+)*/N/g; s/\bN *(ns|us|µs|ms|s|m)\b/N T/g; s/[[:blank:]]+/ /g; s/ $//
        s/-{2,}/--/g' "$1"
}

# From the expected text to a pattern for [[ == ]].
pattern()
{
    normal "$1" | sed -E '
        s/[][\\*?()|+@!]/\\&/g
        s/\.\.\./*/g' | awk '$0 == "*" { printf "*"; next } { print }'
}

matches()
{
    # shellcheck disable=SC2053 # the right side is meant as a pattern
    [[ $1 == $2 ]]
}

# complaint EXAMPLE: what is wrong with how it went, nothing if it went as shown.
complaint()
{
    local status shown
    status=$(cat "$1/status")
    shown=$(pattern "$1/expected"; echo .)
    if [ "$status" -ne 0 ]; then
        echo "exit status $status; it printed:"
        cat "$1/output"
    elif [ -s "$1/expected" ] && ! matches "$(normal "$1/output"; echo .)" "$shown"; then
        echo "the page shows:"
        cat "$1/expected"
        echo "it printed:"
        cat "$1/output"
    fi
}

if ! unshare -rn true 2>/dev/null && ! unshare -n true 2>/dev/null; then
    echo "1..0 # SKIP namespaces are not allowed here"
    exit 0
fi

[ ! -e "$srcdir/README.md" ] || from_readme "$srcdir/README.md"
while read -r page; do
    from_page "$page"
done < <(find man "$srcdir/man" -name '*.[15]' -exec realpath {} + 2>/dev/null | sort -u)

mapfile -t blocks < <(find "$work" -mindepth 1 -maxdepth 1 -type d | sort)
for block in "${blocks[@]}"; do
    (run_block "$block" "$PWD") &
done
wait

point=0
while read -r example; do
    point=$((point + 1))
    name="$(cat "$example/place") $(head -n 1 "$example/command" | tr -d '#')"
    wrong=$(complaint "$example")
    for _ in 1 2; do
        [ -n "$wrong" ] || break
        (cd "$(dirname "$example")/here" && run_example "$example")
        wrong=$(complaint "$example")
    done
    if [ -z "$wrong" ]; then
        echo "ok $point - $name"
    else
        echo "not ok $point - $name"
        echo "# ${wrong//$'\n'/$'\n# '}"
    fi
done < <(find "$work" -mindepth 2 -maxdepth 2 -name '[0-9]*' -type d | sort)
[ "$point" -gt 0 ] || echo "Bail out! no example was found"
echo "1..$point"
