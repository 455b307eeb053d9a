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
LSMOD: for quick, a file with the output of lsmod, instead of what is loaded here.
TEXT
}

fail() { echo "install: $*" >&2; exit 1; }
say() { echo "install: $*"; }
grub() { update-grub 2>&1; }
ask() {
	local answer
	[ "$yes" = 0 ] || return 0
	read -r -p "$1 [y/N] " answer
	[[ $answer =~ ^[yY] ]]
}

# The identifiers in the boot menu hold at any title and language.
menu_path() { # RELEASE
	local submenu entry
	submenu=$(sed -n "/^submenu .*'gnulinux-advanced-/{s/.*'\(gnulinux-advanced-[^']*\)'.*/\1/p;q}" "$menu")
	entry=$(sed -n "/'gnulinux-$1-advanced-/{s/.*'\(gnulinux-$1-advanced-[^']*\)'.*/\1/p;q}" "$menu")
	[ -z "$entry" ] || echo "${submenu:+$submenu>}$entry"
}

# True if GRUB starts its first entry, and that is this kernel.
first_boots() { # RELEASE
	local chosen first
	chosen=$(for file in /etc/default/grub /etc/default/grub.d/*.cfg; do [ ! -f "$file" ] || . "$file"; done; echo "${GRUB_DEFAULT:-0}")
	first=$(sed -n '/^[[:space:]]*linux[[:space:]]/{s/.*\/vmlinuz-\([^ ]*\).*/\1/p;q}' "$menu")
	[ "$chosen" = 0 ] && [ "$first" = "$1" ]
}

boot() { # RELEASE
	local path
	path=$(menu_path "$1")
	[ -n "$path" ] || fail "$release is installed, but $menu has no entry for $1: the boot order is GRUB's own"
	mkdir -p /etc/default/grub.d
	cat >/etc/default/grub.d/zz-flash.cfg <<TEXT
# Written by kernel/install.sh of flash-orch, removed by kernel/uninstall.sh.
GRUB_DEFAULT="$path"
TEXT
	if ! grub >"$objects/grub.log"; then
		rm /etc/default/grub.d/zz-flash.cfg
		cat "$objects/grub.log" >&2
		fail "$release is installed, but update-grub failed (see above): the boot order is GRUB's own"
	fi
}

menu=/boot/grub/grub.cfg
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

[ "$kind" = full ] || [ -n "${LSMOD:-}" ] || [ -s /proc/modules ] ||
	fail "quick needs the list of loaded modules, and this kernel has none: use full (or set LSMOD to a file with the output of lsmod)"
default=0
if ask "Start the FLASH kernel by default, once it is installed?"; then
	default=1
fi
# What starts now, or would: to go back to.
previous=$(uname -r)
[ -f "/boot/vmlinuz-$previous" ] || previous=$(find /boot -maxdepth 1 -name 'vmlinuz-*' ! -name '*-flash*' -printf '%f\n' | sed 's/^vmlinuz-//' | sort -V | tail -n 1)

packages=(build-essential bison flex openssl libssl-dev libelf-dev fakeroot dwarves bc cpio kmod rsync debhelper xz-utils lz4 zstd patch python3)
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
log=/var/log/flash-kernel.log
say "building $release ($kind), log in $log"
run -j"$(nproc)" bindeb-pkg >"$log" 2>&1 || { tail -n 40 "$log" >&2; fail "the build failed"; }

mapfile -t built < <(ls "$objects"/linux-image-"$release"_*.deb "$objects"/linux-headers-"$release"_*.deb)
say "installing $(basename -a "${built[@]}" | xargs)"
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${built[@]}" >/dev/null
mkdir -p "$state"
echo "$release" >"$state/release"
rm -f /etc/default/grub.d/zz-flash.cfg # of an earlier one

if ! command -v update-grub >/dev/null; then
	say "no GRUB here: add /boot/vmlinuz-$release to your boot loader"
elif ! grub >"$objects/grub.log"; then
	cat "$objects/grub.log" >&2
	fail "$release is installed, but update-grub failed (see above): the boot menu is as it was"
elif [ "$default" = 1 ]; then
	boot "$release"
elif first_boots "$release"; then
	# GRUB puts the newest kernel first: without this, the boot order would change unasked.
	boot "$previous"
	say "the machine still starts $previous; choose $release in the boot menu"
else
	say "the boot order stays; choose $release in the boot menu"
fi
if command -v mokutil >/dev/null && mokutil --sb-state 2>/dev/null | grep -q enabled; then
	say "Secure Boot is on: sign /boot/vmlinuz-$release with a key of your own (sbsign, mokutil --import), or it will not start"
fi
say "done. Reboot, then check: uname -r   (expect $release)   and: sudo flash-orch doctor"
