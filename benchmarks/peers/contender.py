# SPDX-License-Identifier: Apache-2.0
"""What every contender is asked, and how it is measured."""

import os
import statistics
import time


class Missing(Exception):
    """Why a contender cannot take part here."""


class Contender:
    """A chain that carries packets from `start` until `stop`. The packets so far are asked for by `count`."""

    name = ""
    # What a reader has to know of it: ring sizes, packets in flight, batch.
    remark = ""

    def prepare(self):
        """Gets what it needs. Raises Missing."""

    def start(self, stages, size, cpus):
        """cpus: of the chain's ends, and of its stages."""
        raise NotImplementedError

    def count(self):
        """Packets that have come out so far."""
        raise NotImplementedError

    def processes(self):
        """The processes whose CPU time is the chain's."""
        return []

    def stop(self):
        raise NotImplementedError

    def loss_free(self, seconds, size):
        """The highest rate that loses nothing, in millions of packets a second."""
        raise Missing("its packets come at no given rate and carry no time")

    def latency(self, rate, seconds, size):
        """Nanoseconds from one end to the other at that rate: {"p50": ..., "p99": ..., "p99.9": ...}."""
        raise NotImplementedError

    def sample(self, seconds):
        """(millions of packets a second, CPUs used) over so many seconds."""
        pids = self.processes()
        used, before, start = cpu_seconds(pids), self.count(), time.monotonic()
        time.sleep(seconds)
        after, end = self.count(), time.monotonic()
        return (after - before) / (end - start) / 1e6, (cpu_seconds(pids) - used) / (end - start)


def cpu_seconds(pids):
    """From the scheduler's own account: the tick is too coarse for what hardly runs."""
    total = 0
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
    return total / 1e9


def able(contenders, report):
    """Those that can take part; report(name, reason) tells of the others."""
    found = []
    for contender in contenders:
        try:
            contender.prepare()
            found.append(contender)
        except Missing as reason:
            report(contender.name, str(reason))
    return found


def attempt(contender, case, measure, report):
    """What measure() returns while the contender carries the case; None, and a report, where it cannot."""
    try:
        contender.start(*case)
        return measure()
    except Missing as reason:
        report(f"{contender.name}, {case[0]} stages, {case[1] + 4}-byte packets", str(reason))
        return None
    finally:
        contender.stop()


def in_turn(contenders, cases, runs, measure, report):
    """What measure(contender, case) returns, in turn: A B A B. Returns {(name, case): [...]}."""
    contenders = able(contenders, report)
    results = {}
    for _ in range(runs):
        for case in cases:
            for contender in contenders:
                result = attempt(contender, case, lambda one=contender, of=case: measure(one, of), report)
                if result is not None:
                    results.setdefault((contender.name, case), []).append(result)
    return results


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "runs": len(values)}
