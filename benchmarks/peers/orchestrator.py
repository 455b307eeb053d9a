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


class Timed(Orchestrator):
    """Its sink measures."""

    remark = "generator and sink share CPU 0, a process each; rings of 2,048, batch 64"

    def start(self, stages, size, cpus):
        self.case = {"stages": stages, "size": size, "cpus": cpus}
        self.bench.apply(chain(**self.case, measure=True))
        time.sleep(0.3)

    def loss_free(self, seconds, size):
        return self.sample(seconds)[0]

    def latency(self, rate, seconds, size):
        # The sink begins anew when it is told to measure, and by then the rings hold what this rate makes them hold.
        for measure in (False, True):
            self.bench.apply(chain(**self.case, rate=round(rate * 1e6), measure=measure))
            time.sleep(seconds if measure else 0.3)
        counters = nf(self.topology(), "end")["counters"]
        return {"p50": counters["latency_p50_ns"], "p99": counters["latency_p99_ns"], "p99.9": counters["latency_p99_9_ns"]}


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
