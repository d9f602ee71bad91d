# A thin front over the CMake presets; CONTRIBUTING.md names the targets that a newcomer needs.
PRESET ?= release
PREFIX ?= /usr/local
PYTHON ?= /usr/bin/python3
BUILD = build/$(PRESET)

.PHONY: all build dependencies demo check bench bench-peers install asan check-asan clean

all: build

build: dependencies
	@test -f $(BUILD)/build.ninja || cmake --preset $(PRESET)
	@cmake --build --preset $(PRESET)

dependencies:
	@sh packaging/install-dependencies.sh

demo: build
	@cmake --build --preset $(PRESET) --target demo

# Both runners always run, and the exit status is that of the worse one.
check: build
	@status=0; \
	ctest --preset $(PRESET) || status=1; \
	GACLIP_BIN=$(CURDIR)/$(BUILD)/bin $(PYTHON) -m pytest -c autotest/pytest.ini autotest || status=1; \
	exit $$status

bench: build
	@cmake --build --preset $(PRESET) --target bench

# ViT-B/16 beside PyTorch (python3-torch, and its script in GACLIP_PEERS).
bench-peers: build
	@cmake --build --preset $(PRESET) --target bench_peers

install: build
	@cmake --install $(BUILD) --prefix $(PREFIX)

asan:
	@$(MAKE) --no-print-directory build PRESET=asan

check-asan: asan
	@ctest --preset asan

clean:
	rm -rf build
