#!/bin/bash
# Holds the tree to its rules: who may include whom, what the pure half may call, what a file
# may export and name, how it opens, how long a function gets, that no units need each other, that
# the build knows every file and doc/HACKING.md names none that is gone.
# Reads the sources below $srcdir and, for the rules about symbols, the objects of this build.
set -uf
srcdir=${srcdir:-.}
layers=(base wire tcp event figure talk measure render net targets lab cli)
# The pure half; and of a folder that is not, the reading of targets, but for files and names.
pure='^src/((base|wire|tcp|event|figure|talk|measure|render)/|targets/(block|ports|target_line|target_window)\.c)'
longest=70

# What the pure half may take from outside. Nothing here opens, sends, waits, looks at a clock, at
# the environment or at another process; JSON and numbers are made in memory.
allowed='
(__)?(mem|str|stp)[a-z0-9]+(_chk)? -strerror_l -memfd_create
(__)?v?snprintf(_chk)? (__isoc(99|23)_)?sscanf
(__isoc23_)?strto(l|ll|ul|ull|d|imax|umax)
malloc calloc realloc reallocarray free
qsort qsort_r bsearch abs labs llabs
(f|l)?(abs|max|min|floor|ceil|round|trunc|sqrt|cbrt|pow|exp|exp2|log|log2|log10|hypot|fma)[fl]?
fabs fmod ldexp frexp llround lround lrint
is(alnum|alpha|cntrl|digit|graph|lower|print|punct|space|upper|xdigit) to(lower|upper)
__ctype_(b|tolower|toupper)_loc
inet_(ntop|pton) hton[sl] ntoh[sl]
gmtime_r timegm
(__)?[a-z]+[sdt]i[234]
__errno_location __assert_fail __stack_chk_fail abort _GLOBAL_OFFSET_TABLE_
json_[a-z0-9_]+ jsonp?_[a-z0-9_]+ -json_(dump_file|dumpf|dumpfd|load_file|loadf|loadfd|load_callback)
'
# libnet opens nothing in a LIBNET_NONE context; only the encoder has one.
libnet_allowed='libnet_(init|destroy|clear_packet|geterror|seed_prand|toggle_checksum|build_[a-z0-9_]+|pblock_[a-z_]+|adv_[a-z_]+|getpacket_size|in6_is_error)'

# shellcheck disable=SC1091
. "$srcdir/tests/points.sh"

# The files below the folders $2... whose names match the pattern $1, as paths from the root.
files()
{
    local pattern=$1
    shift
    (cd "$srcdir" && find "$@" -type f -regextype posix-extended -regex "$pattern" | sort)
}

sources=$(files '.*\.[ch]' src)
units=$(files '.*\.c' src)

