"""A house of services, a nation's year brought through it by bench_nation, and what it cost each process."""
import json
import os
import pathlib
import random
import re
import resource
import sqlite3
import subprocess
import sys
import time

import places

sys.path += [str(places.SOURCE / "tests/system"), str(places.SOURCE / "tests/data/vectors")]
import house  # noqa: E402
import reference  # noqa: E402

PRODUCTS, MONTHS, FIRST_DAY, MEMBERS = 15_590, 12, "2026-06-01", 9
RULES, RUBRIC = "QD26_2026", "qd-26-2026-13-ca-phe-ca-cao"
FILES = ["qd-26-2026.json", RUBRIC + ".json"]
SERVICES = ["intake", "scoring", "certification", "notification"]
PROCESSES = ["broker"] + SERVICES
TICK = os.sysconf("SC_CLK_TCK")


def profiles(path, count=64, seed=2026):
    """What councils of nine may think of a product, in the form bench_nation reads; stars and sums are the reference's.

    Members differ in two criteria, within the spread the law allows; below 90 points on the mean, so that nothing goes to the centre.
    """
    law = reference.Law(reference.set_of(reference.load(), RUBRIC), reference.load()[RUBRIC])
    draw, best, lines = random.Random(seed), law.best(), [" ".join(law.keys)]
    while len(lines) <= count:
        likes = draw.uniform(0.2, 1.0)
        base = [b if draw.random() < likes else draw.choice(sorted(p)) for b, p in zip(best, law.points)]
        sheets = []
        for _ in range(MEMBERS):
            own = base[:]
            for at in draw.sample(range(len(own)), 2):
                own[at] = draw.choice([n for n, points in law.points[at].items() if abs(points - law.points[at][base[at]]) <= 200])
            sheets.append({"options": own, "gates": []})
        rated = law.rate(sheets, FIRST_DAY)
        totals = [m[0] for m in rated["marked"]]
        # Most products that are filed are worth three stars or four; one profile in eight is below.
        wanted = 3 if len(lines) % 8 else 0
        if max(totals) - min(totals) <= 1000 and rated["sum_hundredths"] < 9000 * MEMBERS and (rated["star"] >= 3) == (wanted >= 3):
            lines.append(f"{rated['star']} {rated['sum_hundredths']} " + " ".join(str(n) for s in sheets for n in s["options"]))
    pathlib.Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def cpu_s(pid):
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def idle_s():
    """Seconds all cores together had nothing to do, or waited for the disk, since the machine started."""
    with open("/proc/stat", encoding="ascii") as f:
        fields = f.readline().split()
    return (int(fields[4]) + int(fields[5])) / TICK


def peak_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM"))


