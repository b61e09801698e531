# Every target can be run on a clean clone: what it needs it makes first.
.PHONY: help setup setup-clients build demo lint test unit clients e2e chaos bench cluster-up cluster-down sqlx

help: ## This list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## Install what demo and test need (virtual environment, Postgres, pyspark)
	@scripts/setup.sh

setup-clients: setup ## Also install what the clients' tests need (Airflow, Dagster, Go and npm packages)
	@scripts/setup.sh clients

build: setup ## Build the server
	@. scripts/env.sh && SQLX_OFFLINE=true cargo build --locked
	@$(if $(filter build,$(MAKECMDGOALS)),. scripts/env.sh && echo "Built. To call firesteel and the AWS CLI by their names:" && echo "  export PATH=$$CARGO_TARGET_DIR/debug:$$VENV/bin:\$$PATH")

demo: build ## Three real Spark jobs through the API on this machine
	@demo/run.sh

lint: setup ## Formatting, clippy, docs
	@scripts/lint.sh

test: unit clients e2e ## Everything

unit: setup ## Unit, store and HTTP tests, generated files
	@scripts/unit-tests.sh

clients: build setup-clients ## AWS's CLI and SDKs, Airflow and Dagster against the real server
	@scripts/pytest.sh tests/clients

e2e: build ## Real Spark on a real Kubernetes (needs root on Linux, and Go)
	@scripts/pytest.sh tests/e2e

chaos: setup ## Storms of faults, each with a new seed: make chaos MINUTES=10 [SEED=1] [RUNS=300]
	@CHAOS_MINUTES=$(or $(MINUTES),1) CHAOS_SEED=$(SEED) CHAOS_RUNS=$(RUNS) scripts/unit-tests.sh --test chaos -- storm --nocapture

bench: setup ## Figures of this machine, written to docs/performance.md (an hour and a half; needs root on Linux, Go, and 12 GB of disk)
	@scripts/bench.sh

cluster-up: setup ## Start the Kubernetes of the tests
	@. scripts/env.sh && tests/cluster/up.sh

cluster-down: ## Stop it
	@. scripts/env.sh && tests/cluster/down.sh

sqlx: setup ## Describe the queries anew after a change of SQL or schema
	@scripts/sqlx-prepare.sh
