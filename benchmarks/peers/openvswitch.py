# SPDX-License-Identifier: Apache-2.0
"""Open vSwitch in user space, over AF_XDP sockets."""

import os
import shutil
import subprocess
import time

from . import debian, hosts
from .contender import Missing

SWAP = "push:NXM_OF_ETH_SRC[],push:NXM_OF_ETH_DST[],pop:NXM_OF_ETH_SRC[],pop:NXM_OF_ETH_DST[]"


class OpenVSwitch(hosts.Stages):
    name = "Open vSwitch"
    remark = ("one process, polling; a bridge a stage, joined by patch ports: its cache holds what all bridges do to a packet as one "
              "step; AF_XDP in copy mode, rings of 2,048, batch 32")
    pairs = False

    def __init__(self, folder):
        super().__init__()
        self.folder = os.path.join(folder, "openvswitch")
        self.root = None
        self.daemons = []

    def prepare(self):
        self.root = debian.unpack("openvswitch", ["openvswitch-switch"])

    def run(self, stages, cpu):
        os.mkdir(self.folder)
        self.call("ovsdb-tool", "create", "conf.db", self.path("usr/share/openvswitch/vswitch.ovsschema"))
        self.launch("usr/sbin/ovsdb-server", "conf.db", "--remote=punix:db.sock")
        self.await_file("db.sock")
        self.vsctl("--no-wait", "set", "open_vswitch", ".", f"other_config:pmd-cpu-mask={1 << cpu:x}")
        self.launch("usr/lib/openvswitch-switch/ovs-vswitchd", f"unix:{self.folder}/db.sock")
        last = stages - 1
        commands = []
        for stage in range(stages):
            commands += ["--", "add-br", f"bridge{stage}"]
            commands += ["--", "set", "bridge", f"bridge{stage}", "datapath_type=netdev", "fail_mode=secure"]
            commands += self.port(stage, 1, "in0" if stage == 0 else f"from{stage - 1}", f"to{stage - 1}")
            commands += self.port(stage, 2, f"out{last}" if stage == last else f"to{stage}", f"from{stage}")
        self.vsctl(*commands)
        for stage in range(stages):
            self.call("ovs-ofctl", "add-flow", f"bridge{stage}", f"in_port=1,actions={SWAP},output:2")
        for device in ("in0", f"out{last}"):
            fault = self.vsctl("get", "interface", device, "error").strip()
            if fault != "[]":
                raise Missing(f"{device}: {fault}")

    def port(self, stage, number, name, peer):
        if name in ("in0", f"out{stage}"):
            options = ["type=afxdp", "options:n_rxq=1", "options:xdp-mode=native"]
        else:
            options = ["type=patch", f"options:peer={peer}"]
        return ["--", "add-port", f"bridge{stage}", name, "--", "set", "interface", name, f"ofport_request={number}", *options]

    def path(self, name):
        return os.path.join(self.root, name)

    def environment(self):
        names = ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR")
        return debian.environment(
            self.root, OVS_PKGDATADIR=self.path("usr/share/openvswitch"), **dict.fromkeys(names, self.folder))

    def call(self, program, *arguments):
        try:
            return subprocess.run(
                [self.path(f"usr/bin/{program}"), *arguments], cwd=self.folder, env=self.environment(), check=True,
                capture_output=True, text=True).stdout
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            raise Missing(f"{program}: {getattr(error, 'stderr', None) or error}; {self.log()}") from error

    def vsctl(self, *arguments):
        return self.call("ovs-vsctl", f"--db=unix:{self.folder}/db.sock", "--timeout=30", *arguments)

    def launch(self, program, *arguments):
        log = os.path.join(self.folder, os.path.basename(program) + ".log")
        with open(log, "w", encoding="utf-8") as output:
            self.daemons.append(subprocess.Popen(
                [*self.enter(), self.path(program), *arguments], cwd=self.folder, env=self.environment(),
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT))

    def await_file(self, name):
        deadline = time.monotonic() + 20
        while not os.path.exists(os.path.join(self.folder, name)):
            if self.daemons[-1].poll() is not None or time.monotonic() > deadline:
                raise Missing(f"its database does not run: {self.log()}")
            time.sleep(0.02)

    def log(self):
        """What the daemon that was started last had to say in the end."""
        if not self.daemons:
            return ""
        path = os.path.join(self.folder, "ovs-vswitchd.log" if len(self.daemons) > 1 else "ovsdb-server.log")
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()[-300:]

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(5)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.daemons = []
        shutil.rmtree(self.folder, ignore_errors=True)
        super().stop()
