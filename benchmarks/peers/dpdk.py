# SPDX-License-Identifier: Apache-2.0
"""DPDK's testpmd."""

import glob
import os
import re
import subprocess
import time

from . import debian, hosts
from .contender import Contender, Missing

DRIVERS = ("mempool_ring", "net_memif", "net_null", "net_ring")
# Entries of a ring, and packets that a stage takes at once.
RING = 2048
BURST = 64


def unpack():
    return debian.unpack("dpdk", ["dpdk-dev"], "^librte-net-(af-xdp|memif|null|ring)[0-9]|^librte-mempool-ring[0-9]")


class Testpmd:
    """One process: the thread that carries packets on its CPU, and the main thread, which only starts it."""

    def __init__(self, name, cpu, ports, mode, log, size=None, options=(), drivers=DRIVERS, enter=()):
        root = unpack()
        plugins = os.path.join(debian.libraries(root), "dpdk", "pmds-*")
        # What it prints is to be in its log at once; and it spins until it is ended, so it ends with this script.
        command = [
            *enter, "setpriv", "--pdeathsig", "KILL", "stdbuf", "--output=L", os.path.join(root, "usr", "bin", "dpdk-testpmd"), "--lcores", f"0@(0,1),1@{cpu}", "--no-huge", "-m",
            "512", "--no-pci", "--no-telemetry", "--no-shconf", "--file-prefix", name]
        for driver in drivers:
            found = glob.glob(os.path.join(plugins, f"librte_{driver}.so*"))
            if not found:
                raise Missing(f"its packages have no driver {driver}")
            command += ["-d", found[0]]
        for port in ports:
            command += ["--vdev", port]
        command += [
            "--", *options, "--no-mlockall", f"--forward-mode={mode}", f"--burst={BURST}", "--total-num-mbufs=16384", f"--txd={RING}",
            f"--rxd={RING}", "--no-flush-rx", "--stats-period=1"]
        if len(ports) == 1:
            command.append("--port-topology=loop")
        elif len(ports) > 2:
            command.append("--port-topology=chained")
        if size:
            command.append(f"--txpkts={size}")
        self.log = log
        self.ports = len(ports)
        with open(log, "w", encoding="utf-8") as output:
            self.process = subprocess.Popen(
                command, env=debian.environment(root), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT)

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def await_text(self, text, seconds=20):
        deadline = time.monotonic() + seconds
        while text not in self.text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Missing(f"testpmd does not run: {self.text()[-300:]}")
            time.sleep(0.05)

    def rates(self):
        """Packets a second that it sent, second by second: out of the one of its ports that sends most."""
        rates = [int(rate) for rate in re.findall(r"Tx-pps:\s+(\d+)", self.text())]
        return [max(rates[i:i + self.ports]) for i in range(0, len(rates) - self.ports + 1, self.ports)]

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Memif(Contender):
    name = "DPDK memif"
    remark = "testpmd, a process a stage, polling; rings of 2,048, burst 64; txonly makes packets, a null port takes them off"

    def __init__(self, folder):
        self.folder = folder
        self.stages = []

    def prepare(self):
        unpack()

    def port(self, role, number):
        path = os.path.join(self.folder, f"memif{number}.sock")
        return f"net_memif_{role}{number},role={role},id={number},socket={path},socket-abstract=no,rsize=11,bsize=2048"

    def start(self, stages, size, cpus):
        for _ in range(2):
            self.try_start(stages, size, cpus)
            deadline = time.monotonic() + 8
            while time.monotonic() < deadline:
                if any(self.stages[-1].rates()):
                    return
                time.sleep(0.1)
            # Now and then one of them does not connect.
            self.stop()
        raise Missing("no packet came through the chain, twice")

    def try_start(self, stages, size, cpus):
        ends, middle = cpus
        for socket in glob.glob(os.path.join(self.folder, "memif*.sock")):
            os.remove(socket)
        self.stages = [self.launch("ends", ends, [self.port("server", 0)], "txonly", size)]
        for stage in range(stages):
            out = "net_null0,no-rx=1" if stage == stages - 1 else self.port("server", stage + 1)
            self.stages.append(self.launch(f"stage{stage}", middle, [self.port("client", stage), out], "macswap"))

    def launch(self, name, cpu, ports, mode, size=None):
        testpmd = Testpmd(f"flash-bench-{name}", cpu, ports, mode, os.path.join(self.folder, f"{name}.log"), size)
        testpmd.await_text("NIC statistics")
        return testpmd

    def processes(self):
        return [stage.process.pid for stage in self.stages]

    def count(self):
        """Whole seconds only: testpmd says how many packets it sent once a second."""
        return sum(self.stages[-1].rates())

    def sample(self, seconds):
        known = len(self.stages[-1].rates())
        _, cpus = super().sample(max(seconds, 2.2))
        fresh = self.stages[-1].rates()[known:]
        return sum(fresh) / len(fresh) / 1e6, cpus

    def stop(self):
        for stage in self.stages:
            stage.stop()
        self.stages = []


class Rings(Contender):
    name = "DPDK rings"
    remark = "one testpmd process runs all stages in turn; 64 packets a stage go round over rings, nobody makes or takes off any"

    def __init__(self, folder):
        self.folder = folder
        self.testpmd = None

    def prepare(self):
        unpack()

    def start(self, stages, size, cpus):
        ports = [f"net_ring{stage}" for stage in range(stages)]
        self.testpmd = Testpmd(
            "flash-bench-rings", cpus[1], ports, "macswap", os.path.join(self.folder, "rings.log"), size,
            ["--tx-first"])
        self.testpmd.await_text("NIC statistics")

    def processes(self):
        return [self.testpmd.process.pid]

    def sample(self, seconds):
        known = len(self.testpmd.rates())
        cpus = super().sample(max(seconds, 2.2))[1]
        fresh = self.testpmd.rates()[known:]
        return sum(fresh) / len(fresh) / 1e6, cpus

    def count(self):
        return 0

    def stop(self):
        if self.testpmd:
            self.testpmd.stop()
            self.testpmd = None


class Sockets(hosts.Stages):
    name = "DPDK testpmd with AF_XDP"
    remark = "testpmd, a process a stage, polling, veth pairs between them; copy mode, rings of 2,048, burst 64"

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.running = []

    def prepare(self):
        unpack()

    def run(self, stages, cpu):
        for stage in range(stages):
            name = f"socket{stage}"
            ports = [f"net_af_xdp{i},iface={device}{stage},force_copy=1" for i, device in enumerate(("in", "out"))]
            self.running.append(Testpmd(
                f"flash-bench-{name}", cpu, ports, "macswap", os.path.join(self.folder, f"{name}.log"),
                drivers=("mempool_ring", "net_af_xdp"), enter=self.enter()))
        for testpmd in self.running:
            testpmd.await_text("NIC statistics", 60)

    def stop(self):
        for testpmd in self.running:
            testpmd.stop()
        self.running = []
        super().stop()
