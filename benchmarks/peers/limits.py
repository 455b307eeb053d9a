# SPDX-License-Identifier: Apache-2.0
"""What the machine allows: limits.c."""

import os
import subprocess

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

    def count(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

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


class RingPair(Limits):
    """stages is the batch, size the number of descriptors that go round."""

    name = "C ring pair"
    remark = "C; two rings of 2,048 16-byte descriptors, one for each way"

    def start(self, stages, size, cpus):
        self.launch("ring", stages, size, *cpus)
