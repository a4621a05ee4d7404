#!/usr/bin/python3
"""Bad input to `ocop push`, without a broker: exit code 2, a sentence with file, line and field, and no row spooled.

    push_refusals.py PATH/ocop
"""
import os
import sqlite3
import subprocess
import sys
import tempfile

OCOP = os.path.abspath(sys.argv[1])
HEADER = "reference,province,kind,product,owner\n"
GOOD = "BK-1,06,first,Miến dong,HTX Tài Hoan\n"

# name, bytes (None: a directory), what the sentence must say
CASES = [
    ("dossier.filed-missing-field.csv", HEADER + GOOD + ",06,first,Chè,HTX B\n", [":3: reference: ", "missing"]),
    ("dossier.filed-encoding.csv", HEADER.encode() + b"BK-1,06,first,C\xe0 ph\xea,HTX\n", [":2: ", "--encoding cp1258"]),
    ("dossier.filed-cr.csv", (HEADER + GOOD).replace("\n", "\r"), [":1: the lines end in CR alone", "1 problem"]),
    ("dossier.filed-long.csv", (HEADER + GOOD).encode() + b"a" * 40_000_000, [":3: ", "line 3 is longer than 1 MiB"]),
    ("dossier.filed-empty.csv", b"", [": the file is empty"]),
    ("dossier.filed-folder.csv", None, [": this is a directory"]),
    ("dossier.filed-column.csv", HEADER.replace("owner", "onwer") + GOOD, [":1: onwer: ", "did you mean owner?"]),
    ("dossier.filed-no-column.csv", "province\n06\n", [":1: reference: ", "this column is missing"]),
    ("dossier.filed-twice.csv", HEADER + GOOD + GOOD, [":3: ", "dossier.filed-twice.csv:2"]),
    ("dossier.filed-header.csv", HEADER, [":1: ", "no row"]),
    ("dossier.filed-quote.csv", HEADER + 'BK-1,06,first,"Chè,HTX\n', [":2: ", "never closed"]),
    ("dossier.filed-number.csv", "reference,province,items.item,items.bytes\nA,06,x,abc\n", [":2: items[0].bytes: ", '"abc"']),
    ("dossier.filed-thousands.csv", "reference,province,samples\nA,06,1.000\n", [":2: samples: ", '"1.000"']),
    ("list.csv", "product_name,province_code,stars,recognised_on,source\nA,06,3,,s\n", [":2: recognised_on: ", "take the row out"]),
    ("list-score.csv", "product_name,province_code,stars,score,recognised_on,source\nA,06,3,71.005,2018-12-16,s\n",
     [":2: score: ", '"71.005"']),
    ("rows.csv", "a,b\n1,2\n", ["--type", "dossier.filed"]),
    ("bad.jsonl", '{"type":"dossier.filed","data":{"reference":"A"}}\n', [":1: province: ", "missing"]),
    ("worse.jsonl", '{"type":"dossier.filed",\n', [":1: ", "JSON"]),
    ("unknown.jsonl", '{"type":"dossier.eaten","data":{}}\n', [":1: type: ", "dossier.eaten"]),
]


def spooled(folder):
    """Rows in every spool of the folder."""
    total = 0
    for name in os.listdir(folder):
        if name.endswith(".db"):
            with sqlite3.connect(os.path.join(folder, name)) as db:
                total += db.execute("SELECT count(*) FROM entry").fetchone()[0]
    return total


def run(folder, *arguments):
    command = [OCOP, "--run", folder, "--state", folder, "--wait", "0", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=60)


def check(folder, name, content, says):
    path = os.path.join(folder, name)
    if content is None:
        os.mkdir(path)
    else:
        with open(path, "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode())
    good = os.path.join(folder, "dossier.filed-good.csv")
    with open(good, "w", encoding="utf-8") as out:
        out.write(HEADER + "BK-9,06,first,Gạo,HTX C\n")
    done = run(folder, "--as", "tinh-bac-kan", "push", good, name)
    told = done.stderr.decode()
    wrong = [f"exit code {done.returncode}, not 2"] if done.returncode != 2 else []
    wrong += [f"does not say {text!r}" for text in [name, *says] if text not in told]
    if spooled(folder):
        wrong.append("a row was spooled")
    for what in wrong:
        print(f"FAILED {name}: {what}\n{told[:2000]}")
    return not wrong


def check_usage(folder):
    """Wrong words are exit code 2 as well, and an unreachable broker is 3 with the row kept."""
    ok = True
    for words in ([], ["nothing"], ["push"], ["--as", "x y", "push", "f"], ["--wait", "x", "push"], ["clock", "soon"],
                  ["show", "product"], ["dead", "retry", "intake", "0"], ["push", "--encoding", "latin1", "f"],
                  ["show", "certificate"], ["show", "certificate", "X", "--on", "2021-02-30"], ["show", "deadlines", "X"],
                  ["show", "certificate", "X", "--as-of", "0"], ["show", "certificate", "X", "--as-of", "last"],
                  ["show", "product", "X", "--on", "2021-01-01"], ["show", "product", "X", "--who", "ministry"],
                  ["recompute"], ["recompute", "X", "--all"], ["recompute", "X", "Y"], ["recompute", "X", "--json"],
                  ["rules"], ["rules", "adopt"], ["rules", "list", "X"], ["rules", "propose"],
                  ["rules", "propose", "--shipped", "X"], ["--as", "x", "rules", "propose", "nothing.json"]):
        done = run(folder, *words)
        if done.returncode != 2:
            print(f"FAILED {words}: exit code {done.returncode}, not 2\n{done.stderr.decode()}")
            ok = False
    with open(os.path.join(folder, "totals.csv"), "w", encoding="utf-8") as out:
        out.write("as_of,total,source\n2019-12,604,s\n")
    done = run(folder, "--as", "archive", "push", "totals.csv")
    if done.returncode != 2 or spooled(folder) or b"totals by day" not in done.stderr:
        print(f"FAILED nothing but totals: exit code {done.returncode}\n{done.stderr.decode()}")
        ok = False
    done = run(folder, "--as", "tinh-bac-kan", "push", "dossier.filed-good.csv")
    if done.returncode != 3 or spooled(folder) != 1 or b"--resume" not in done.stderr:
        print(f"FAILED no broker: exit code {done.returncode}, rows {spooled(folder)}\n{done.stderr.decode()}")
        ok = False
    return ok


def main():
    with tempfile.TemporaryDirectory(prefix="ocop-push-") as folder:
        results = [check(folder, *case) for case in CASES]
        results.append(check_usage(folder))
    print(f"{sum(results)} of {len(results)} well")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
