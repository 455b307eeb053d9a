# SPDX-License-Identifier: Apache-2.0
"""Peers from the distribution's packages, which are unpacked beside the system and not installed."""

import glob
import os
import subprocess

from .contender import Missing

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "flash-orch")


def unpack(name, packages, pattern=None):
    """Downloads packages, also those whose name matches the pattern, and what they need and the system lacks; once.

    Returns the folder that stands for the root of the file system. Raises Missing.
    """
    cache = os.path.join(CACHE, name)
    root = os.path.join(cache, "root")
    if os.path.exists(os.path.join(cache, "ready")):
        return root
    try:
        if pattern:
            found = subprocess.run(
                ["apt-cache", "search", "--names-only", pattern], check=True, capture_output=True, text=True).stdout
            packages = [*packages, *(line.split()[0] for line in found.splitlines())]
        archives = os.path.join(cache, "archives")
        os.makedirs(os.path.join(archives, "partial"), exist_ok=True)
        subprocess.run(
            ["apt-get", "install", "-qq", "--yes", "--download-only", "--no-install-recommends",
             "-o", f"Dir::Cache::archives={archives}", *packages], check=True, capture_output=True, text=True)
        for archive in glob.glob(os.path.join(archives, "*.deb")):
            subprocess.run(["dpkg-deb", "--extract", archive, root], check=True, capture_output=True)
    except FileNotFoundError as error:
        raise Missing(f"it comes as Debian packages: {error}") from error
    except subprocess.CalledProcessError as error:
        raise Missing(f"its packages cannot be had: {error.stderr or error}") from error
    with open(os.path.join(cache, "ready"), "w", encoding="ascii"):
        pass
    return root


def libraries(root):
    return next(iter(glob.glob(os.path.join(root, "usr", "lib", "*-linux-gnu"))), root)


def environment(root, **more):
    """For what was unpacked there. libxdp's dispatcher does not load on every kernel; it can do without."""
    folder = libraries(root)
    found = dict(os.environ, LD_LIBRARY_PATH=folder, LIBXDP_SKIP_DISPATCHER="1", **more)
    programs = os.path.join(folder, "bpf")
    if os.path.isdir(programs):
        found["LIBXDP_OBJECT_PATH"] = programs
    return found
