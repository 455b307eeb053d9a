# SPDX-License-Identifier: Apache-2.0
"""flash-orch itself, as its peers are asked."""

import time

from flash_orch import chain, nf

from .contender import Contender


class Orchestrator(Contender):
    name = "flash-orch"
    remark = "a process an NF; rings of 2,048 (smaller in long chains), batch 64"

    def __init__(self, bench):
        self.bench = bench

    def start(self, stages, size, cpus):
        self.bench.apply(chain(stages, cpus, size=size))

    def topology(self):
        return self.bench.status()[1]["bench"]

    def count(self):
        return nf(self.topology(), "end")["received"]["packets"]

    def processes(self):
        return [function["pid"] for function in self.topology()["nfs"]]

    def stop(self):
        self.bench.down("bench")


class Circle(Orchestrator):
    """Two forwarders that touch no packet, each on a CPU of its own, and so many descriptors that go round."""

    remark = "two NFs, each with a CPU of its own and `wait: busy`; batch at most 64"

    def start(self, stages, size, cpus):
        self.bench.apply(f"""version: 1
name: bench
nfs:
  gen: {{ program: generator, config: {{ count: {size} }}, cpus: [{cpus[0]}] }}
  a: {{ program: forward, cpus: [{cpus[0]}], wait: busy }}
  end: {{ program: forward, cpus: [{cpus[1]}], wait: busy }}
links: [ gen -> a, a -> end, end -> a ]
""")
        # The generator gets the CPU from a spinning thread only now and then.
        deadline = time.monotonic() + 5
        while nf(self.topology(), "gen")["sent"]["packets"] < size and time.monotonic() < deadline:
            time.sleep(0.05)
