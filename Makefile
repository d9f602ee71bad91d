# A thin front over the CMake presets; CONTRIBUTING.md names the targets that a newcomer needs.
PRESET ?= release
PREFIX ?= /usr/local
PYTHON ?= /usr/bin/python3
BUILD = build/$(PRESET)

.PHONY: all build dependencies demo check bench bench-peers model install asan check-asan \
	check-asan-driver check-full check-qgis fuzz clean

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

# ViT-B/16 beside PyTorch (python3-torch) and ONNX Runtime (in the folder GACLIP_ORT), by the scripts
# in GACLIP_PEERS.
bench-peers: build
	@cmake --build --preset $(PRESET) --target bench_peers

# The shipped model anew, from the data in GACLIP_DATA, as MODEL/default.safetensors: a night or two.
# Stopped, it goes on by the same command; TRAINING="--minutes 120" stops it by itself.
MODEL ?= model
model: build
	@GACLIP_BIN=$(CURDIR)/$(BUILD)/bin models/make-default.sh $(MODEL) $(TRAINING)

install: build
	@cmake --install $(BUILD) --prefix $(PREFIX)

asan:
	@$(MAKE) --no-print-directory build PRESET=asan

check-asan: asan
	@ctest --preset asan

# The driver inside Python, under AddressSanitizer; what Python itself leaks is not ours.
check-asan-driver: asan
	@LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
	ASAN_OPTIONS=detect_leaks=0 GACLIP_BIN=$(CURDIR)/build/asan/bin \
	$(PYTHON) -m pytest -c autotest/pytest.ini autotest/gdrivers autotest/ogr

# QGIS itself, off screen, where it is installed.
check-qgis: build
	@GACLIP_BIN=$(CURDIR)/$(BUILD)/bin QT_QPA_PLATFORM=offscreen \
	$(PYTHON) -m pytest -c autotest/pytest.ini autotest/qgis

# Models of full size beside PyTorch: long, with gigabytes of temporary files. FULL chooses cases, as
# in FULL="--config vit-b-32 --dtype f32".
check-full: build
	@cmake --build --preset $(PRESET) --target full_parity
	@$(PYTHON) tests/full/check_full.py $(BUILD) $(FULL)

# Every fuzzer of tests/fuzz for FUZZ_SECONDS, one after the other; what they learn stays in build/fuzz.
FUZZ_SECONDS ?= 600
FUZZERS ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz:
	@test -f build/fuzz/build.ninja || cmake --preset fuzz
	@cmake --build --preset fuzz --target fuzzers
	@set -e; for fuzzer in $(FUZZERS); do \
		mkdir -p build/fuzz/corpus/$$fuzzer; \
		build/fuzz/tests/fuzz/fuzz_$$fuzzer -max_total_time=$(FUZZ_SECONDS) -max_len=16384 \
			-malloc_limit_mb=256 -print_final_stats=1 -artifact_prefix=build/fuzz/$$fuzzer- \
			build/fuzz/corpus/$$fuzzer tests/fuzz/corpus/$$fuzzer; \
	done

clean:
	rm -rf build
