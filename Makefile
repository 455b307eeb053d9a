# SPDX-License-Identifier: Apache-2.0

SWIFT ?= swift
CLANG ?= $(or $(wildcard $(dir $(realpath $(shell command -v $(SWIFT))))clang),clang)
MULTIARCH := $(shell gcc -print-multiarch 2>/dev/null)

CONFIGURATION ?= release
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 10
export FUZZ_SECONDS

BUILD := .build/$(CONFIGURATION)
BPF_OBJECT := Sources/FlashRuntime/Resources/queue.bpf.o
BPF_SOURCE := Sources/FlashRuntime/XDP/queue.bpf.c

PACKAGES := gcc libc6-dev make pkg-config libyaml-dev libbpf-dev libseccomp-dev \
	iproute2 iputils-ping iperf3 ethtool tcpdump util-linux curl procps python3

.PHONY: help deps bpf build test test-kernel kernel fuzz format docs quickstart install uninstall bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

deps: ## install the Debian or Ubuntu packages that are missing
	@command -v $(SWIFT) >/dev/null || { \
		echo "make: no Swift toolchain on PATH; under sudo use: sudo env \"PATH=\$$PATH\" make $(MAKECMDGOALS)" >&2; exit 1; }
	@missing=$$(for package in $(PACKAGES); do \
		[ "$$(dpkg-query -W -f='$${db:Status-Status}' $$package 2>/dev/null)" = installed ] || echo $$package; done); \
	[ -z "$$missing" ] || { apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; }

bpf: $(BPF_OBJECT) ## compile the XDP program

COMPILE_BPF = $(CLANG) -O2 -g -Wall -Werror -target bpf $(if $(MULTIARCH),-I/usr/include/$(MULTIARCH)) -c $< -o $@

$(BPF_OBJECT): $(BPF_SOURCE)
	@mkdir -p $(@D)
	$(COMPILE_BPF)

build: deps bpf ## build flash-orch and flash-nf (CONFIGURATION=release)
	$(SWIFT) build -c $(CONFIGURATION) --static-swift-stdlib --product flash-nf
	$(SWIFT) build -c $(CONFIGURATION) --static-swift-stdlib --product flash-orch

test: deps bpf ## all tests that need no kernel of ours, as root; CI runs these and test-kernel
	@SWIFT="$(SWIFT)" Tests/run

test-kernel: deps bpf ## the short part of `make kernel`, a quarter of an hour once the kernel is built: the FLASH kernel and its datapath in a virtual machine
	$(MAKE) -C kernel test-minimal
	@SWIFT="$(SWIFT)" Tests/flash-kernel FlashDatapathTests QuickstartTests

kernel: deps bpf ## build the FLASH kernel; its tests, stress, and topologies on it, in a virtual machine (kernel/README.md)
	$(MAKE) -C kernel test CLANG="$(CLANG)"
	@SWIFT="$(SWIFT)" Tests/flash-kernel

fuzz: deps bpf ## run the fuzz targets (FUZZ_SECONDS=10 each)
	@SWIFT="$(SWIFT)" Tests/Fuzz/run

format: ## format the Swift sources in place
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests

docs: build ## make docs/programs.md from the programs' declarations
	packaging/programs-md $(BUILD)/flash-orch > docs/programs.md

quickstart: build ## build, apply topologies/quickstart.yaml, send traffic through it, print status
	@packaging/quickstart $(BUILD)/flash-orch

install: ## install below PREFIX (/usr/local) what `make build` built
	install -D -s -m 755 $(BUILD)/flash-orch $(DESTDIR)$(PREFIX)/bin/flash-orch
	install -D -s -m 755 $(BUILD)/flash-nf $(DESTDIR)$(PREFIX)/libexec/flash-orch/flash-nf
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|@PREFIX@|$(PREFIX)|g' packaging/flash-orch.service.in \
		> $(DESTDIR)$(PREFIX)/lib/systemd/system/flash-orch.service
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(BUILD)/flash-orch --generate-completion-script bash \
		> $(DESTDIR)$(PREFIX)/share/bash-completion/completions/flash-orch
	$(BUILD)/flash-orch --generate-completion-script zsh \
		> $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_flash-orch
	$(BUILD)/flash-orch --generate-completion-script fish \
		> $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/flash-orch.fish

	install -d $(DESTDIR)$(PREFIX)/share/doc/flash-orch/docs $(DESTDIR)$(PREFIX)/share/doc/flash-orch/topologies
	install -m 644 README.md LICENSE $(DESTDIR)$(PREFIX)/share/doc/flash-orch
	install -m 644 docs/*.md $(DESTDIR)$(PREFIX)/share/doc/flash-orch/docs
	install -m 644 topologies/*.yaml $(DESTDIR)$(PREFIX)/share/doc/flash-orch/topologies

uninstall: ## remove what `make install` installed
	rm -f $(DESTDIR)$(PREFIX)/bin/flash-orch $(DESTDIR)$(PREFIX)/lib/systemd/system/flash-orch.service \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/flash-orch \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_flash-orch \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/flash-orch.fish
	rm -rf $(DESTDIR)$(PREFIX)/libexec/flash-orch $(DESTDIR)$(PREFIX)/share/doc/flash-orch

TRAFFIC_OBJECT := .build/traffic.bpf.o

$(TRAFFIC_OBJECT): benchmarks/traffic.bpf.c
	@mkdir -p $(@D)
	$(COMPILE_BPF)

bench: PACKAGES += gnuplot-nox
bench: build $(TRAFFIC_OBJECT) ## measure speed and memory, and compare with peers: benchmarks/results
	@mkdir -p benchmarks/results
	benchmarks/run --json benchmarks/results/run.json
	benchmarks/compare

clean: ## remove what was built
	rm -rf .build $(BPF_OBJECT)
