# Everything from a fresh Debian 12: `make demo` and `make test` install what they need (apt packages, LibTorch from PyPI
# into .venv), build and run. LIBTORCH=/path uses a LibTorch that is there. Second runs skip what is done.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
CMAKE := $(VENV)/bin/cmake
JOBS := $(shell n=$$(nproc); echo $$(( n > 1 ? n : 1 )))
export REPRISE_DATA ?= $(shell test -d ../shared/data && cd ../shared/data && pwd)

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t14

$(VENV)/.ready: scripts/bootstrap.sh scripts/apt-packages.txt scripts/requirements.txt
	scripts/bootstrap.sh
	@touch $@

build/cpu/build.ninja: $(VENV)/.ready CMakePresets.json
	$(CMAKE) --preset cpu

venv: $(VENV)/.ready ## install apt packages and LibTorch

build: build/cpu/build.ninja ## build the CPU half
	$(CMAKE) --build --preset cpu -j $(JOBS)

programs: build/cpu/build.ninja ## build the programs without the tests
	$(CMAKE) --build --preset cpu -j $(JOBS) --target reprise reprise-engine

demo: programs ## the ten-minute miniature of R1: runs/mini-r1/report/report.html
	build/cpu/bin/reprise run recipes/mini-r1.yaml --out runs/mini-r1 --resume
	@scripts/print_claims.sh runs/mini-r1/report/report.json

test: build ## all tests of the CPU half
	scripts/run_tests.sh build/cpu

asan: $(VENV)/.ready ## the torch-free tests under address and undefined-behaviour sanitizers
	$(CMAKE) --preset cpu-asan
	$(CMAKE) --build --preset cpu-asan -j $(JOBS)
	scripts/run_tests.sh build/cpu-asan

cuda: ## build the CUDA half and test its kernels (needs nvcc; installs the full LibTorch wheel into .venv-cuda)
	scripts/bootstrap.sh cuda
	.venv-cuda/bin/cmake --preset cuda
	.venv-cuda/bin/cmake --build --preset cuda -j $(JOBS) --target reprise reprise-engine kernel_ops_test
	build/cuda/bin/kernel_ops_test --gtest_brief=1 > build/cuda/kernel_ops.log || { cat build/cuda/kernel_ops.log; exit 1; }
	@tail -n 2 build/cuda/kernel_ops.log

docs: build ## regenerate docs/keys.md
	build/cpu/bin/reprise keys --markdown > docs/keys.md

clean: ## remove build/
	rm -rf build

.PHONY: help venv build programs demo test asan cuda docs clean
