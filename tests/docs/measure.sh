#!/bin/bash
# The worked example of doc/HACKING.md, done: a measurement is added to a copy of the tree by a patch
# that touches Makefile.am, NEWS and new files only; it builds, and then it stands in --help, in the
# completion, in the manual page, in the schema and in `survey --probe`, and runs in the lab.
# shellcheck disable=SC1091,SC2154,SC2016 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
patch=$srcdir/tests/docs/example-measure.patch
build=$PWD

needs_lab
for tool in automake patch make; do
    command -v $tool >/dev/null || skip_all "$tool is not installed"
done
[ "${INSTRUMENTED:-no}" = no ] || skip_all "instrumented build"

verdict "the patch changes Makefile.am and NEWS, and else adds files" "$(
    sed -n 's,^--- a/,,p' "$patch" | grep -vx -e Makefile.am -e NEWS
    grep -q '^--- /dev/null' "$patch" || echo "it adds no file")"

# The copy: the sources, and below them the build as far as it makes the program, at the place that
# it has here, so that only what the patch touches is made again.
inside=$(realpath --relative-to="$srcdir" "$build")
case $inside in ../*) inside='build-of-the-copy' ;; esac
copy=$work/copy
mkdir -p "$copy" || exit 99
(cd "$srcdir" && tar -cf - --exclude=./.git --exclude='./build*' --exclude="./$inside" \
    --exclude='./_build*' .) | tar -xf - -C "$copy" || exit 99
mkdir -p "$copy/$inside" || exit 99
(cd "$build" && tar -cf - --exclude='./tests' --exclude='*.log' .) |
    tar -xf - -C "$copy/$inside" || exit 99
chmod -R u+w "$copy"
mkdir -p "$copy/$inside/tests"
[ ! -d "$build/tests" ] || (cd "$build" && find tests -name '*.Po' -o -name .dirstamp) |
    (cd "$build" && tar -cf - -T -) | tar -xf - -C "$copy/$inside"
# Where a path was absolute, it is now one of the copy.
(cd "$copy/$inside" && grep -lF "$srcdir" Makefile config.status libtool 2>/dev/null) |
    while read -r file; do
        sed -i "s,$srcdir,$copy,g" "$copy/$inside/$file"
    done

(cd "$copy" && patch -sp1 <"$patch") >"$work/patched" 2>&1
verdict "the patch applies" "$(cat "$work/patched")"
made=0
make -C "$copy/$inside" tcpshake doc/tcpshake.schema.json man/tcpshake.1 >"$work/made" 2>&1 || made=$?
verdict "it builds" "$(
    if [ $made -ne 0 ] || [ ! -x "$copy/$inside/tcpshake" ] || [ ! -f "$copy/$inside/man/tcpshake.1" ] ||
        ! grep -q 'greeting\.o' "$work/made"; then
        tail -n 30 "$work/made"
    fi)"
verdict "hardly anything else is made again" "$(
    [ "$(grep -c '^  CC ' "$work/made")" -le 12 ] || grep '^  CC ' "$work/made")"
cd "$copy/$inside" || exit 99
PATH=$PWD:$PATH

verdict "it is in --help" "$(tcpshake --help | grep -q '^  greeting  *how long' || tcpshake --help)"
verdict "its options are in its --help" "$(
    tcpshake greeting --help | grep -q -e '--say=TEXT  *Say this first' || tcpshake greeting --help)"
verdict "survey --probe names it" "$(
    tcpshake survey --probe=x 2>&1 | grep 'takes greeting, open, ping or synack' >/dev/null ||
        tcpshake survey --probe=x 2>&1)"
verdict "it is in the manual page" "$(
    groff -man -Tutf8 -ww man/tcpshake.1 2>&1 >/dev/null
    grep -qx '.SS greeting' man/tcpshake.1 || echo "no section"
    grep -qx '.B tcpshake greeting' man/tcpshake.1 || echo "no synopsis"
    grep -q 'greeting_us' man/tcpshake.1 || echo "no record")"
verdict "the completion offers it and its options" "$(
    . "$srcdir/completion/tcpshake"
    offered()
    {
        COMP_WORDS=(tcpshake "$@")
        COMP_CWORD=$#
        COMP_LINE="tcpshake $*"
        COMP_POINT=${#COMP_LINE}
        COMPREPLY=()
        _tcpshake tcpshake "${COMP_WORDS[$#]}" "${COMP_WORDS[$# - 1]}"
        echo " ${COMPREPLY[*]} "
    }
    [[ $(offered gree) == *' greeting '* ]] || echo "not offered: $(offered gree)"
    [[ $(offered greeting --s) == *' --say= '* ]] || echo "no option: $(offered greeting --s)")"
try "it runs in the lab, and its record obeys the schema" 0 \
    '$r{command} eq "greeting" && $r{greeting_us} > 0 && $r{octets} == 3' \
    tcpshake lab greeting --say hey --json
verdict "the schema holds its record to its keys" "$(
    tcpshake lab greeting --say hey --json | grep '"type":"result"' |
        sed 's/"octets":/"octet":/' >"$work/wrong"
    /usr/bin/python3 -c 'import jsonschema' 2>/dev/null || exit 0
    ! /usr/bin/python3 "$srcdir/tests/golden/validate.py" "$work/wrong" >/dev/null ||
        cat "$work/wrong")"
verdict "it has its column" "$(
    tcpshake lab --app hold survey --probe greeting -W 300ms --csv >"$work/csv"
    head -n 1 "$work/csv" | grep -q ',greeting_us,' || cat "$work/csv")"
valid
finish
