#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build the FLASH kernel as Debian packages and install it next to the kernels that are there (Debian, Ubuntu).
set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=/var/lib/flash-orch/kernel

usage() {
	cat <<'TEXT'
usage: kernel/install.sh [quick|full] [--yes] [--config FILE]

  quick          only the modules that are loaded now: fast, but what is plugged in later may not work
  full           all modules of the running kernel's configuration (default)
  --yes          ask nothing: also start this kernel by default
  --config FILE  start from this configuration (default: /boot/config-RUNNING)

Source: the package linux-source-6.12, or the archive in FLASH_KERNEL_ARCHIVE (https://cdn.kernel.org/pub/linux/kernel/v6.x/).
TEXT
}

fail() { echo "install: $*" >&2; exit 1; }
say() { echo "install: $*"; }
ask() {
	local answer
	[ "$yes" = 0 ] || return 0
	read -r -p "$1 [y/N] " answer
	[[ $answer =~ ^[yY] ]]
}

kind=full yes=0 config=/boot/config-$(uname -r)
while [ $# -gt 0 ]; do
	case $1 in
	quick | full) kind=$1 ;;
	--yes) yes=1 ;;
	--config) [ $# -ge 2 ] || { usage >&2; exit 1; }; config=$(realpath -- "$2"); shift ;;
	--help) usage; exit ;;
	*) usage >&2; exit 1 ;;
	esac
	shift
done
[ "$(id -u)" = 0 ] || fail "needs root: sudo $0"
command -v apt-get >/dev/null || fail "needs Debian or Ubuntu (no apt-get here)"
[ -f "$config" ] || fail "no configuration at $config: name one with --config"

packages=(build-essential bison flex libssl-dev libelf-dev fakeroot dwarves bc cpio kmod rsync debhelper xz-utils patch python3)
say "installing what the build needs"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
export CC=gcc
if [ "$(gcc -dumpversion | cut -d. -f1)" -ge 15 ]; then
	say "GCC 15 does not compile Linux 6.12: using gcc-14"
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc-14 >/dev/null
	export CC=gcc-14
fi
if [ -z "${FLASH_KERNEL_ARCHIVE:-}" ] && ! apt-cache show linux-source-6.12 >/dev/null 2>&1; then
	fail "this system has no package linux-source-6.12: download linux-6.12.x.tar.xz from kernel.org, check its signature, and name it in FLASH_KERNEL_ARCHIVE"
fi

source=$("$here/build" source minimal)
objects=$(mktemp -d "${TMPDIR:-/var/tmp}/flash-kernel.XXXXXX")
trap 'rm -rf "$objects"' EXIT
mkdir "$objects/obj"
cp "$config" "$objects/obj/.config"
run() { make -s -C "$source" O="$objects/obj" CC="$CC" "$@"; }

# Certificates and keys of the distribution are not at hand; modules are signed with a key made by the build.
"$source/scripts/config" --file "$objects/obj/.config" \
	--set-str SYSTEM_TRUSTED_KEYS "" --set-str SYSTEM_REVOCATION_KEYS "" --set-str LOCALVERSION "-flash" \
	--disable DEBUG_INFO_BTF --disable DEBUG_INFO_DWARF5 --disable DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT --enable DEBUG_INFO_NONE \
	--enable BPF_SYSCALL --enable XDP_SOCKETS --enable XDP_SOCKETS_FLASH
run olddefconfig
if [ "$kind" = quick ]; then
	# Answers "no" to the questions of localmodconfig; `yes` ends with SIGPIPE.
	(set +o pipefail; yes '' | run localmodconfig >/dev/null)
fi
grep -qx CONFIG_XDP_SOCKETS_FLASH=y "$objects/obj/.config" || fail "$config cannot have CONFIG_XDP_SOCKETS_FLASH (needs NET, SYSFS, NET_NS)"
release=$(run kernelrelease)
say "building $release ($kind), log in $objects/log"
run -j"$(nproc)" bindeb-pkg >"$objects/log" 2>&1 || { tail -n 40 "$objects/log" >&2; fail "the build failed"; }

mapfile -t built < <(ls "$objects"/linux-image-"$release"_*.deb "$objects"/linux-headers-"$release"_*.deb)
say "installing $(basename -a "${built[@]}" | xargs)"
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${built[@]}" >/dev/null
mkdir -p "$state"
echo "$release" >"$state/release"

if ! command -v update-grub >/dev/null; then
	say "no GRUB here: add /boot/vmlinuz-$release to your boot loader"
elif ask "Start $release by default from now on?"; then
	mkdir -p /etc/default/grub.d
	name=$(. /etc/os-release && echo "$NAME")
	cat >/etc/default/grub.d/zz-flash.cfg <<TEXT
# Written by kernel/install.sh of flash-orch, removed by kernel/uninstall.sh.
GRUB_DEFAULT="Advanced options for $name>$name, with Linux $release"
TEXT
	update-grub 2>/dev/null
else
	update-grub 2>/dev/null
	say "the boot order stays; choose $release in the boot menu"
fi
say "done. Reboot, then check: uname -r   (expect $release)   and: sudo flash-orch doctor"