includes()
{
    # shellcheck disable=SC2016 # the $ are awk's
    (cd "$srcdir" && xargs -d '\n' awk -v order="${layers[*]}" '
        BEGIN { n = split(order, names, " "); for (i = 1; i <= n; i++) rank[names[i]] = i }
        FNR == 1 {
            split(FILENAME, path, "/")
            own = path[2]
            if (!(own in rank)) print FILENAME ": the folder " own " has no place in the order"
        }
        match($0, /^[ \t]*#[ \t]*include[ \t]*"[^"]*"/) {
            split($0, quoted, "\"")
            split(quoted[2], part, "/")
            if (!(part[1] in rank))
                print FILENAME ":" FNR ": " quoted[2] " is not named from src/"
            else if (rank[part[1]] > rank[own])
                print FILENAME ":" FNR ": " own " must not include " quoted[2]
        }' <<<"$sources")
}

openings()
{
    local file
    while read -r file; do
        [ "$(head -c 3 "$srcdir/$file")" = '/* ' ] || echo "$file: does not say what it is for"
    done
}

# The project's layout puts the braces of a function, and of nothing else, alone in column one.
long_functions()
{
    (cd "$srcdir" && xargs -d '\n' awk -v most="$longest" '
        /^{$/ { start = FNR }
        /^}$/ && start {
            if (FNR - start - 1 > most)
                print FILENAME ":" start ": a function of " FNR - start - 1 " lines"
            start = 0
        }' <<<"$units")
}

# Two files of one name would replace each other in a library and could not both own a prefix.
same_names()
{
    xargs -d '\n' -n 1 basename <<<"$units" | sort | uniq -d |
        sed 's/$/: more than one file has this name/'
}

# A static function that bears the name of a file, or of a struct in a header, of another module reads
# as if it were that module's.
borrowed_names()
{
    # shellcheck disable=SC2016 # the $ are awk's
    (cd "$srcdir" && xargs -d '\n' awk '
        function own(file) { sub(/\.[ch]$/, "", file); return file }
        FNR == 1 {
            n = split(own(FILENAME), path, "/")
            gsub(/-/, "_", path[n])
            owners[path[n]] = owners[path[n]] " " own(FILENAME) " "
        }
        FILENAME ~ /\.h$/ && match($0, /^struct [a-z0-9_]+ \{/) {
            split($0, word, " ")
            owners[word[2]] = owners[word[2]] " " own(FILENAME) " "
        }
        FILENAME ~ /\.c$/ && /^static [^=;]*\(/ {
            name = $0
            sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
            found[FILENAME " " name] = FNR
        }
        END {
            for (f in found) {
                split(f, at, " ")
                if (!(at[2] in owners)) continue
                n = split(owners[at[2]], units, " ")
                for (i = 1; i <= n && units[i] == own(at[1]); i++) ;
                if (i <= n)
                    print at[1] ":" found[f] ": " at[2] "() is static and bears the name of " units[i]
            }
        }' <<<"$sources" | sort)
}

# A program of Makefile.am has the source of its own name without having to say so.
unlisted()
{
    local listed file
    listed=$(tr -s ' \t\\=' '\n' <"$srcdir/Makefile.am")
    while read -r file; do
        grep -qxF -e "$file" -e "${file%.c}" <<<"$listed" || echo "$file: not in Makefile.am"
    done
}

# Lists "FILE SYMBOL" for the objects of the units on stdin; the rest are the options of nm.
symbols()
{
    local file object
    while read -r file; do
        object=${file%.c}.o
        if [ -f "$object" ]; then
            "$NM" -P "$@" "$object" | awk -v file="$file" '{ print file, $1, $2 }'
        else
            echo "$file was-not-built ?"
        fi
    done
}

foreign_calls()
{
    local word yes='' no='' own
    for word in $allowed; do
        case $word in
        -*) no="$no|${word#-}" ;;
        *) yes="$yes|$word" ;;
        esac
    done
    own=$(grep -E "$pure" <<<"$units" | symbols -g --defined-only)
    grep -E "$pure" <<<"$units" | symbols -u |
        awk -v yes="^(${yes#|})$" -v no="^(${no#|})$" -v libnet="^($libnet_allowed)$" -v own="$own" '
            BEGIN {
                n = split(own, lines, "\n")
                for (i = 1; i <= n; i++) { split(lines[i], field, " "); defined[field[2]] = 1 }
            }
            $2 in defined { next }
            $1 == "src/wire/craft.c" && $2 ~ libnet { next }
            $2 !~ yes || $2 ~ no { print $1 ": the pure half must not use " $2 }'
}

# libnet grows the buffer of a socket that it opens by 6500 system calls, or opens a tap by the way.
libnet_sockets()
{
    (cd "$srcdir" && xargs -d '\n' grep -nE '\<LIBNET_(LINK|RAW4|RAW6)' <<<"$sources")
}

foreign_exports()
{
    symbols -g --defined-only <<<"$units" | awk '
        {
            n = split($1, path, "/")
            prefix = path[n]
            sub(/\.c$/, "", prefix); gsub(/-/, "_", prefix)
            name = $2
            sub("^" path[n - 1] "_", "", name) # FOLDER_FILE_* is as good
            if (index($2 "_", prefix "_") != 1 && index(name "_", prefix "_") != 1)
                print $1 ": exports " $2 ", which is not " prefix "_*"
        }'
}

# Units that need each other, directly or around a circle, are one unit. Only the registry of the
# commands needs those who need it. What nobody in a circle uses, or what uses nobody in one, is
# taken away until nothing more goes: the circles are left, with what leads from one to another.
circles()
{
    {
        symbols -g --defined-only <<<"$units" | sed 's/^/defines /'
        symbols -u <<<"$units" | sed 's/^/uses /'
    } | awk '
        $1 == "defines" { home[$3] = $2; next }
        { user[++n] = $2; used[n] = $3 }
        END {
            for (i = 1; i <= n; i++) {
                to = home[used[i]]
                registry = user[i] == "src/cli/command.c"
                if (to != "" && to != user[i] && !registry) edge[user[i], to] = used[i]
            }
            do {
                taken = 0
                split("", from); split("", into)
                for (e in edge) { split(e, end, SUBSEP); from[end[1]] = into[end[2]] = 1 }
                for (e in edge) {
                    split(e, end, SUBSEP)
                    if (!(end[2] in from) || !(end[1] in into)) { delete edge[e]; taken = 1 }
                }
            } while (taken)
            for (e in edge) { split(e, end, SUBSEP); print end[1] " needs " end[2] ": " edge[e] }
        }' | sort
}

# Paths that are links, paths as an #include has them or as the build has a program, and names of
# functions and the like. NAME is the reader's own.
# shellcheck disable=SC2016 # the ` are Markdown's
hacking_names()
{
    local name
    if ! cd "$srcdir/doc" || [ ! -r HACKING.md ]; then
        echo "there is no doc/HACKING.md"
        return
    fi
    grep -oP '\]\(\K[^)#]+' HACKING.md | while read -r name; do
        [ -e "$name" ] || echo "no $name"
    done
    grep -oP '`\K[a-z]+/[A-Za-z_/.-]+(?=`)' HACKING.md | grep -v NAME | while read -r name; do
        [ -e "../$name" ] || [ -e "../$name.c" ] || [ -e "../$name.in" ] || [ -e "../src/$name" ] ||
            [ -e "../src/$name.c" ] || [ -e "../src/$name.h" ] || echo "no $name"
    done
    grep -oP '`(struct |enum )?\K[A-Za-z]+_[A-Za-z_]+(?=[`(])' HACKING.md | grep -v NAME | sort -u |
        while read -r name; do
            grep -rqw -e "$name" ../src ../Makefile.am ../tests || echo "no $name"
        done
}

# Relocated constants (.data.rel.ro) are read-only once the program runs.
mutable_data()
{
    local file
    while read -r file; do
        [ -f "${file%.c}.o" ] || continue
        "$OBJDUMP" -t "${file%.c}.o" | awk -v file="$file" '
            $0 ~ / O / && $0 ~ /[ \t](\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ && $0 !~ /\.data\.rel\.ro/ {
                print file ": " $NF " is mutable and outlives every call"
            }'
    done
}

verdict "includes go up the list of layers only" "$(includes)"
verdict "libnet opens no socket" "$(libnet_sockets)"
verdict "every source says what it is for" "$(
    { echo "$sources"; files '.*\.[ch]' tests bench doc; } 2>/dev/null | grep . | openings)"
verdict "no function is longer than $longest lines" "$(long_functions)"
verdict "no two sources share a name" "$(same_names)"
verdict "doc/HACKING.md names what there is" "$(hacking_names)"
verdict "no static function bears another module's name" "$(borrowed_names)"
verdict "Makefile.am lists every file" "$(
    { files '.*\.(c|h|def)' src; files '.*\.(c|h|sh)' tests; files '.*[^o]' figures man completion doc; } \
        2>/dev/null | grep . | unlisted)"
if [ "${INSTRUMENTED:-no}" = yes ]; then
    skip "the pure half stays pure" "instrumented build"
    skip "a file exports only its own prefix" "instrumented build"
    skip "no file-scope mutable data" "instrumented build"
    skip "no circle of units" "instrumented build"
else
    : "${NM:=nm}" "${OBJDUMP:=objdump}"
    verdict "the pure half stays pure" "$(foreign_calls)"
    verdict "a file exports only its own prefix" "$(foreign_exports)"
    verdict "no file-scope mutable data" "$(mutable_data <<<"$units")"
    verdict "no circle of units" "$(circles)"
fi
echo "1..$points"
