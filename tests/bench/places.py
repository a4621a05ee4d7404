"""Where things run: programs, peers, temporary folders. Everything started here is ended here, by its pid."""
import ctypes
import json
import os
import pathlib
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ["nats-server", "libnats-dev", "redis-server", "libhiredis-dev", "rabbitmq-server", "librabbitmq-dev"]


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), "unknown")
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release()}


def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, limit_s=60):
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")


class Process:
    def __init__(self, command, log, env=None):
        with open(log, "ab") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            env=dict(os.environ, **(env or {})), preexec_fn=end_with_parent)
        self.pid = self.process.pid

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def peak_bytes(self):
        with open(f"/proc/{self.pid}/status", encoding="utf-8") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM"))


class Broker:
    """ocop-broker in a folder of its own."""

    def __init__(self, where, env=None, settings=(), folder=None):
        self.where, self.dir = where, pathlib.Path(folder or tempfile.mkdtemp(prefix="b-", dir=where.dir))
        command = [where.bin / "ocop-broker"]
        for setting in settings:
            command += ["--set", setting]
        self.process = Process(command, self.dir / "broker.log",
                               {"OCOP_RUN": str(self.dir), "OCOP_STATE": str(self.dir), **(env or {})})
        self.endpoint, self.live = f"ipc://{self.dir}/broker.sock", f"ipc://{self.dir}/live.sock"
        until = time.monotonic() + 30
        while not (self.dir / "live.sock").exists() and time.monotonic() < until:
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.end()
        shutil.rmtree(self.dir, ignore_errors=True)

    def publish(self, **options):
        return self.where.tool("bench_publish", endpoint=self.endpoint, **options)


class Places:
    def __init__(self, bin_folder, short):
        self.short, self.peers = short, {}
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ocop-bench-"))
        self.bin = pathlib.Path(bin_folder).resolve() if bin_folder else self.build()

    def build(self):
        missing = [p for p in PACKAGES if subprocess.run(["dpkg", "-s", p], capture_output=True).returncode]
        if missing:
            subprocess.run([SOURCE / "deploy/install-packages"], check=True, stdout=sys.stderr)
            sudo = [] if os.geteuid() == 0 else ["sudo"]
            # The peers are started here, not as services of the machine.
            policy = pathlib.Path("/usr/sbin/policy-rc.d")
            made = not policy.exists()
            if made:
                subprocess.run(sudo + ["sh", "-c", f"printf '#!/bin/sh\\nexit 101\\n' > {policy}; chmod 755 {policy}"], check=True)
            try:
                subprocess.run(sudo + ["apt-get", "install", "-y", "--no-install-recommends"] + missing, check=True,
                               stdout=sys.stderr, env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))
            finally:
                if made:
                    subprocess.run(sudo + ["rm", "-f", str(policy)], check=True)
        for command in (["cmake", "--preset", "release", "-DOCOP_BENCH=ON"], ["cmake", "--build", "--preset", "release"]):
            subprocess.run(command, cwd=SOURCE, check=True, stdout=sys.stderr)
        return SOURCE / "build/release/bin"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for _, process in self.peers.values():
            for p in process:
                p.end()
        shutil.rmtree(self.dir, ignore_errors=True)

    def tool(self, name, **options):
        """Run one measuring program; its line of JSON."""
        command = [str(self.bin / name)]
        for key, value in options.items():
            command += ["--" + key.replace("_", "-"), str(value)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    # --- peers, started when first asked for ---
    def peer(self, name):
        if name not in self.peers:
            folder = self.dir / name
            folder.mkdir()
            port, processes = getattr(self, "start_" + name)(folder)
            wait_for_port(port)
            self.peers[name] = (port, processes)
        return self.peers[name][0]

    def start_redis(self, folder):
        port = free_port()
        return port, [Process(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "",
                               "--appendonly", "yes", "--appendfsync", "always"], folder / "log")]

    def start_nats(self, folder):
        port = free_port()
        return port, [Process(["nats-server", "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder)], folder / "log")]

    def start_nats_synced(self, folder):
        """2.9 has no setting for it: the synchronous attribute on the folder makes each write wait for the disk."""
        subprocess.run(["chattr", "+S", folder], check=True)
        return self.start_nats(folder)

    def start_rabbit(self, folder):
        port, epmd_port, dist_port = free_port(), free_port(), free_port()
        (folder / "plugins").write_text("[].")
        epmd = Process(["epmd", "-address", "127.0.0.1", "-port", str(epmd_port)], folder / "epmd.log")
        env = {"HOME": str(folder), "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"), "RABBITMQ_LOG_BASE": str(folder / "logs"),
               "RABBITMQ_NODE_PORT": str(port), "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODENAME": "bench@localhost",
               "RABBITMQ_DIST_PORT": str(dist_port), "ERL_EPMD_PORT": str(epmd_port), "ERL_EPMD_ADDRESS": "127.0.0.1",
               "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"), "RABBITMQ_PID_FILE": str(folder / "pid")}
        return port, [Process(["/usr/lib/rabbitmq/bin/rabbitmq-server"], folder / "log", env), epmd]


def write_results(path, document, text):
    m = document["machine"]
    path.write_text(
        "# Results\n\nWritten by `tests/bench/run`; see there what each case does. "
        f"{m['cpu']}, {m['cores']} cores, Linux {m['kernel']}; {document['rounds']} rounds. Rates are events a second; the ratios, "
        "taken inside one round, are what counts.\n\n" + text + "\n", encoding="utf-8")
