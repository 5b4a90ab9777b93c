#!/bin/bash
# What lies in contrib/ does as it says, as far as that can be seen without a cluster: the scripts
# hand the right arguments to tcpshake (here one that only takes them down), and the SQL asks for keys that
# the schema has. That GNU parallel's shards make the whole is seen with packets, in
# tests/net/scale.sh.
# shellcheck disable=SC1091,SC2154,SC2016 # $work is tap.sh's; the $ in expressions are Perl's
. "${srcdir:-.}/tests/tap.sh"
contrib=$srcdir/contrib
schema=$PWD/doc/tcpshake.schema.json
cd "$work" || exit 99

# A tcpshake that writes its arguments to $work/calls, one call a line, and exits with the status in
# $work/status; one that is to --resume into a file makes it.
mkdir "$work/bin" || exit 99
cat >"$work/bin/tcpshake" <<END
#!/bin/bash
echo "\$*" >>"$work/calls"
case \$* in *--summarise*) exit 0 ;; esac
while [ \$# -gt 0 ]; do
    [ "\$1" != --resume ] || : >"\$2"
    shift
done
exit \$(cat "$work/status")
END
chmod +x "$work/bin/tcpshake"
PATH=$work/bin:$PATH

# ran STATUS COMMAND...: runs it, tcpshake exiting with STATUS; its own status is kept, and so are the
# calls, sorted.
ran()
{
    echo "$1" >"$work/status"
    : >"$work/calls"
    "${@:2}" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    sort -o "$work/calls" "$work/calls"
}

# called PATTERN...: a complaint unless the calls are these, in this order.
called()
{
    local line=0 pattern
    for pattern; do
        line=$((line + 1))
        sed -n "${line}p" "$work/calls" | grep -qxE -e "$pattern" || {
            echo "call $line is not $pattern:"
            cat "$work/calls" "$work/err"
        }
    done
    [ "$(wc -l <"$work/calls")" -eq $# ] || echo "not $# calls, but: $(cat "$work/calls")"
}

parallel=$contrib/survey-parallel
if command -v parallel >/dev/null; then
    dir="$work/two words"
    ran 0 "$parallel" --rate=1000 3 "$dir" -f list -p 80,443
    shard="survey --shard @/3 --resume $dir/shard-@.ndjson --rate 333 --seed [0-9]+ -f list -p 80,443"
    verdict "survey-parallel: each shard once, with its part of the rate, then the summary" "$(
        called "${shard//@/1}" "${shard//@/2}" "${shard//@/3}" \
            "survey --summarise $dir/shard-1.ndjson $dir/shard-2.ndjson $dir/shard-3.ndjson"
        [ "$status" -eq 0 ] || echo "exit status $status")"
    verdict "survey-parallel: one seed for all" "$(
        [ "$(grep -o -e '--seed [0-9]*' "$work/calls" | sort -u | wc -l)" -eq 1 ] || cat "$work/calls")"
    seed=$(grep -o -m 1 -e '--seed [0-9]*' "$work/calls")
    ran 3 "$parallel" 3 "$dir" -f list -p 80,443
    verdict "survey-parallel: given again it has the same seed, and no answers are no failure" "$(
        [ "$(grep -c -e "$seed -f list" "$work/calls")" -eq 3 ] || cat "$work/calls"
        [ "$(grep -c -e '--rate 33 ' "$work/calls")" -eq 3 ] || cat "$work/calls"
        [ "$status" -eq 0 ] || echo "exit status $status"
        cat "$work/err")"
    ran 0 "$parallel" --jobs=1 2 "$work/own" --seed 5 "a b" "c'd" '$e'
    verdict "survey-parallel: a seed of one's own, and odd words" "$(
        called "survey --shard 1/2 .*/shard-1.ndjson --rate 50 --seed 5 a b c'd \\\$e" \
            "survey --shard 2/2 .*/shard-2.ndjson --rate 50 --seed 5 a b c'd \\\$e" 'survey --summarise .*')"
    for trouble in 1 2; do
        ran $trouble "$parallel" 2 "$work/own" list -p 80
        verdict "survey-parallel: a shard that ends with status $trouble is told" "$(
            [ "$status" -eq 2 ] || echo "exit status $status"
            grep -q 'not every shard is done' "$work/err" || cat "$work/err"
            ! grep -e --summarise "$work/calls")"
    done
    # not_taken COMPLAINT ARGUMENT...
    not_taken()
    {
        ran 0 "$parallel" "${@:2}"
        verdict "survey-parallel refuses: ${*:2}" "$(
            [ "$status" -eq 2 ] || echo "exit status $status"
            [ "$(wc -l <"$work/err")" -eq 1 ] || echo "not one line"
            grep -qe "$1" "$work/err" || cat "$work/err"
            [ ! -s "$work/calls" ] || echo "tcpshake was called")"
    }
    not_taken "'0' is no number of shards" 0 "$work/no" list
    not_taken "'1e3' is no number of packets" --rate=1e3 3 "$work/no" list
    not_taken "10 shards cannot share 9" --rate=9 10 "$work/no" list
    not_taken "--rate is not for you" 3 "$work/no" list --rate=9
    not_taken "--shard is not for you" 3 "$work/no" --shard 1/3 list
    not_taken "no option --now" --now 3 "$work/no" list
