"""The table of crashes of many vmcores: signature, count, kernels, first and last seen, hosts, an example.

    python3 signatures.py LINES [--html PAGE] [--csv FILE]

LINES is a file of lines of `vmsieve inspect --ndjson`, or a pattern of such files ('out/*.ndjson'). PAGE is one file that
needs nothing around it. Wants the Python package duckdb.
"""

import argparse
import csv
import html
import os
import pathlib
import sys

import duckdb

STYLE = """body{font:15px/1.4 system-ui,sans-serif;margin:2em}table{border-collapse:collapse}
td,th{padding:.3em .8em;border-bottom:1px solid #8884;text-align:left;vertical-align:top}
th{position:sticky;top:0;background:Canvas}td:nth-child(3){text-align:right;font-weight:bold}
code{font-size:90%;overflow-wrap:anywhere}:root{color-scheme:light dark}"""


def text(value):
    """One cell: a list is short, or says how much longer it is."""
    if value is None:
        return ""
    if isinstance(value, list):
        more = f" and {len(value) - 8} more" if len(value) > 8 else ""
        return ", ".join(str(item) for item in value[:8]) + more
    return str(value)


def page(names, rows):
    """What a dump says is not to be trusted: all of it is escaped."""
    total = sum(row[names.index("count")] for row in rows)
    head = "".join(f"<th>{html.escape(name.replace('_', ' '))}</th>" for name in names)
    body = "\n".join(
        "<tr>" + "".join(f"<td><code>{html.escape(text(cell))}</code></td>" for cell in row) + "</tr>" for row in rows
    )
    title = f"{total} vmcores, {len(rows)} kinds of crash"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n<style>{STYLE}</style>'
        f"</head><body>\n<h1>{title}</h1>\n<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n"
        "</tbody></table>\n<p>Times are UTC. A signature is the kind of crash, the function and its callers, as "
        "vmsieve(8) says.</p>\n</body></html>\n"
    )


def write(path, content):
    """Whole or not at all."""
    made = f"{path}.{os.getpid()}.partial"
    pathlib.Path(made).write_text(content, encoding="utf-8")
    os.replace(made, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines")
    parser.add_argument("--html", metavar="PAGE")
    parser.add_argument("--csv", metavar="FILE")
    options = parser.parse_args()
    query = (pathlib.Path(__file__).resolve().parent / "signatures.sql").read_text(encoding="utf-8")
    try:
        result = duckdb.sql(query.format(lines=options.lines.replace("'", "''")))
        names, rows = result.columns, result.fetchall()
    except duckdb.Error as error:
        sys.exit(f"{options.lines}: {str(error).splitlines()[0]}")
    if options.html:
        write(options.html, page(names, rows))
    if options.csv:
        with open(options.csv, "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(names)
            table.writerows([text(cell) for cell in row] for row in rows)
    for row in rows:
        cells = dict(zip(names, row))
        print(f"{cells['count']:6}  {cells['signature'] or '-':16}  {cells['crash']}")
        print(f"        {text(cells['kernels'])}; {cells['first_seen']} to {cells['last_seen']}; {text(cells['hosts'])}")
        print(f"        {cells['example']}")


if __name__ == "__main__":
    main()
