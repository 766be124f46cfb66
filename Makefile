# make help lists the targets. Variables that a user sets are in the lines of their target.

BIN            ?= bin
SERVICES       := api gateway shard-router
GOLANGCI       := 2.15.0
CACHE          := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/guildhall
GOLANGCI_LINT  := $(CACHE)/golangci-lint-$(GOLANGCI)

# Budgets: past them a run has hung, whatever the machine.
LINT_TIMEOUT   := 15m
UNIT_TIMEOUT   := 20m
SUITES_TIMEOUT := 40m
E2E_TIMEOUT    := 120m
SHORT_TIMEOUT  := 45m

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run build services test tools lint unit suites e2e e2e-short compatibility bench capacity generate image

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: services ## run the platform on http://127.0.0.1:8080 until Ctrl-C (SHARDS=4, GUILDHALL_ADDR=..., GUILDHALL_DATA=...)
	@exec $(BIN)/local run --bin $(BIN) $(if $(SHARDS),--shards $(SHARDS))

build: services ## build the services, the local platform and the operator into bin/
	CGO_ENABLED=0 go build -v -o $(BIN)/ ./operator

# What make run needs: the operator is for Kubernetes, and takes long to build.
services: go
	@echo "building $(SERVICES); the first time takes minutes"
	CGO_ENABLED=0 go build -v -o $(BIN)/ ./hack/local $(SERVICES:%=./%)

test: tools lint unit suites ## run every test: lint, unit tests with the race detector, suites on running platforms, the shortest on Kubernetes
	@if [ "$$(id -u)" = 0 ] && [ -w /sys/fs/cgroup ] && unshare --mount --net true; then $(MAKE) e2e-short KUBECONFIG=; \
	else echo "no end-to-end test: a Kubernetes of our own takes root, cgroups and namespaces"; fi

tools: go # what tests need: PostgreSQL, Redis, a C compiler for the race detector, Node.js and Python for the clients' own decoders, Prometheus
	go run ./hack/local install --tests

lint: go $(GOLANGCI_LINT) ## check the code with go vet and golangci-lint
	go vet ./...
	$(GOLANGCI_LINT) run --allow-parallel-runners --timeout $(LINT_TIMEOUT) ./...

# A file named by the version: another version is another file.
$(GOLANGCI_LINT):
	@echo "building golangci-lint $(GOLANGCI); this takes minutes, once"
	mkdir -p $(CACHE)/new
	GOBIN=$(CACHE)/new GOFLAGS= go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(GOLANGCI)
	mv $(CACHE)/new/golangci-lint $@

unit: go ## run the tests beside the code, with the race detector (UNIT_TIMEOUT a package)
	go test -race -timeout $(UNIT_TIMEOUT) $$(go list ./... | grep -v '/guildhall/test/')

suites: go ## run the suites in test/, each on platforms of its own, one after the other (SUITES_TIMEOUT a suite)
	CGO_ENABLED=0 go test -p 1 -timeout $(SUITES_TIMEOUT) ./test/...

e2e: go ## run the end-to-end tests on a Kubernetes made for them, or on yours (KUBECONFIG=..., E2E=pattern of tests)
	CGO_ENABLED=0 go test -c -o $(abspath $(BIN))/ ./test/e2e ./test/clients
	CGO_ENABLED=0 go build -o $(BIN)/kubernetes ./hack/kubernetes
	cd test/clients && $(abspath $(BIN))/clients.test -test.run '^TestModulesInstall$$' # the cluster's network has no way out
	$(call on-kubernetes,e2e,$(E2E_TIMEOUT),$(if $(E2E),-test.run '$(E2E)',-test.skip '^TestShort$$'))

e2e-short: go ## run the shortest end-to-end test: a platform gets available, is used, loses a pod, is deleted
	CGO_ENABLED=0 go test -c -o $(abspath $(BIN))/ ./test/e2e ./test/clients
	CGO_ENABLED=0 go build -o $(BIN)/kubernetes ./hack/kubernetes
	$(call on-kubernetes,short,$(SHORT_TIMEOUT),-test.run '^TestShort$$')

# Runs the end-to-end tests: name of the cluster that is made for them, budget, flags.
define on-kubernetes
	@set -e; in=; if [ -z "$$KUBECONFIG" ]; then \
		in="$(abspath $(BIN))/kubernetes --name $(1)"; $$in down; trap "$$in down" EXIT; $$in up; in="$$in exec"; \
	fi; cd test/e2e; $$in $(abspath $(BIN))/e2e.test -cluster -test.v -test.timeout $(2) $(3)
endef

compatibility: go ## write docs/compatibility.md as the platform shows it (DISCORD_OPENAPI: Discord's openapi.json)
	CGO_ENABLED=0 go test -count=1 -timeout $(SUITES_TIMEOUT) ./test/conformance/ -update

bench: go ## run the benchmarks, each against its peer in the same run: a table, and JSON lines in bin/bench.jsonl (BENCH=fanout/json,memory ROUNDS=5 DIVIDE=100)
	@mkdir -p $(BIN)
	go run ./hack/bench --json $(BIN)/bench.jsonl $(if $(BENCH),--only $(BENCH)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(DIVIDE),--divide $(DIVIDE))

capacity: go ## measure what things cost on this machine, and size platforms in its cores (docs/capacity.md)
	@mkdir -p $(BIN)
	go run ./hack/bench --json $(BIN)/capacity.jsonl --only cost $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(DIVIDE),--divide $(DIVIDE))
	go run ./hack/capacity size --bench $(BIN)/capacity.jsonl

generate: go ## make the generated code anew
	go generate ./...

image: ## build the container images guildhall and guildhall-postgres (TAG=dev; needs docker, podman or buildah)
	@engine=$$(command -v docker || command -v podman || command -v buildah) \
		|| { echo "make image needs docker, podman or buildah on the PATH"; exit 1; }; \
	$$engine build -t guildhall:$(or $(TAG),dev) . && $$engine build -t guildhall-postgres:$(or $(TAG),dev) --target postgres .

.PHONY: go
go:
	@command -v go >/dev/null || { echo "Guildhall needs Go, the version that go.mod says or later: https://go.dev/dl/"; exit 1; }
