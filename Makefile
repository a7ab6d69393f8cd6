# gke-preflight. `make help` lists the targets.

GO    ?= go
ALL := ./testdata/controlplane/... ./testdata/browser ./testdata/addons ./...
# Vetted before, all of it.
TEST := $(GO) test -vet=off
# Only these start goroutines; that findings, forecasts and pages don't share what they
# change is held by TestCases, which judges each case twice at once.
RACED := ./gke/... ./testdata/controlplane/dial ./testdata/controlplane/backends
# These hold foretold seconds against real ones, and mostly wait: beside them runs what
# only computes, and gives way to them.
TIMED := ./testdata/controlplane/proof
STAGED = $(shell $(GO) list ./testdata/controlplane/... | grep -v -e /dial$$ -e /backends$$ -e /proof$$ -e /starts$$)
# One waits for minutes, and test-addons runs it; one fetches a gigabyte of modules, and
# addons does.
LONG := ^Test(Starts|Reproducible)$$
# These run the program hundreds of times, which the race detector makes ten times as
# slow; what runs side by side in it is tested beside them.
SPAWN := ^Test(Manual|Examples|Scripts|Remedies|Pipelines|Reports|Fleet|Action|ActionInPipeline|Pasted|Plans|Untold|KeepsTheNewest|GateBetweenPools|ProgramIsSmall)$$
BESIDE := nice -n 10
ASIDE := nice -n 19
# What go vet runs beside its own passes.
VET := $(CURDIR)/bin/vet

# gRPC's traces are shown by text/template, which looks up methods by name: the linker
# then keeps all of them, which is a third of the program.
export GOFLAGS += -tags=grpcnotrace
# Compiling spends a fifth of its time on collecting garbage.
test controlplane controlplane-all terraform: export GOGC ?= 400
build: export GOGC ?= off
build: export GOMEMLIMIT ?= 1GiB

.PHONY: help build demo lab test test-timed test-staged test-computed test-pure controlplane controlplane-all terraform newest minor earlier-patch catalogue pages test-minor removals map addons record-addons record test-addons test-endpoints test-restarts test-rehearse test-matrix test-scale test-release bench pictures fuzz release-snapshot

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# What only a debugger reads is a tenth of the work, and stripped afterwards.
build: ## build bin/gke-preflight
	@$(GO) build -trimpath -gcflags=all=-dwarf=false -ldflags="-s -w" -o bin/gke-preflight ./cmd/gke-preflight

demo: build ## the verdict on a recording of the incident, and what its exit code means
	@bin/gke-preflight demo

lab: build controlplane ## a real control plane with the incident in it, until interrupted
	@$(GO) build -o bin/lab ./testdata/controlplane/lab
	@bin/lab

test: controlplane ## everything that must hold, on a real control plane too
	@$(GO) vet $(ALL)
	@$(GO) -C testdata/nightly vet ./...
	@$(GO) -C testdata/map vet ./...
	@$(GO) -C testdata/vet build -o $(VET) .
	@$(GO) vet -vettool=$(VET) $(ALL)
	@$(MAKE) -s -j 3 test-timed test-staged test-computed

test-timed:
	@$(TEST) -timeout 15m -parallel 12 $(TIMED)

# On real control planes: half of the time they wait.
test-staged: test-timed
	@$(BESIDE) $(TEST) -race -timeout 15m -p 3 -parallel 6 $(RACED)
	@$(BESIDE) $(TEST) -timeout 15m -p 3 -parallel 6 -skip '$(LONG)' $(STAGED)

test-computed:
	@$(ASIDE) $(TEST) -race -run '^TestCases$$' ./checks
	@$(ASIDE) $(TEST) -race -skip '$(SPAWN)' ./cmd/gke-preflight
	@$(ASIDE) $(TEST) -p 3 -skip '$(LONG)' ./cmd/gke-preflight ./checks/... ./preflight/... ./docs/... ./testdata/addons
	@$(ASIDE) $(TEST) ./testdata/browser
	@$(ASIDE) $(GO) -C testdata/nightly test -vet=off ./...

MATRIX = GKE_PREFLIGHT_MINORS=all $(GO) test
test-matrix: controlplane-all ## upgrade every pair of minors under every fault, and write docs/accuracy.md
	@$(GO) run ./testdata/controlplane/matrix
	@$(GO) test ./testdata/controlplane/matrix
	@$(MATRIX) -timeout 15m -parallel 2 -run TestTwoStepUpgrade ./testdata/controlplane/catalogue
	@$(MATRIX) -timeout 15m -parallel 5 -run 'TestPlanComesTrue|TestRecordIsReproducible' ./testdata/controlplane/catalogue
	@$(MATRIX) -timeout 25m -parallel 7 ./testdata/controlplane/faults
	@$(MATRIX) -timeout 15m -parallel 3 -run TestCures ./testdata/controlplane/proof
	@$(MATRIX) ./testdata/controlplane/sources

# 150 upgrades, most of which wait: an hour and a half on two cores of their own.
test-endpoints: controlplane-all ## upgrade with k of n bad Pods behind a webhook, five times each
	@$(GO) test -count 1 -timeout 4h -parallel 4 -v -run TestEndpoints ./testdata/controlplane/starts

test-restarts: controlplane ## start replicas that are late under a kubelet with the liveness probe of GCE's manifest
	@$(GO) test -count 1 -timeout 30m -v -run TestRestarts ./testdata/controlplane/starts

test-rehearse: controlplane-all ## rehearse every recording, and hold that against its forecast
	@$(MATRIX) -count 1 -timeout 60m -parallel 3 -v -run 'TestRecordings|TestDraw|TestCustomParams|TestNewKind|TestOldestMinor|TestLargeCluster' ./gke/rehearse

