# Two commands do everything on a fresh machine: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PROTO := protos/lossgrad/v1/lossgrad.proto
INFERENCE_PROTO := inference/open_inference.proto
INFERENCE_DESCRIPTOR := service/lossgrad_service/open_inference/open_inference.binpb
BASELINE := protos/baseline.txtpb
PIP_FLAGS := --quiet --disable-pip-version-check --constraint constraints.txt
PIP_INSTALL = $(BIN)/pip install $(PIP_FLAGS)
INTEGRATIONS := .venv-integrations
SECURITY := .venv-security
BROWSER := .venv-browser
INFERENCE := .venv-inference
PROTOBUF_7 := out/protobuf-7
CLUSTERS := .venv-clusters
ENVIRONMENTS := $(VENV) $(INTEGRATIONS) $(SECURITY) $(BROWSER) $(INFERENCE) $(CLUSTERS)

.DEFAULT_GOAL := help
.PHONY: help demo serve test test-integrations test-inference test-protobuf test-security test-reliability soak test-browser browser test-clusters test-containers containers audit accuracy bench bench-kernel bench-training bench-inference bench-scaling load check format lint types proto check-proto proto-baseline clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(ENVIRONMENTS:=/bin/pip): %/bin/pip:
	$(PYTHON) -m venv $*

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/pip
	$(PIP_INSTALL) --editable '.[demo]'
	$(BIN)/lossgrad warmup
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/pip
	$(PIP_INSTALL) --editable '.[dev]'
	$(BIN)/lossgrad warmup
	@touch $@ $(VENV)/.demo

$(INTEGRATIONS)/.ready: pyproject.toml constraints.txt constraints-integrations.txt | $(INTEGRATIONS)/bin/pip
	$(INTEGRATIONS)/bin/pip install $(PIP_FLAGS) --constraint constraints-integrations.txt --editable '.[integrations]'
	@touch $@

$(SECURITY)/.ready $(BROWSER)/.ready $(CLUSTERS)/.ready: .venv-%/.ready: pyproject.toml constraints.txt constraints-%.txt | .venv-%/bin/pip
	.venv-$*/bin/pip install $(PIP_FLAGS) --constraint constraints-$*.txt --editable '.[$*]'
	.venv-$*/bin/lossgrad warmup
	@touch $@

# These clients need older versions than the rest of the project is held at.
$(INFERENCE)/.ready: pyproject.toml constraints-inference.txt | $(INFERENCE)/bin/pip
	$(INFERENCE)/bin/pip install --quiet --disable-pip-version-check --constraint constraints-inference.txt --editable '.[inference]'
	$(INFERENCE)/bin/lossgrad warmup
	@touch $@

$(PROTOBUF_7)/.ready: constraints-protobuf-7.txt | $(VENV)/.dev
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(PROTOBUF_7) --requirement constraints-protobuf-7.txt
	@touch $@

demo: $(VENV)/.demo ## Train a classifier on real digits through the running service (ARGS="--model linear")
	$(BIN)/lossgrad demo $(ARGS)

serve: $(VENV)/.demo ## Serve gRPC on localhost:50051 and HTTP on localhost:8080
	$(BIN)/lossgrad serve $(ARGS)

test: $(VENV)/.dev ## Run the tests (ARGS="-k golden")
	$(BIN)/pytest --numprocesses auto --dist loadfile $(ARGS)

test-integrations: $(INTEGRATIONS)/.ready ## Hold our results against PyTorch, JAX, optax and scikit-learn; call us with others' clients
	$(INTEGRATIONS)/bin/pyright --project integrations
	$(INTEGRATIONS)/bin/pytest integrations $(ARGS)
	$(MAKE) test-inference test-protobuf test-clusters ARGS=

test-inference: $(INFERENCE)/.ready ## Call a running service with Triton's and KServe's clients (ARGS="-k aio")
	$(INFERENCE)/bin/pytest integrations/open_inference --ignore integrations/open_inference/test_kserve.py $(ARGS)
	$(INFERENCE)/bin/pytest integrations/open_inference/test_kserve.py $(ARGS)  # cannot be imported beside tritonclient

test-protobuf: $(PROTOBUF_7)/.ready ## Test our client and the service on protobuf 7; all else runs on 6
	PYTHONPATH=$(PROTOBUF_7) $(BIN)/pytest tests/client/codecs tests/client/test_transports.py tests/service/test_grpc.py tests/service/test_stream.py tests/open_inference $(ARGS)

test-security: $(SECURITY)/.ready ## Attack a running service, and look through code and dependencies (ARGS="-k http2")
	$(SECURITY)/bin/pytest tests/abuse $(ARGS)
	$(SECURITY)/bin/python -m tests.abuse.audit || test $$? -eq 3  # it has said that nobody answered

test-reliability: $(VENV)/.dev ## Kill, restart, stop, overload and soak a running service (ARGS="-k overload")
	$(BIN)/pytest tests/reliability $(ARGS)

