# `make demo` and `make test` are all that a fresh machine needs; both install what is missing first.
.PHONY: help demo test verify-machines oracle-mutants build guest bench bench-plan fuzz fmt lint clean

export PATH := $(HOME)/.cargo/bin:$(PATH)
target = $(or $(CARGO_TARGET_DIR),target)
triple = x86_64-unknown-linux-gnu

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf '  make %-15s %s\n' "$$name" "$$text"; done

demo: ## the whole story on three real virtual machines: plan, apply, measure, drift, heal, destroy
	@.ci/demo

test: ## all tests, those on real machines included
	@.ci/test

verify-machines: ## the table of changes on a real machine: live, restart or replace; ROW=cpu: only those attributes
	@.ci/verify-machines

bench: ## speed against a bare virsh script and against terraform
	@.ci/bench

bench-plan: ## plans and applies at scale beside terraform, against their bounds; LINEAR=1: how cplan alone grows
	@PARTS=plan .ci/bench

fuzz: ## broken input for parser, evaluator, plan-file and state reader; MINUTES each
	@.ci/fuzz

oracle-mutants: ## each function and operator replaced by a wrong one: which of them the expressions of the oracle miss
	CPLAN_ORACLE_MUTANTS=all cargo test -q -p cplan-config --test runner -- --nocapture wrong_functions_and_operators

build: guest ## target/release/cplan and, beside it, the binary that runs inside machines
	cargo build --release -p cplan

# Static, because machines have no libraries of ours; the triple keeps its flags from rebuilding everything else.
guest:
	@.ci/prepare
	RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --target $(triple) -p cplan-guest
	for folder in debug release; do \
	    mkdir -p $(target)/$$folder && cp -f $(target)/$(triple)/release/cplan-guest $(target)/$$folder/; \
	done

fmt: ## format Rust and HCL
	cargo fmt --all
	cargo run -q -p cplan -- fmt -recursive modules examples

lint: ## clippy without warnings, formatting, shell scripts where shellcheck is installed
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	if command -v shellcheck >/dev/null; then shellcheck .ci/[a-z]* tests/host/*.sh; fi

clean: ## remove what was built
	cargo clean
