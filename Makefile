# The verbs of the project; Meson and Ninja do the work. `make` alone lists them.
BUILD ?= build
NINJA = ninja -C

.DEFAULT_GOAL := help
.PHONY: help demo build test check bench asan tsan fuzz fault lint format oracle install

help: ## list the verbs
	@awk -F': .*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' Makefile

demo: ## from raw letters to an improved model, in minutes (examples/clinical-ner)
	@tools/setup build weights
	@$(MAKE) --no-print-directory compile TARGET=src/cairn
	@examples/clinical-ner/demo.sh

build: ## compile the program into build/
	@tools/setup build
	@$(MAKE) --no-print-directory compile TARGET=src/cairn

test: ## build and run every test; the last line counts them
	@tools/setup build test weights
	@$(MAKE) --no-print-directory compile
	@tools/run_tests --build $(BUILD)

check: lint test ## lint, then test: what must hold before a commit

bench: ## cairn and its peers in turn, on an idle machine (ARGS="--quick": one round)
	@tools/setup build weights peers
	@$(MAKE) --no-print-directory compile TARGET=src/cairn
	@bench/run --cairn $(BUILD)/src/cairn $(ARGS)

asan: ## the tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@tools/setup build test weights
	@$(MAKE) --no-print-directory compile BUILD=build-asan \
	  OPTIONS='-Db_sanitize=address,undefined -Doptimization=1'
	@tools/run_tests --build build-asan

tsan: ## the tests under ThreadSanitizer
	@tools/setup build test weights
	@$(MAKE) --no-print-directory compile BUILD=build-tsan OPTIONS='-Db_sanitize=thread'
	@tools/run_tests --build build-tsan

fuzz: ## every parser under libFuzzer, SECONDS=60 each; new inputs in build-fuzz/
	@tools/setup build lint
	@tools/run_fuzz $(or $(SECONDS),60)

fault: ## only the tests that make the n-th call fail
	@tools/setup build test
	@$(MAKE) --no-print-directory compile
	@tools/run_tests --build $(BUILD) --filter '*fault*/*'

lint: ## rooms, style, layout; no output is good
	@tools/setup lint
	@tools/check_layers
	@tools/check_style

format: ## lay out the C files with clang-format
	@tools/setup lint
	@git ls-files -z 'src/*.[ch]' 'tests/*.[ch]' | xargs -0 clang-format -i

oracle: ## compare with PyTorch and transformers again; writes the fixtures
	@tools/setup build test weights oracle
	@$(MAKE) --no-print-directory compile
	@tools/run_oracles $(BUILD)

install: ## install the program (DESTDIR and PREFIX as usual)
	@tools/setup build
	@$(MAKE) --no-print-directory compile TARGET=src/cairn
	@meson install -C $(BUILD) --no-rebuild

.PHONY: compile
compile:
	@[ -f $(BUILD)/build.ninja ] || meson setup $(BUILD) $(OPTIONS) $(if $(PREFIX),--prefix=$(PREFIX)) \
	  >/dev/null || { meson setup $(BUILD) $(OPTIONS); exit 1; }
	@grep -q tests/test-base $(BUILD)/build.ninja || ! pkg-config --exists criterion || \
	  meson setup --reconfigure $(BUILD) >/dev/null
	@$(NINJA) $(BUILD) --quiet $(TARGET)
