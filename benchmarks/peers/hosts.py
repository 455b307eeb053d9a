# SPDX-License-Identifier: Apache-2.0
"""Chains between two hosts, which are network namespaces behind veth pairs."""

import subprocess

from flash_orch import LAB, Hosts, between_hosts

from .contender import Contender, Missing

# Millions of packets a second at which the highest rate is looked for.
RATES = (0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1.1, 1.4, 1.7, 2, 2.5, 3)


class Between(Contender):
    """All stages on CPU 1; CPU 0 makes the packets."""

    hosts = None

    def carry(self, rate, seconds, size):
        return self.hosts.carry(rate, seconds, size)

    def highest(self, seconds, size):
        """The highest rate that arrives, whatever is sent, in millions of packets a second."""
        best = 0
        for rate in RATES:
            arrived, _ = self.carry(rate, seconds, size)
            if arrived < best * 0.8:
                break
            best = max(best, arrived)
        return best

    def loss_free(self, seconds, size):
        """At most 1 packet of 10,000 is lost; to 3 %."""
        highest = self.highest(seconds / 2, size)
        low, high = 0.0, highest * 1.05
        while high - low > 0.03 * highest:
            rate = (low + high) / 2
            arrived, sent = self.carry(rate, seconds, size)
            if arrived >= sent * 0.9999:
                low = rate
            else:
                high = rate
        if low == 0:
            raise Missing(f"it loses packets at any rate, also at {high:.2g} M packets/s")
        return low

    def latency(self, rate, seconds, size):
        self.carry(rate, 0.2, size)
        self.hosts.ask("latency")
        self.carry(rate, seconds, size)
        return self.hosts.ask("latency")


class Orchestrator(Between):
    name = "flash-orch"
    remark = "rings of 2,048, batch 64"

    def __init__(self, bench):
        self.bench = bench

    def topology(self, stages):
        return between_hosts(stages)

    def start(self, stages, size, cpus):
        self.bench.apply(self.topology(stages))
        self.hosts = self.bench.hosts()

    def stop(self):
        self.hosts.close()
        self.bench.down("bench")


class VethChain(Orchestrator):
    """The same NFs, with a veth pair from each to the next one."""

    name = "AF_XDP over veth pairs"
    remark = "the same NFs, a veth pair and two sockets between each and the next; queues of 2,048"

    def topology(self, stages):
        names = [f"n{i}" for i in range(stages)]
        hops = range(stages - 1)
        lines = ["version: 1", "name: bench", "interfaces:", "  lan: { device: flb-lan }", "  wan: { device: flb-wan }"]
        lines += [f"  {end}{hop}: {{ device: flb-{end}{hop} }}" for hop in hops for end in "ab"]
        lines += ["nfs:"]
        lines += [f"  {name}: {{ program: forward, config: {{ macs: swap }}, cpus: [1] }}" for name in names]
        ends = ["lan", *(f"{end}{hop}" for hop in hops for end in "ab"), "wan"]
        lines += ["links:"]
        lines += [f"  - {ends[2 * i]}:0 -> {name} -> {ends[2 * i + 1]}:0" for i, name in enumerate(names)]
        return "\n".join([*lines, *LAB]) + "\n"

    def start(self, stages, size, cpus):
        for hop in range(stages - 1):
            ip("link", "add", f"flb-a{hop}", "type", "veth", "peer", "name", f"flb-b{hop}")
            for end in "ab":
                ip("link", "set", f"flb-{end}{hop}", "up")
        self.stages = stages
        super().start(stages, size, cpus)

    def stop(self):
        super().stop()
        for hop in range(self.stages - 1):
            ip("link", "delete", f"flb-a{hop}")


class Stages(Between):
    """Stages in a namespace of their own: stage i is between the devices in<i> and out<i>."""

    NAMESPACE = "flb-stages"
    HOSTS = {"client": "flb-client", "server": "flb-server"}
    # Whether stages are joined by veth pairs, out<i> to in<i + 1>.
    pairs = True

    def __init__(self):
        self.made = []

    def enter(self, namespace=NAMESPACE):
        return ["ip", "netns", "exec", namespace]

    def start(self, stages, size, cpus):
        for namespace in (self.NAMESPACE, *self.HOSTS.values()):
            ip("netns", "add", namespace)
            self.made.append(namespace)
        self.link(self.HOSTS["client"], "eth0", "in0")
        self.link(self.HOSTS["server"], "eth0", f"out{stages - 1}")
        if self.pairs:
            for stage in range(stages - 1):
                self.link(self.NAMESPACE, f"out{stage}", f"in{stage + 1}")
        # Without it a veth device takes no packets that XDP sends.
        run(*self.enter(), "ethtool", "-K", "in0", "gro", "on")
        self.run(stages, cpus[1])
        self.hosts = Hosts(lambda host, command: [*self.enter(self.HOSTS[host]), *command])

    def link(self, namespace, name, peer):
        ip("-n", namespace, "link", "add", name, "type", "veth", "peer", "name", peer, "netns", self.NAMESPACE)
        ip("-n", namespace, "link", "set", name, "up")
        ip("-n", self.NAMESPACE, "link", "set", peer, "up")

    def run(self, stages, cpu):
        """Starts what carries packets from each in<i> to out<i>."""
        raise NotImplementedError

    def stop(self):
        if self.hosts:
            self.hosts.close()
            self.hosts = None
        for namespace in self.made:
            ip("netns", "delete", namespace)
        self.made = []


class Bridges(Stages):
    name = "Linux bridges"
    remark = "a bridge a stage, veth pairs between them, all in one namespace; no program looks at a packet"

    def run(self, stages, cpu):
        for stage in range(stages):
            bridge = f"bridge{stage}"
            ip("-n", self.NAMESPACE, "link", "add", bridge, "type", "bridge")
            for port in (f"in{stage}", f"out{stage}"):
                ip("-n", self.NAMESPACE, "link", "set", port, "master", bridge)
            ip("-n", self.NAMESPACE, "link", "set", bridge, "up")


def run(*command):
    subprocess.run(command, check=True, capture_output=True, text=True)


def ip(*arguments):
    run("ip", *arguments)