terraform: controlplane ## build OpenTofu, and let it plan upgrades of clusters that are ready and that are not
	@$(GO) run ./testdata/controlplane/build -tofu
	@$(GO) vet ./testdata/terraform
	@$(GO) -C testdata/terraform/external build -ldflags="-s -w" -o /dev/null github.com/terraform-providers/terraform-provider-external
	@$(GO) test -count 1 ./testdata/terraform

test-pure: ## the tests that need no control plane
	@$(GO) test -skip '$(LONG)' ./preflight/... ./checks/... ./docs/... ./testdata/addons

controlplane: ## build etcd, the newest two kube-apiservers and OPA into the user's cache
	@$(GO) run ./testdata/controlplane/build

controlplane-all: ## build kube-apiserver of every minor, too
	@$(GO) run ./testdata/controlplane/build -all

newest: ## say which minors and patches of Kubernetes the catalogue lacks, and what to run
	@$(GO) run ./testdata/controlplane/newest

minor: ## add a minor, or move one to another patch: make minor VERSION=1.38.0
	@$(GO) run ./testdata/controlplane/minor $(VERSION)
	@$(GO) run ./testdata/controlplane/build -only $(VERSION)
	@$(GO) run ./testdata/controlplane/catalogue -only $(VERSION)
	@$(MAKE) -s pages removals

# An earlier patch is kept beside that of its minor, to tell what changed between them.
earlier-patch: ## keep an earlier patch of a minor on record, too: make earlier-patch VERSION=1.36.1
	@$(GO) run ./testdata/controlplane/minor -earlier $(VERSION)
	@$(GO) run ./testdata/controlplane/build -only $(VERSION)
	@$(GO) run ./testdata/controlplane/catalogue -only $(VERSION)

catalogue: controlplane-all ## regenerate what each minor writes at start-up, from its audit log
	@$(GO) run ./testdata/controlplane/catalogue
	@$(MAKE) -s pages

pages:
	@$(GO) test -run 'TestHops|TestHooksPage|TestMapPages|TestAddonsPage' ./preflight/bootstrap ./docs -update > /dev/null
	@$(GO) test -run TestSchemaFile ./preflight/policy -update > /dev/null

test-minor: controlplane ## take the newest minor out and add it again: what comes out is what is committed
	@$(MATRIX) -count 1 -timeout 30m -run TestNewestAgain ./testdata/controlplane/minor

removals: ## regenerate which API is removed when, from the published modules
	@$(GO) run ./testdata/controlplane/removals

# What is no Go module is read from checkouts: CHECKOUTS=DIR, each in DIR/OWNER/NAME.
map: ## render every add-on of the map as its makers ship it, and judge it anew
	@$(GO) -C testdata/map build -o $(CURDIR)/bin/map .
	@bin/map -checkouts "$(CHECKOUTS)"
	@bin/map -healthy -checkouts "$(CHECKOUTS)"
	@$(MAKE) -s pages

# Starts that webhooks hold up by 10 s a write exit after minutes.
test-addons: controlplane ## upgrade past the add-ons that endanger a start, and watch that to its end
	@$(GO) test -count 1 -timeout 30m -v -run '^TestStarts$$' ./testdata/controlplane/addons

# Programs of add-ons are built from their modules, Kyverno's in minutes, into the user's
# cache; cert-manager's main packages are in no module: CHECKOUTS=DIR as above.
record-addons: build controlplane ## run add-ons of the map for real, and record what they register
	@$(GO) -C testdata/map build -o $(CURDIR)/bin/map .
	@bin/map -render bin/addons
	@$(GO) run ./testdata/controlplane/addons/record -checkouts "$(CHECKOUTS)" bin/addons

addons: ## read anew which minors the makers of add-ons list, and when their releases end
	@$(GO) run ./testdata/addons -checkouts "$(CHECKOUTS)"
	@$(GO) test -count 1 ./testdata/addons
	@$(MAKE) -s pages

record: build controlplane ## record the incident anew, for the demo and the tests
	@$(GO) run ./testdata/controlplane/record

test-scale: controlplane ## of 5,000 nodes and 50,000 pods on a real API server exactly the bad ones are named
	@$(GO) test -count 1 -timeout 30m -v -run TestFewBad ./testdata/controlplane/bench -nodes 5000 -pods 50000

bench: controlplane ## collection and probing against what they can't be faster than, and a few bad among 50,000
	@$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 30m ./testdata/controlplane/bench ./testdata/controlplane/backends
	@$(GO) test -run '^$$' -bench Fleet -benchtime 1x ./cmd/gke-preflight

FUZZTIME ?= 30s
pictures: ## the HTML report on a phone, a screen and paper, light and dark, into bin/pictures
	@mkdir -p bin/pictures
	@$(GO) test -count 1 ./testdata/browser -pictures $(CURDIR)/bin/pictures

GORELEASER := github.com/goreleaser/goreleaser/v2@v2.15.4
release-snapshot: ## archives for every system, SBOMs, checksums, krew manifest and formula into dist/
	@GOFLAGS= $(GO) run $(GORELEASER) release --snapshot --clean

test-release: ## make a release of the last commit, and install it by krew, by Homebrew and as an image
	@GOFLAGS= GORELEASER=$(GORELEASER) $(GO) -C testdata/release test -count 1 -timeout 60m ./...

fuzz: ## every parser, for FUZZTIME each
	@for p in $$($(GO) list -f '{{.Dir}}' ./...); do \
	  for f in $$(grep -hoE '^func Fuzz[A-Za-z]+' $$p/*_test.go 2>/dev/null | cut -c6-); do \
	    $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; done; done
