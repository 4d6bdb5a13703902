"""Whether each line of stdin is a JSON value that a schema allows, and has no member that it does not name.

    check_json.py SCHEMA < LINES

Needs Debian's python3-jsonschema. Prints what is wrong, and ends with status 1; else with how many lines there were.
"""

import json
import sys

import jsonschema


def forbid_others(schema):
    """A schema that lets new members come does not see one that nobody described."""
    if isinstance(schema, dict):
        if "properties" in schema and "not" not in schema:
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            forbid_others(part)
    elif isinstance(schema, list):
        for part in schema:
            forbid_others(part)


def causes(error):
    """The alternative that came nearest tells more than that none fits."""
    deeper = max(error.context, key=lambda cause: len(cause.absolute_path), default=None)
    return [error] if deeper is None else causes(deeper)


with open(sys.argv[1], encoding="utf-8") as file:
    wanted = json.load(file)
jsonschema.Draft202012Validator.check_schema(wanted)
forbid_others(wanted)
validator = jsonschema.Draft202012Validator(wanted)
lines = wrong = 0
for line in sys.stdin:
    lines += 1
    for error in validator.iter_errors(json.loads(line)):
        for cause in causes(error):
            wrong += 1
            where = "/".join(str(step) for step in cause.absolute_path)
            print(f"line {lines}: /{where}: {cause.message[:300]}")
if lines == 0:
    wrong = 1
    print("no line")
print(lines)
sys.exit(1 if wrong else 0)