else
    skip "survey-parallel" "GNU parallel is not installed"
fi

# task STATUS: one task of the Slurm array, for which tcpshake exits with STATUS.
task()
{
    TARGETS=list PORTS=443 SEED=7 RATE=500 SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=3 \
        SLURM_ARRAY_TASK_COUNT=1 ran "$1" bash "$contrib/survey.sbatch"
}
task 0
verdict "survey.sbatch: task 3 of an array that is submitted again in part is shard 3 of 10" "$(
    called "survey -f list -p 443 --seed 7 --shard 3/10 --rate 50 --resume shard-3.ndjson --max-runtime 235m"
    [ "$status" -eq 0 ] || echo "exit status $status")"
task 3
verdict "survey.sbatch: no answers are no failure" "$([ "$status" -eq 0 ] || echo "exit status $status")"
for trouble in 1 2; do
    task $trouble
    verdict "survey.sbatch: status $trouble is one" "$([ "$status" -ne 0 ] || echo "exit status 0")"
done
ran 0 env SLURM_ARRAY_TASK_ID=1 bash "$contrib/survey.sbatch"
verdict "survey.sbatch: without targets nothing is done" "$(
    [ "$status" -ne 0 ] || echo "exit status 0"
    called)"

if /usr/bin/python3 -c 'import yaml' 2>/dev/null; then
    /usr/bin/python3 - "$contrib/survey-job.yaml" >"$work/arguments" 2>"$work/err" <<'END'
import sys, yaml
claim, job = yaml.safe_load_all(open(sys.argv[1], encoding="utf-8"))
spec = job["spec"]
pod = spec["template"]["spec"]
container = pod["containers"][0]
assert spec["completionMode"] == "Indexed" and spec["completions"] == spec["parallelism"] == 10
assert container["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["NET_RAW"]}
mounts = {m["name"] for m in container["volumeMounts"]}
assert mounts == {v["name"] for v in pod["volumes"]}, mounts
assert claim["metadata"]["name"] == pod["volumes"][1]["persistentVolumeClaim"]["claimName"]
assert container["command"] == ["/bin/sh", "-c"]
print(container["args"][0].replace("/records/", "./"))
END
    JOB_COMPLETION_INDEX=4 ran 1 sh -c "$(cat "$work/arguments")"
    verdict "survey-job.yaml: a pod that was stopped is replaced" "$(
        [ "$status" -ne 0 ] || echo "exit status $status")"
    JOB_COMPLETION_INDEX=4 ran 3 sh -c "$(cat "$work/arguments")"
    verdict "survey-job.yaml: pod 4 of ten" "$(
        cat "$work/err"
        called "survey -f /targets/targets.txt -p 443 --seed 7 --rate 10 --shards 10 --resume ./shard-4.ndjson"
        [ "$status" -eq 0 ] || echo "exit status $status")"
else
    skip "survey-job.yaml: pod 4 of ten" "python3-yaml is not installed"
fi

# The columns of survey.sql: "key" or "key.part" a line.
perl -0777 -ne '
    my ($columns) = /columns = \{(.*?)\n    \}/s or die "no columns";
    while ($columns =~ /^\s+"?(\w+)"?: \x27([^\x27]*)\x27,?$/mg) {
        my ($key, $type) = ($1, $2);
        print "$key\n";
        next unless $type =~ /STRUCT\((.*)\)/;
        print "$key.$_\n" for map { /^\s*(\w+) / } split /,/, $1;
    }' "$contrib/survey.sql" >"$work/keys"
# Those of the schema: of a result and of what the probes add to it.
perl -MJSON::PP -0777 -ne '
    my $defs = JSON::PP->new->utf8->decode($_)->{q($defs)};
    sub parts {
        my $of = shift;
        $of = $defs->{$1} if ($of->{q($ref)} // "") =~ m{([^/]+)$};
        return map { ($_->{properties} // {}, parts_of($_)) } grep { ref eq "HASH" } $of;
    }
    sub parts_of {
        my $of = shift;
        my @more = (@{$of->{oneOf} // []}, $of->{items} // ());
        return map { parts($_) } @more;
    }
    print "v\ntype\n";
    for my $def (@{$defs}{qw(result synack ping)}) {
        for my $key (keys %{$def->{properties}}) {
            print "$key\n";
            print "$key.$_\n" for map { keys %$_ } parts($def->{properties}{$key});
        }
    }' "$schema" | sort -u >"$work/known"
verdict "survey.sql asks for keys that the schema has" "$(
    [ "$(wc -l <"$work/keys")" -gt 25 ] || echo "only $(wc -l <"$work/keys") keys were found"
    grep -qx model.factor "$work/keys" || echo "model.factor was not found"
    grep -vxFf "$work/known" "$work/keys")"
finish
