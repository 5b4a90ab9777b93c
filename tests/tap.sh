# shellcheck shell=bash
# For the tests in bash that run the program: TAP points, and what its NDJSON says. Sourced, after
# which $work is a folder of the test's own.
set -uf
export LC_ALL=C.UTF-8 NO_COLOR=1
srcdir=$(cd "${srcdir:-.}" && pwd) || exit 99
build=$PWD
# shellcheck disable=SC1091
. "$srcdir/tests/points.sh"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

skip_all()
{
    echo "1..0 # SKIP $1"
    exit 0
}

finish()
{
    echo "1..$points"
}

needs_lab()
{
    unshare -rn true 2>/dev/null || unshare -n true 2>/dev/null ||
        skip_all "namespaces are not allowed here"
}

# What these tests send to addresses of documentation must go nowhere.
case $0 in
*tests/net/*)
    if [ -n "$(ip route show default; ip -6 route show default)" ]; then
        echo "Bail out! run it by tests/run, which gives it a network namespace of its own"
        exit 99
    fi
    ;;
esac

perl -MJSON::PP -e 1 2>/dev/null || skip_all "perl is not installed"

# about EXPRESSION: the value of a Perl expression about the NDJSON on stdin. In it stand @results
# and %r, the first of them, $summary, @segments, @out and @in by direction, @faults, and ratios(LIST),
# each item over the one before.
about()
{
    # shellcheck disable=SC2016 # the $ are Perl's
    perl -MJSON::PP -we '
        use strict;
        my $json = JSON::PP->new->utf8;
        my @records = map { $json->decode($_) } <STDIN>;
        sub of { my $type = shift; return grep { $_->{type} eq $type } @records }
        sub ratios { return map { $_[$_] / $_[$_ - 1] } 1 .. $#_ }
        my @results = of("result");
        my %r = %{$results[0] // {}};
        my ($summary) = of("summary");
        my @segments = of("segment");
        my @out = grep { $_->{dir} eq "out" } @segments;
        my @in = grep { $_->{dir} eq "in" } @segments;
        my @faults = of("fault");
        my $value = eval $ARGV[0];
        die $@ if $@;
        print $value // "", "\n"' "$1"
}

# untrue EXPRESSION FILE: a complaint unless the expression is true of the file.
untrue()
{
    local value
    value=$(about "($1) ? 'true' : 'false'" <"$2" 2>&1)
    [ "$value" = true ] || printf 'not so (%s): %s\nof\n%s\n' "$value" "$1" "$(cut -c 1-400 "$2")"
}

# judge NAME STATUS GOT EXPRESSION RUN: a run that left RUN.out and RUN.err and the status GOT should
# have had the status STATUS, nothing on stderr, no fault, a quiet kernel, and EXPRESSION true.
judge()
{
    cat "$5.out" >>"$work/records"
    verdict "$1" "$(
        [ "$3" -eq "$2" ] || echo "exit status $3, not $2"
        [ ! -s "$5.err" ] || { echo "on stderr:"; cat "$5.err"; }
        untrue "\$summary->{exit_code} == $2 && !@faults && !grep { !(\$_->{kernel_quiet} // 1) } @results" \
            "$5.out"
        untrue "$4" "$5.out"
    )"
}

# try NAME STATUS EXPRESSION COMMAND...: runs a command that prints NDJSON and judges it.
try()
{
    local name=$1 status=$2 expression=$3
    shift 3
    "$@" >"$work/try.out" 2>"$work/try.err"
    judge "$name" "$status" $? "$expression" "$work/try"
}

# await COMMAND...: until it succeeds. How soon that is depends on how busy the machine is; what has not
# come after five minutes does not come.
await()
{
    local limit=$((SECONDS + 300))
    until "$@" 2>/dev/null; do
        [ $SECONDS -lt $limit ] || return 1
        sleep 0.02
    done
}

# has COUNT PATTERN FILE: as many lines of it have PATTERN.
has()
{
    [ "$(grep -caE -e "$2" "$3")" -ge "$1" ]
}

# gone PID: it has ended.
gone()
{
    [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"
}

# start COMMAND...: in the background, where a shell ignores SIGINT. It is $pid, and leaves $work/try.out
# and $work/try.err.
start()
{
    : >"$work/try.out"
    env --default-signal=INT,QUIT "$@" >"$work/try.out" 2>"$work/try.err" </dev/null &
    pid=$!
}

reached()
{
    has "$1" "$2" "$work/try.out" || gone "$pid"
}

# reap: waits for what was started, and returns its status.
reap()
{
    await gone "$pid" || kill -s KILL "$pid"
    wait "$pid" 2>/dev/null
}

# signalled SIGNAL COUNT PATTERN COMMAND...: starts it, sends it SIGNAL when it has printed as many lines
# with PATTERN, and returns its status.
signalled()
{
    start "${@:4}"
    await reached "$2" "$3"
    kill -s "$1" "$pid" 2>/dev/null
    reap
}

# refuses PATTERN COMMAND...: one line on stderr that has PATTERN in it, exit status 2, nothing else.
refuses()
{
    local pattern=$1 status
    shift
    "$@" >"$work/out" 2>"$work/err"
    status=$?
    verdict "refused: ${*:2}" "$(
        [ "$status" -eq 2 ] || echo "exit status $status, not 2"
        [ ! -s "$work/out" ] || { echo "on stdout:"; cat "$work/out"; }
        [ "$(wc -l <"$work/err")" -eq 1 ] || echo "not one line on stderr"
        grep -qe "$pattern" "$work/err" || cat "$work/err")"
}

# valid: every record of every run that was judged obeys the schema.
valid()
{
    local name="every record obeys the schema"
    if /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
        verdict "$name" \
            "$(cd "$build" && # where the schema is made
                /usr/bin/python3 "$srcdir/tests/golden/validate.py" "$work/records" 2>&1 | head -n 20)"
    else
        skip "$name" "python3-jsonschema is not installed"
    fi
}
