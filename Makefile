# SPDX-License-Identifier: Apache-2.0

SWIFT ?= swift
CLANG ?= $(or $(wildcard $(dir $(realpath $(shell command -v $(SWIFT))))clang),clang)
CONFIGURATION ?= release
MULTIARCH := $(shell gcc -print-multiarch 2>/dev/null)

BPF_OBJECT := Sources/FlashRuntime/Resources/queue.bpf.o
BPF_SOURCE := Sources/FlashRuntime/XDP/queue.bpf.c

.PHONY: build bpf
build: bpf
	$(SWIFT) build -c $(CONFIGURATION)

bpf: $(BPF_OBJECT)

$(BPF_OBJECT): $(BPF_SOURCE)
	@mkdir -p $(@D)
	$(CLANG) -O2 -g -Wall -Werror -target bpf $(if $(MULTIARCH),-I/usr/include/$(MULTIARCH)) -c $< -o $@
