#!/usr/bin/python3
"""Holds NDJSON to doc/tcpshake.schema.json of the build tree, in which it runs: files given as
arguments, or standard input.

One line for each violation, FILE:LINE: PATH: what is wrong. Exit 0 when every record is valid, 1
when one is not or there is none, 2 when the schema, a file or python3-jsonschema is missing.
"""
import json
import sys


def give_up(why):
    print(f"validate.py: {why}", file=sys.stderr)
    sys.exit(2)


try:
    from jsonschema import Draft202012Validator
except ImportError:
    give_up("python3-jsonschema is not installed")


def load_validator():
    try:
        with open("doc/tcpshake.schema.json", encoding="utf-8") as file:
            schema = json.load(file)
    except (OSError, ValueError) as error:
        give_up(error)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON number")


def unique_keys(pairs):
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a key occurs twice")
    return record


def violations(validator, line):
    """(path, message) of everything that is wrong with one line."""
    try:
        record = json.loads(
            line.decode("utf-8"), parse_constant=refuse_constant, object_pairs_hook=unique_keys
        )
    except ValueError as error:
        return [("record", str(error))]
    errors = sorted(validator.iter_errors(record), key=lambda error: list(map(str, error.path)))
    return [("/".join(map(str, e.absolute_path)) or "record", e.message) for e in errors]


def check(validator, name, file):
    """Prints what is wrong with a file and returns how many lines that took."""
    count = bad = 0
    for count, line in enumerate(file, 1):
        found = violations(validator, line)
        if not line.endswith(b"\n"):
            found.append(("record", "the line is not ended"))
        for path, message in found:
            print(f"{name}:{count}: {path}: {message}")
        bad += len(found)
    if count == 0:
        print(f"{name}: no record")
        bad += 1
    return bad


def main(names):
    validator = load_validator()
    bad = 0
    if not names:
        bad = check(validator, "stdin", sys.stdin.buffer)
    for name in names:
        try:
            with open(name, "rb") as file:
                bad += check(validator, name, file)
        except OSError as error:
            give_up(error)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
