# shellcheck shell=bash
# What every test in bash says its TAP points with. Sourced; `echo "1..$points"` is the end of it.
points=0

# verdict NAME COMPLAINTS: one TAP point, failed if there is a complaint.
verdict()
{
    points=$((points + 1))
    if [ -z "$2" ]; then
        echo "ok $points - $1"
    else
        echo "not ok $points - $1"
        echo "# ${2//$'\n'/$'\n# '}"
    fi
}

skip()
{
    points=$((points + 1))
    echo "ok $points - $1 # SKIP $2"
}
