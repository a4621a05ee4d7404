#!/usr/bin/python3
"""The units in deploy/systemd: sound, walled in, and open for whatever the programs do."""
import os
import re
import shutil
import subprocess
import sys

import house as h

UNITS = h.SOURCE / "deploy/systemd"
EXPOSED_MOST = 2.0  # of 10, as `systemd-analyze security` counts
ONLY_AS_ROOT = {"fchown"}  # SQLite gives files to the owner of their store when it is root


def analyze(*words):
    return subprocess.run(["systemd-analyze", *map(str, words)], capture_output=True, text=True, timeout=h.LIMIT_S)


def lay(house):
    """A copy whose programs are those that were built."""
    folder = house.dir / "units"
    shutil.copytree(UNITS, folder)
    for unit in folder.glob("*.service"):
        unit.write_text(unit.read_text().replace("/usr/bin/ocop", str(house.bin / "ocop")))
    return folder


def are_sound(folder):
    done = analyze("verify", "--man=no", *sorted(folder.glob("*.service")), folder / "ocop.target")
    assert done.returncode == 0 and not done.stderr, done.stderr


def are_walled_in(folder):
    for unit in sorted(folder.glob("*.service")):
        done = analyze("security", "--offline=true", "--no-pager", unit)
        level = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
        assert level and float(level.group(1)) <= EXPOSED_MOST, (unit.name, done.stdout[-200:], done.stderr)


def every_process_has_one(folder):
    names = {f"ocop-{name}.service" for name in h.PROGRAMS}
    target = (folder / "ocop.target").read_text()
    for name in names:
        text = (folder / name).read_text()
        assert name in target, name
        for line in ("Type=notify", "WatchdogSec=", "MemoryMax=", "RestartPreventExitStatus=2 3 4 6"):
            assert line in text, (name, line)
        program = h.bin_folder() / name.removesuffix(".service")
        assert re.search(rf"--config /etc/ocop/{program.name[5:]}\.zpl", text), name
    for name in ("ocop-rules.service", "ocop-mirror.service"):
        words = re.search(r"ExecStart=/\S+ (.*)", (UNITS / name).read_text()).group(1)
        known = subprocess.run([h.bin_folder() / ("ocop" if "rules" in name else "ocop-broker"), "--help"],
                               capture_output=True, text=True).stdout
        for option in re.findall(r"--[a-z]+", words):
            assert option in known or option == "--shipped", (name, option)


def syscalls(name):
    """What a set of the filter allows."""
    found = set()
    for line in analyze("syscall-filter", name).stdout.splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            found |= syscalls(word)
        elif word and not word.startswith("#"):
            found.add(word)
    return found


def allowed():
    found = set()
    for line in (UNITS / "ocop-.service.d/10-ocop.conf").read_text().splitlines():
        if not line.startswith("SystemCallFilter="):
            continue
        value = line.partition("=")[2]
        for word in value.lstrip("~").split():
            named = syscalls(word) if word.startswith("@") else {word}
            found = found - named if value.startswith("~") else found | named
    return found


def let_through_what_the_programs_do(house):
    real, wrapped = house.bin, house.dir / "wrapped"
    wrapped.mkdir()
    for program in [f"ocop-{name}" for name in h.PROGRAMS] + ["ocop"]:
        wrapper = wrapped / program
        wrapper.write_text(f"#!/bin/sh\nexec strace -D -f -qq -A -o {house.dir}/{program}.trace {real}/{program} \"$@\"\n")
        wrapper.chmod(0o755)
    house.bin = wrapped
    house.env["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"  # it cannot look when traced
    house.env["NOTIFY_SOCKET"] = str(house.dir / "nobody")
    house.options["broker"] += ["--set", f"metrics/endpoint=ipc://{house.dir}/m.sock"]
    house.start()
    house.settle()
    house.ocop("rules", "propose", h.SOURCE / "services/scoring/rules/provisional-2018.json", publisher="operator")
    house.settle()
    house.stop()
    may = allowed() | ONLY_AS_ROOT
    for trace in house.dir.glob("*.trace"):
        calls = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(errors="replace"), re.M))
        assert len(calls) > 30, (trace.name, calls)
        assert calls <= may, f"{trace.name}: {sorted(calls - may)} would be refused"


def main():
    if not shutil.which("systemd-analyze"):
        print("skipped: there is no systemd-analyze here")
        sys.exit(77)
    tests = h.Tests()
    with h.House() as house:
        folder = lay(house)
        tests.run("are sound", are_sound, folder)
        tests.run("are walled in", are_walled_in, folder)
        tests.run("every process has one", every_process_has_one, folder)
        if shutil.which("strace"):
            tests.run("let through what the programs do", let_through_what_the_programs_do, house)
        else:
            print("skipped: there is no strace here to see what the programs do")
    tests.end()


if __name__ == "__main__":
    main()
