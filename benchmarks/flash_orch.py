# SPDX-License-Identifier: Apache-2.0
"""flash-orch as a user has it: the release build, through the command line."""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FLASH_ORCH = os.path.join(ROOT, ".build", "release", "flash-orch")
TRAFFIC = os.path.join(ROOT, "benchmarks", "traffic")
# What the program TRAFFIC loads into the kernel.
TRAFFIC_OBJECT = os.path.join(ROOT, ".build", "traffic.bpf.o")


class Bench:
    """A daemon of its own in a folder of its own."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="flash-bench-")
        self.environment = dict(os.environ, FLASH_ORCH_RUNTIME_DIR=self.folder, NO_COLOR="1")
        # An apply starts the daemon.
        self.apply(chain(1, (0, 0), wait="sleep", rate=1))
        self.down("bench")

    def call(self, *arguments, text=None, check=True):
        result = subprocess.run(
            [FLASH_ORCH, *arguments], input=text, env=self.environment, capture_output=True, text=True, check=False)
        if check and result.returncode != 0:
            sys.exit(f"flash-orch {' '.join(arguments)}: exit {result.returncode}\n{result.stdout}{result.stderr}")
        return result.stdout

    def apply(self, text):
        return json.loads(self.call("apply", "-", "-o", "json", text=text))

    def status(self):
        report = json.loads(self.call("status", "-o", "json"))
        return report["daemon"], {t["name"]: t for t in report["topologies"]}

    def down(self, name):
        self.call("down", name)

    def hosts(self):
        """The lab's hosts of what runs."""
        return Hosts(lambda host, command: [
            "env", f"FLASH_ORCH_RUNTIME_DIR={self.folder}", FLASH_ORCH, "exec", host, "--", *command])

    def close(self):
        daemon, topologies = self.status()
        for name in topologies:
            self.down(name)
        os.kill(daemon["pid"], 15)
        while os.path.exists(f"/proc/{daemon['pid']}"):
            time.sleep(0.01)
        shutil.rmtree(self.folder)


def nf(topology, name):
    return next(n for n in topology["nfs"] if n["name"] == name)


def chain(stages, cpus, wait="adaptive", rate=0, measure=False, size=60, datapath="shared", pairs=()):
    """generator -> stages x forward -> sink; cpus: of the ends, and of what is between.

    With `pairs`, two devices each, packets go from each to the next over a pair instead.
    """
    ends, middle = cpus
    names = [f"n{i}" for i in range(stages)]
    lines = ["version: 1", "name: bench", f"datapath: {datapath}"]
    if pairs:
        lines += ["interfaces:"]
        lines += [f"  {end}{hop}: {{ device: {device} }}" for hop, pair in enumerate(pairs) for end, device in zip("ab", pair)]
    lines += ["nfs:"]
    lines.append(f"  gen: {{ program: generator, config: {{ size: {size}, rate: {rate} }}, cpus: [{ends}], wait: {wait} }}")
    for name in names:
        lines.append(f"  {name}: {{ program: forward, config: {{ macs: swap }}, cpus: [{middle}], wait: {wait} }}")
    lines.append(f"  end: {{ program: sink, config: {{ measure: {str(measure).lower()} }}, cpus: [{ends}], wait: {wait} }}")
    lines += ["links:"]
    if pairs:
        names = ["gen", *names, "end"]
        for hop in range(len(pairs)):
            source = f"b{hop - 1}:0 -> " if hop else ""
            lines.append(f"  - {source}{names[hop]} -> a{hop}:0")
        lines.append(f"  - b{len(pairs) - 1}:0 -> end")
    else:
        lines.append("  - " + " -> ".join(["gen", *names, "end"]))
    return "\n".join(lines) + "\n"


class Hosts:
    """Traffic from one network namespace to another, made and counted in the kernel: `traffic`."""

    def __init__(self, enter, devices=("eth0", "eth0")):
        """enter(host, command): the command that runs another one in the host `client` or `server`."""
        self.enter = enter
        self.devices = devices
        self.counter = self.run("server", "count", devices[1])
        self.counter.stdout.readline()

    def run(self, host, *arguments):
        return subprocess.Popen(
            self.enter(host, [TRAFFIC, *arguments]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, question=""):
        self.counter.stdin.write(question + "\n")
        self.counter.stdin.flush()
        return json.loads(self.counter.stdout.readline())

    def carry(self, rate, seconds, size=60):
        """Sends `rate` millions of packets a second for so long. Returns what arrived and what was sent, in millions a
        second."""
        before = self.ask()
        sender = self.run("client", "send", self.devices[0], "--rate", str(rate * 1e6), "--seconds", str(seconds),
                          "--size", str(size))
        report = json.loads(sender.communicate()[0])
        arrived = self.ask()
        while True:
            time.sleep(0.05)
            now = self.ask()
            if now == arrived:
                break
            arrived = now
        return (arrived - before) / report["seconds"] / 1e6, report["sent"] / report["seconds"] / 1e6

    def close(self):
        self.counter.communicate()


def between_hosts(stages, cpu=1):
    """Host client -> stages x forward -> host server."""
    names = [f"n{i}" for i in range(stages)]
    lines = ["version: 1", "name: bench", "interfaces:"]
    lines += ["  lan: { device: flb-lan }", "  wan: { device: flb-wan }", "nfs:"]
    lines += [f"  {name}: {{ program: forward, config: {{ macs: swap }}, cpus: [{cpu}] }}" for name in names]
    lines += ["links:", "  - " + " -> ".join(["lan:0", *names, "wan:0"]), *LAB]
    return "\n".join(lines) + "\n"


LAB = ["lab:", "  hosts:", "    client: { interface: lan, address: 10.10.0.1/24 }",
       "    server: { interface: wan, address: 10.10.0.2/24 }"]


def machine():
    """What figures of this machine are shown with."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown")
    return {"cpu": model, "cpus": os.cpu_count(), "kernel": platform.release(), "date": time.strftime("%Y-%m-%d")}


def require():
    if os.geteuid() != 0:
        sys.exit(f"{sys.argv[0]} starts NFs: run it as root (sudo)")
    if not os.access(FLASH_ORCH, os.X_OK):
        sys.exit(f"{FLASH_ORCH} is missing: make build")
    if not os.path.exists(TRAFFIC_OBJECT):
        sys.exit(f"{TRAFFIC_OBJECT} is missing: make {os.path.relpath(TRAFFIC_OBJECT, ROOT)}")