soak: $(VENV)/.dev ## Look for leaks for a quarter of an hour (ARGS="--soak-seconds 3600")
	$(BIN)/pytest tests/reliability/test_soak.py --soak-seconds 900 -o faulthandler_timeout=7200 -k "not planted" $(ARGS)

test-browser: $(BROWSER)/.ready ## Use the page in a real browser; out/browser has screenshots (ARGS="-k keyboard")
	$(BROWSER)/bin/pytest tests/browser $(ARGS)

test-clusters: $(CLUSTERS)/.ready ## Run the service on a local Ray, and check the files for clusters (ARGS="-k kubernetes")
	$(CLUSTERS)/bin/pytest -W ignore tests/clusters $(ARGS)  # Ray itself is warned about

browser: ## Install Chromium where there is none (Debian, as root)
	tests/browser/install.sh

test-containers: $(VENV)/.dev ## Build the images, run docker-compose.yml and look at it from both sides (ARGS="-k secure")
	$(BIN)/python -m tests.containers.images
	$(BIN)/pytest tests/containers $(ARGS)

containers: ## Install what runs containers where no Docker engine does (Debian, as root)
	tests/containers/install.sh

audit: $(SECURITY)/.ready ## Ask for known vulnerabilities of what the service needs; exit code 3 where nobody answers
	$(SECURITY)/bin/python -m tests.abuse.audit

accuracy: $(INTEGRATIONS)/.ready ## Compute the tables of docs/accuracy.md again
	$(INTEGRATIONS)/bin/python -m integrations.accuracy

bench: $(INTEGRATIONS)/.ready ## Time calls beside echoes, tutorials' services and PyTorch; draws docs/bench.png
	$(INTEGRATIONS)/bin/lossgrad bench --png docs/bench.png $(ARGS)

bench-kernel: $(INTEGRATIONS)/.ready ## Time the kernels beside other libraries; draws docs/bench-kernel.png
	$(INTEGRATIONS)/bin/lossgrad bench-kernel --png docs/bench-kernel.png $(ARGS)

bench-training: $(INTEGRATIONS)/.ready ## Time steps of PyTorch by its own loss and by the service's; draws docs/bench-training.png
	$(INTEGRATIONS)/bin/lossgrad bench-training --png docs/bench-training.png $(ARGS)

bench-inference: $(INFERENCE)/.ready ## Time Triton's client beside ours
	$(INFERENCE)/bin/python -m integrations.open_inference.bench

bench-scaling: $(VENV)/.dev ## Time one batch over 1, 2 and 4 servers of this machine
	$(BIN)/lossgrad bench-scaling $(ARGS)

load: $(VENV)/.dev ## Load a service until it saturates; out/load has the figures (ARGS="--workload tiny --shape soak")
	$(BIN)/python -m load $(ARGS)

check: lint types check-proto ## Check format, lint, types, generated code and the proto contract

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format
	$(BIN)/buf format --write

lint: $(VENV)/.dev ## Check format and lint
	$(BIN)/ruff format --check
	$(BIN)/ruff check

types: $(VENV)/.dev ## Check types (strict on the client)
	$(BIN)/pyright

proto: $(VENV)/.dev ## Generate the Python code of the proto
	$(BIN)/python -m grpc_tools.protoc --proto_path=protos --python_out=clients/python --pyi_out=clients/python $(PROTO)
	$(BIN)/python -m grpc_tools.protoc --proto_path=protos --descriptor_set_out=$(INFERENCE_DESCRIPTOR) $(INFERENCE_PROTO)

check-proto: $(VENV)/.dev ## Lint the proto, hold it against the baseline, and check the generated code
	$(BIN)/buf format --diff --exit-code
	$(BIN)/buf lint
	$(BIN)/buf breaking --against $(BASELINE)
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT \
	&& $(BIN)/python -m grpc_tools.protoc --proto_path=protos --python_out=$$fresh --pyi_out=$$fresh $(PROTO) \
	&& diff --recursive --exclude=__init__.py --exclude=__pycache__ $$fresh/lossgrad/v1 clients/python/lossgrad/v1 \
	&& $(BIN)/python -m grpc_tools.protoc --proto_path=protos --descriptor_set_out=$$fresh/inference.binpb $(INFERENCE_PROTO) \
	&& cmp $$fresh/inference.binpb $(INFERENCE_DESCRIPTOR) \
	&& echo "generated code is up to date" \
	|| { echo "generated code differs: run 'make proto' and commit the result" >&2; exit 1; }

proto-baseline: $(VENV)/.dev ## Take today's proto as the contract that later ones must not break (with a release)
	$(BIN)/buf build --exclude-source-info --output $(BASELINE)

clean: ## Remove the environments and what tools left behind
	rm -rf $(ENVIRONMENTS) out dist .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