class Nation:
    """Broker and services in a folder of their own; the law is adopted."""

    def __init__(self, where, products=PRODUCTS, months=MONTHS):
        os.environ["OCOP_BIN"] = str(where.bin)
        self.where, self.products, self.months = where, products, months
        self.house = house.House(first_day=FIRST_DAY, folder=None)
        self.profiles = self.house.dir / "profiles"

    def __enter__(self):
        profiles(self.profiles)
        self.house.start(*PROCESSES)
        rules = places.SOURCE / "services/scoring/rules"
        self.house.ocop("rules", "propose", *(rules / name for name in FILES), publisher="centre")
        self.house.settle(SERVICES)
        return self

    def __exit__(self, *error):
        self.house.__exit__(*error)

    def pids(self):
        return {name: self.house.processes[name].pid for name in PROCESSES}

    def year(self, seed=2026):
        """The figures bench_nation printed, and of each process the seconds of CPU and the peak of memory."""
        before, head = {n: cpu_s(p) for n, p in self.pids().items()}, self.house.head()
        idle, pushed_s = idle_s(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [self.where.bin / "bench_nation", "--endpoint", f"ipc://{self.house.dir}/broker.sock", "--profiles", self.profiles,
                   "--products", str(self.products), "--months", str(self.months), "--seed", str(seed), "--first-day", FIRST_DAY]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=house.end_with_parent) as pushers:
            out = pushers.communicate(timeout=600)[0]
        if pushers.returncode:
            raise RuntimeError(f"bench_nation ended with {pushers.returncode}: {out}")
        figures, used = json.loads(out), resource.getrusage(resource.RUSAGE_CHILDREN)
        figures["idle_s"] = idle_s() - idle
        figures["events"] = self.house.settle(SERVICES) - head
        figures["cpu_s"] = {n: cpu_s(p) - before[n] for n, p in self.pids().items()}
        figures["cpu_s"]["pushers"] = used.ru_utime + used.ru_stime - pushed_s.ru_utime - pushed_s.ru_stime
        figures["peak_bytes"] = {n: peak_bytes(p) for n, p in self.pids().items()}
        self.check(figures)
        return figures

    def tool(self, name, **options):
        return self.where.tool(name, endpoint=f"ipc://{self.house.dir}/broker.sock", profiles=self.profiles, **options)

    def hop(self):
        """Latencies in a quiet house: of one publish, of a closing and of a decision until a monitor holds what follows."""
        return self.tool("bench_hop", live=f"ipc://{self.house.dir}/live.sock")

    def rebuild(self, name):
        """Delete a store and start its service: seconds until it is at the head and everything in it is as it was."""
        head, before = self.house.settle(SERVICES), self.house.ask(name, "status")
        self.house.stop(name)
        for ending in ("", "-wal", "-shm"):
            pathlib.Path(f"{self.house.dir}/{name}.db{ending}").unlink(missing_ok=True)
        begun = time.monotonic()
        self.house.start(name)
        pid = self.house.processes[name].pid
        self.house.wait(lambda: (self.house.ask(name, "status", timeout_ms=100) or {"seq": 0})["seq"] == head, f"{name} at the head")
        seconds, after = time.monotonic() - begun, self.house.ask(name, "status")
        same = [k for k in ("number", "accepted", "refused", "dead") if before[k] != after[k]]
        assert not same, f"{name} was rebuilt otherwise: {before} and {after}"
        return {"seconds": seconds, "records": head, "followed": self.followed(name), "peak_bytes": peak_bytes(pid)}

    def followed(self, name):
        """Records of the log that a service asks for, by the prefixes in its source."""
        source = (places.SOURCE / f"services/{name}/handler.c").read_text(encoding="utf-8")
        prefixes = re.findall(r'"([^"]*)"', re.search(r"prefixes\[\] = \{(.*?)\}", source, re.S)[1])
        with sqlite3.connect(f"file:{self.house.dir}/log.db?mode=ro", uri=True) as db:
            topics = dict(db.execute("SELECT topic, count(*) FROM log GROUP BY topic"))
        return sum(n for topic, n in topics.items() if topic.startswith(tuple(prefixes)))

    def check(self, figures):
        """Every pushed event has its verdict, nothing is a dead letter, nothing more came after the end."""
        status = {name: self.house.ask(name, "status") for name in SERVICES}
        assert figures["right"], figures
        for name, s in status.items():
            assert s["dead"] == 0 and s["letters"] == 0, f"{name} has dead letters: {s}"
        verdicts = sum(s["accepted"] + s["refused"] for s in status.values())
        pushed = figures["pushed"] + len(FILES)
        assert verdicts == pushed, f"{pushed} events were pushed and {verdicts} have a verdict: {status}"
        assert status["intake"]["refused"] == figures["returned"], status


if __name__ == "__main__":
    import types
    here = types.SimpleNamespace(bin=pathlib.Path(sys.argv[1]).resolve())
    with Nation(here, int(sys.argv[2]) if len(sys.argv) > 2 else PRODUCTS, int(sys.argv[3]) if len(sys.argv) > 3 else MONTHS) as n:
        begun = time.monotonic()
        print(json.dumps(n.year(), indent=1))
        print(f"{time.monotonic() - begun:.1f} s with preparation")
