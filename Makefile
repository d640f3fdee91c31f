# Two commands do everything on a fresh Debian with Rust: `make demo` and `make test`.
SHELL := /bin/bash -o pipefail
.PHONY: demo test lint docs system samples deny

# With the system's GDAL and PROJ; the default features need neither.
FULL := --no-default-features --features gdal,proj
PACKAGES := build-essential pkg-config libclang-dev libgdal-dev libproj-dev libsqlite3-dev python3
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
OUT ?= demo-out

## The whole journey on the sample city; says which files to open.
demo: system
	cargo run --release -p suyuan-cli $(FULL) -- demo $(OUT)

## Every test, with the default features and with GDAL and PROJ; ends with the sum over all runs.
test: system
	{ cargo test --workspace && cargo test --workspace $(FULL); } 2>&1 | tee target/test.log
	@awk '/^test result:/ { passed += $$4; failed += $$6; ignored += $$8 } \
	  END { printf "test result: %s. %d passed; %d failed; %d ignored\n", failed ? "FAILED" : "ok", passed, failed, ignored; exit !passed || failed }' target/test.log

## Format, lints and documentation, all without a warning.
lint: system
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --workspace --all-targets $(FULL) -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

## The documentation of the library.
docs:
	cargo doc --workspace --no-deps --open

## Makes the sample city anew; the result is the same to the byte.
samples:
	cargo run --release -p suyuan-samples -- data-samples

## Licences, advisories and duplicate versions of what suyuan stands on (needs cargo-deny).
deny:
	cargo deny --workspace check
	cargo deny --workspace $(FULL) check licenses bans sources

## Debian's packages that the full build links.
system:
	@mkdir -p target
	@dpkg -s $(PACKAGES) >/dev/null 2>&1 || { $(SUDO) apt-get update && $(SUDO) apt-get install -y --no-install-recommends $(PACKAGES); }
