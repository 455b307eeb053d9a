# SPDX-License-Identifier: Apache-2.0
"""What the machine allows: limits.c."""

import os
import subprocess
import time

import histogram

from .contender import Contender, Missing

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "limits.c")


class Limits(Contender):
    def __init__(self, folder):
        self.program = os.path.join(folder, "limits")
        self.process = None

    def prepare(self):
        if os.path.exists(self.program):
            return
        command = ["gcc", "-O3", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", self.program, SOURCE]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise Missing("there is no gcc") from error
        except subprocess.CalledProcessError as error:
            raise Missing(f"limits.c does not compile: {error.stderr}") from error

    def launch(self, *arguments):
        self.process = subprocess.Popen(
            [self.program, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, question=""):
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def count(self):
        return int(self.ask())

    def processes(self):
        return [self.process.pid]

    def stop(self):
        if self.process:
            self.process.communicate()
            self.process = None


class SingleProcess(Limits):
    name = "one process, all stages in turn"
    remark = "C; 2,048 packets in flight, batch 64; its ends are one thread"

    def start(self, stages, size, cpus):
        self.launch("process", stages, size, *cpus)


class Timed(SingleProcess):
    """Its packets carry the time."""

    def start(self, stages, size, cpus):
        self.launch("timed", stages, size, *cpus)
        time.sleep(0.3)

    def loss_free(self, seconds, size):
        return self.sample(seconds)[0]

    def latency(self, rate, seconds, size):
        self.ask(f"rate {rate * 1e6:.0f}")
        time.sleep(0.3)
        self.ask("latency")
        time.sleep(seconds)
        pairs = (pair.split(":") for pair in self.ask("latency").split())
        return histogram.quantiles((int(bucket), int(count)) for bucket, count in pairs)


class RingPair(Limits):
    """stages is the batch, size the number of descriptors that go round."""

    name = "C ring pair a link"
    remark = "C; for each of two links a ring of 2,048 16-byte descriptors for packets, and one of 2,048 addresses for the free frames that come back"
    mode = "links"

    def start(self, stages, size, cpus):
        self.launch(self.mode, stages, size, *cpus)


class BareRings(RingPair):
    name = "C, no free frames"
    remark = "C; two rings of 2,048 16-byte descriptors, one for each way: no frame comes back but as a packet"
    mode = "ring"
