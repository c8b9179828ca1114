# Every target does its own set-up, in a virtual environment in this folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test test-slow cluster-assets test-cluster backstage test-backstage lint types generate check-generated bench schemas lock clean docs opinion-tools second-opinions

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-18s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("goldenpath needs Python 3.11 or newer; run: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q goldenpath # pip does this for packages; without it, each command could compile again
	@touch $@

demo: $(STAMP) ## Render and check a real fleet, and show the result of one request
	@$(BIN)/python tools/demo.py

# These packages have their own folder, because they need another python-dateutil than the Kubernetes client.
build/boto3: tests/inference/boto3.txt $(STAMP)
	@rm -rf $@
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --target $@ -r $<

test: $(STAMP) build/boto3 lint types ## Every test, the linters and the type checker
	$(BIN)/python -m pytest -n auto

test-slow: $(STAMP) ## The long forms of tests: ten thousand upgrades, fifty kills; half an hour
	$(BIN)/python -m pytest --slow tests/upgrades tests/changes

cluster-assets: ## Build the programs for test-cluster: an hour once, then a second
	@$(PYTHON) tests/cluster/build_assets.py

# The CRDs of add-ons come from `make cluster-assets`, or from CRDS=DIR, a folder with a file for each CRD.
# One process runs all tests, because they share a control plane, and the tests with controllers share a second one.
test-cluster: $(STAMP) ## The tests that need a real API server, on local control planes
	$(BIN)/python -m pytest tests/cluster --cluster $(if $(CRDS),--crds $(CRDS))

backstage: $(STAMP) ## Start a real Backstage with goldenpath on localhost
	@PYTHON=$(CURDIR)/$(BIN)/python backstage-backend/demo/start

NODE_MODULES := backstage-backend/node_modules/.package-lock.json
$(NODE_MODULES): backstage-backend/package-lock.json
	cd backstage-backend && ./with-node npm ci --silent
	@touch $@

# The files run one after the other, because each starts a Backstage and a browser.
test-backstage: $(STAMP) $(NODE_MODULES) ## The tests of the scaffolder module, alone and in a real Backstage
	cd backstage-backend && ./with-node npx tsc -p . && ./with-node npm test --workspace scaffolder-module
	cd backstage-backend && ./with-node node --test --test-force-exit --test-concurrency=1 'demo/tests/*.test.ts'

lint: $(STAMP) ## Check style, formatting and the direction of imports
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache

types: $(STAMP) ## Check types strictly
	$(BIN)/mypy

generate: $(STAMP) ## Write every generated file
	$(BIN)/python tools/generate.py

check-generated: $(STAMP) ## Fail if a generated file is out of date
	$(BIN)/python tools/generate.py --check

# MkDocs and its theme have their own environment, apart from the environment of goldenpath.
docs: ## Build the documentation as a site, as TechDocs does; a warning is a failure
	@test -x .venv-docs/bin/mkdocs || { $(PYTHON) -m venv .venv-docs && .venv-docs/bin/python -m pip install --quiet --disable-pip-version-check mkdocs-techdocs-core==1.7.1; }
	.venv-docs/bin/mkdocs build --quiet --strict --site-dir build/site

# Linters and readers of other projects. Each has its own environment, so goldenpath needs none of their dependencies.
SUITE := .mcp-suite/node_modules/.package-lock.json
$(SUITE): backstage-backend/with-node
	backstage-backend/with-node npm install --silent --no-audit --no-fund --prefix .mcp-suite @modelcontextprotocol/conformance@0.1.16

OPINIONS := .venv-opinions/.installed
$(OPINIONS):
	$(PYTHON) -m venv .venv-opinions
	.venv-opinions/bin/python -m pip install --quiet --disable-pip-version-check checkov==3.3.30 kubernetes-validate==1.37.0
	@touch $@

OSCAL := .venv-oscal/bin/trestle
$(OSCAL):
	$(PYTHON) -m venv .venv-oscal
	.venv-oscal/bin/python -m pip install --quiet --disable-pip-version-check compliance-trestle==5.2.0

# Readers of datasets and models from other projects: Croissant, OpenLineage, OpenSSF Model Signing, CycloneDX.
SUPPLY_CHAIN := .venv-supply-chain/.installed
$(SUPPLY_CHAIN): tests/datasets/judges.txt
	$(PYTHON) -m venv .venv-supply-chain
	.venv-supply-chain/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# Without Go or its proxy, these programs are missing, and the report names them.
GO_JUDGES := .opinions/kubeconform .opinions/kube-score .opinions/trivy-config
.opinions/kubeconform:
	-GOBIN=$(CURDIR)/.opinions go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
.opinions/kube-score:
	-GOBIN=$(CURDIR)/.opinions go install github.com/zegl/kube-score/cmd/kube-score@v1.20.0
# Trivy needs the second version of Go's JSON library, which Go 1.26 enables with this variable.
.opinions/trivy-config: tools/trivy-config/main.go tools/trivy-config/go.mod
	-cd tools/trivy-config && GOEXPERIMENT=jsonv2 CGO_ENABLED=0 timeout 300 go build -trimpath -ldflags '-s -w' -o $(CURDIR)/$@ .

opinion-tools: $(STAMP) $(SUITE) $(OPINIONS) $(OSCAL) $(SUPPLY_CHAIN) $(GO_JUDGES)

second-opinions: opinion-tools ## Check rendered files, written formats and the MCP server with programs of other projects
	$(BIN)/python tools/second_opinions.py --budget 300 checkov=.venv-opinions/bin/checkov kube-score=.opinions/kube-score kubeconform=.opinions/kubeconform trivy=.opinions/trivy-config
	$(BIN)/python -m pytest tests/mcp/test_official_suite.py tests/compliance/test_assessment.py tests/datasets tests/model_artifacts

bench: $(STAMP) $(NODE_MODULES) ## Run the benchmarks, each with its peer
	$(BIN)/python benchmarks/render_speed.py
	$(BIN)/python benchmarks/publish_speed.py
	$(BIN)/python benchmarks/upgrade_speed.py
	$(BIN)/python benchmarks/backend_load.py
	$(BIN)/python benchmarks/datasets.py
	$(BIN)/python benchmarks/artifact_packing.py
	cd backstage-backend && ./with-node node ../benchmarks/scaffolder_tasks.ts

lock: ## Resolve the dependencies again
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --generate-hashes --no-header --quiet -o requirements.lock

clean: ## Remove the files of the other targets
	rm -rf .venv .venv-second .venv-docs .venv-oscal .venv-opinions .venv-supply-chain .opinions .mcp-suite build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
