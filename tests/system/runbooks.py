#!/usr/bin/python3
"""Every command of deploy/OPERATIONS.md is run, in the page's order, in a machine of its own in a folder.

/etc, /var/lib, /run and /srv lie in that folder; systemctl is a stand-in that starts what ExecStart of the unit says and
waits for READY, sudo and cmake do as they are told. Blocks marked sh are what readers see; comments that begin with
"trial" bring about what a block is for, and look whether it helped.
"""
import os
import re
import subprocess
import sys

import house as h

PAGE = h.SOURCE / "deploy/OPERATIONS.md"
PLACES = {"/etc/ocop": "etc", "/var/lib/ocop": "s", "/run/ocop": "r", "/srv": "srv"}
BLOCK = re.compile(r"^```sh\n(.*?)^```$|^<!-- trial\n(.*?)^-->$|^(##+ .*?)$", re.M | re.S)

STAND_IN = '''#!/bin/bash
# %(name)s: a stand-in for the tests of the runbooks.
%(text)s
'''

SYSTEMCTL = r'''
import os, pathlib, re, signal, socket, subprocess, sys, time
root = pathlib.Path(os.environ["ROOT"])
units = pathlib.Path(os.environ["UNITS"])
words = [w for w in sys.argv[1:] if not w.startswith("-")]
verb, names = words[0], [w.removesuffix(".service") for w in words[1:]]
if names == ["ocop.target"]:
    names = re.findall(r"(ocop-[a-z]+)\.service", (units / "ocop.target").read_text())

def pid_of(name):
    try:
        pid = int((root / f"pids/{name}").read_text())
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return pid if state != "Z" else None  # ended: whether the machine's init has taken note of it is not our concern
    except (OSError, ValueError):
        return None

def stop(name):
    pid = pid_of(name)
    if pid:
        os.kill(pid, signal.SIGTERM)
        while pid_of(name):
            time.sleep(0.02)

def start(name):
    if pid_of(name):
        return 0
    unit = (units / f"{name}.service").read_text()
    command = re.search(r"^ExecStart=(.*)$", unit, re.M).group(1).replace("/usr/bin/", os.environ["BIN"] + "/")
    command = command.replace("/etc/ocop", str(root / "etc")).split()
    log = open(root / f"logs/{name}", "ab")
    if "Type=oneshot" in unit:
        return subprocess.call(command, stdout=log, stderr=log)
    place = str(root / f"pids/{name}.notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        pathlib.Path(place).unlink(missing_ok=True)
        ready.bind(place)
        ready.settimeout(0.1)
        # Through a shell that ends at once, so that it is not ours to reap; and not for ever, should we be killed.
        keep = subprocess.Popen(["sh", "-c", '"$@" & echo $!', "sh", "timeout", "600", *command], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=log, env=dict(os.environ, NOTIFY_SOCKET=place))
        (root / f"pids/{name}").write_text(keep.stdout.readline().decode())
        while pid_of(name):
            try:
                if b"READY=1" in ready.recv(4096):
                    return 0
            except socket.timeout:
                pass
    return 1

code = 0
for name in names:
    if verb in ("stop", "restart", "disable"):
        stop(name)
    if verb in ("start", "restart", "enable"):
        code = start(name) or code
    if verb == "status":
        print(name, "active" if pid_of(name) else "inactive")
sys.exit(code)
'''


class Machine:
    def __init__(self, house):
        self.house, self.root = house, house.dir
        for folder in list(PLACES.values()) + ["bin", "pids", "logs", "work"]:
            (self.root / folder).mkdir(exist_ok=True)
        (self.root / "systemctl.py").write_text(SYSTEMCTL)
        for name, text in {
                "systemctl": f'exec {sys.executable} "$ROOT/systemctl.py" "$@"',
                "journalctl": 'while [ $# -gt 0 ]; do case $1 in -n) n=$2; shift;; -u) u=$2; shift;; esac; shift; done\n'
                              'tail -n "$n" "$ROOT/logs/$u"',
                "sudo": 'shift 2; exec "$@"',
                "systemd-sysusers": "exit 0",
                "cmake": '[ "$1" = --install ]',
                "fuser": "exit 1",
                "install": 'words=()\nwhile [ $# -gt 0 ]; do case $1 in -o | -g) shift;; *) words+=("$1");; esac; shift; done\n'
                           'exec /usr/bin/install "${words[@]}"'}.items():
            (self.root / "bin" / name).write_text(STAND_IN % {"name": name, "text": text})
            (self.root / "bin" / name).chmod(0o755)
        self.env = dict(os.environ, ROOT=str(self.root), UNITS=str(h.SOURCE / "deploy/systemd"), BIN=str(house.bin),
                        OCOP_RUN=str(self.root / "r"), OCOP_STATE=str(self.root / "s"), OCOP_PUBLISHER="operator",
                        PATH=f"{self.root}/bin:{house.bin}:{os.environ['PATH']}")

    def run(self, text):
        for place, folder in PLACES.items():
            text = text.replace(place, str(self.root / folder))
        with open(self.root / "work/said", "wb") as said:
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=self.root / "work", env=self.env,
                                  stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=h.LIMIT_S)
        assert done.returncode == 0, f"{text}\nended with {done.returncode}:\n{(self.root / 'work/said').read_text()[-3000:]}"

    def settle(self):
        self.run("""
until (ocop --json status || true) | python3 -c '
import json, sys
up = [p for p in json.load(sys.stdin)["processes"] if p["state"] in ("up", "not following")]
sys.exit(any(p["lag"] or p["outbox"] for p in up))'; do sleep 0.1; done""")


def chapters():
    """(heading, [(is_trial, text)...]); a value that a trial exports goes along with the next block."""
    found, heading, blocks = [], "", []
    for match in BLOCK.finditer(PAGE.read_text()):
        shown, trial, title = match.groups()
        if title:
            if blocks:
                found.append((heading, blocks))
            heading, blocks = title.lstrip("# "), []
        else:
            blocks.append((trial is not None, trial or shown))
    return found + [(heading, blocks)] if blocks else found


def chapter(machine, blocks):
    carried = ""
    for is_trial, text in blocks:
        if is_trial and "export " in text:
            carried = text
            continue
        machine.run(carried + text)
        carried = ""
        if not is_trial and (machine.root / "r/broker.sock").exists():
            machine.settle()


def main():
    tests = h.Tests()
    with h.House() as house:
        machine = Machine(house)
        try:
            for heading, blocks in chapters():
                tests.run(heading, chapter, machine, blocks)
        finally:
            machine.run("systemctl stop ocop.target")
    tests.end()


if __name__ == "__main__":
    main()
