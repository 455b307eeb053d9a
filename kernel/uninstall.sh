#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Remove a FLASH kernel that install.sh installed, and start the previous kernel again.
set -euo pipefail

state=/var/lib/flash-orch/kernel
fail() { echo "uninstall: $*" >&2; exit 1; }

yes=0 release=
while [ $# -gt 0 ]; do
	case $1 in
	--yes) yes=1 ;;
	--help) echo "usage: kernel/uninstall.sh [RELEASE] [--yes]   (RELEASE as printed by uname -r)"; exit ;;
	-*) fail "unknown option $1" ;;
	*) release=$1 ;;
	esac
	shift
done
[ "$(id -u)" = 0 ] || fail "needs root: sudo $0"

mapfile -t installed < <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'linux-image-*-flash*' 2>/dev/null | sed -n 's/^installed linux-image-//p')
[ ${#installed[@]} -gt 0 ] || fail "no FLASH kernel is installed"
if [ -z "$release" ]; then
	release=$(cat "$state/release" 2>/dev/null || echo "${installed[-1]}")
	if [ "$yes" = 0 ]; then
		printf 'Installed FLASH kernels:\n'
		printf '  %s\n' "${installed[@]}"
		read -r -p "Which one shall go? [$release] " answer
		release=${answer:-$release}
	fi
fi
printf '%s\n' "${installed[@]}" | grep -qxF "$release" || fail "$release is not installed; there is: ${installed[*]}"

others=$(find /boot -maxdepth 1 -name 'vmlinuz-*' ! -name "vmlinuz-$release" | wc -l)
[ "$others" -gt 0 ] || fail "no other kernel in /boot: install one first (Debian: linux-image-amd64, Ubuntu: linux-image-generic)"

# Another FLASH kernel that stays keeps its place in the boot order.
order=/etc/default/grub.d/zz-flash.cfg
if [ ${#installed[@]} = 1 ] || grep -qsF "gnulinux-$release-advanced-" "$order"; then rm -f "$order"; fi
packages=("linux-image-$release")
dpkg-query -W "linux-headers-$release" >/dev/null 2>&1 && packages+=("linux-headers-$release")
DEBIAN_FRONTEND=noninteractive apt-get purge -y -qq "${packages[@]}" >/dev/null
if [ ${#installed[@]} = 1 ] || [ "$(cat "$state/release" 2>/dev/null)" = "$release" ]; then rm -rf "$state"; fi
if command -v update-grub >/dev/null; then
	log=$(update-grub 2>&1) || fail "$release is gone, but update-grub failed: $log"
fi
echo "uninstall: $release is gone; reboot to start the previous kernel"
