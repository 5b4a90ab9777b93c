#!/bin/bash
# The options that --help prints, those of man/tcpshake.1 and those that the bash completion
# offers are the same, in both directions, and the pages are sound roff.
set -u
export LC_ALL=C.UTF-8 PATH=$PWD:$PATH
srcdir=${srcdir:-.}
page=man/tcpshake.1 # made in the build tree
completion=$srcdir/completion/tcpshake

# shellcheck disable=SC1091
. "$srcdir/tests/points.sh"

long_options()
{
    grep -oE '(^|[^-[:alnum:]])--[a-z0-9][a-z0-9-]*' | sed 's/^[^-]*//' | sort -u
}

# Those of the first list that the second has not, each with the complaint behind it.
without()
{
    comm -23 <(sort -u <<<"$1") <(sort -u <<<"$2") | sed "/^$/d; s/\$/ $3/"
}

help_options()
{
    tcpshake ${1:+"$1"} --help | long_options
}

page_text()
{
    sed -E 's/\\f(\[[A-Z]*\]|.)//g; s/\\-/-/g; s/\\&//g' "$page"
}

# completed WORD...: what the completion offers after these words, the last of them unfinished.
completed()
(
    # shellcheck source=/dev/null
    . "$completion"
    handler=$(complete -p tcpshake | sed -nE 's/.* -F ([^ ]+) .*/\1/p')
    COMP_WORDS=(tcpshake "$@")
    COMP_CWORD=$#
    COMP_LINE="tcpshake $*"
    COMP_POINT=${#COMP_LINE}
    COMPREPLY=()
    "$handler" tcpshake "${COMP_WORDS[$#]}" "${COMP_WORDS[$# - 1]}"
    printf '%s\n' "${COMPREPLY[@]}" | sed 's/[= ]*$//'
)

commands=$(sed 's/.*(\(.*\))$/\1/' src/measure/commands.def | tr _ -)

every=$(help_options '')
in_page=$(page_text | long_options)
top=$(tcpshake --help)
for command in $commands; do
    options=$(help_options "$command")
    every+=$'\n'$options
    offered=$(completed "$command" --)
    verdict "$command --help prints options" "$([ -n "$options" ] || echo "it prints none")"
    verdict "the options of $command are in the manual" \
        "$(without "$options" "$in_page" "is not in the manual")"
    verdict "the options of $command are completed" \
        "$(without "$options" "$offered" "is not offered"
            without "$(grep -e ^-- <<<"$offered")" "$options" "is offered but not in --help")"
    verdict "the command $command is in --help, in the manual and completed" "$(
        grep -qwe "$command" <<<"$top" || echo "not in --help"
        page_text | grep -qE "^\.(SS|B|BR|BI|SY|SH) \"?(tcpshake )?$command\b" ||
            echo "no .SS, .SY or .B begins with it"
        completed '' | grep -qxe "$command" || echo "not completed"
    )"
done
verdict "the options in the manual exist" "$(without "$in_page" "$every" "is in no --help")"

for file in "$page" "$srcdir"/man/*.5; do
    verdict "groff has nothing to say about ${file##*/}" \
        "$(groff -man -Tutf8 -ww "$file" 2>&1 >/dev/null)"
    if command -v mandoc >/dev/null; then
        verdict "mandoc has nothing to say about ${file##*/}" \
            "$(mandoc -T lint -W warning "$file" 2>&1)"
    fi
done
echo "1..$points"
