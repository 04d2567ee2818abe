SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Makes the machine ready, says nothing when it is, then runs the command.
WITH := ./infra/setup/with.sh
# The same for what needs neither an engine nor Pulumi, nor a state.
STATIC := STACKYARD_STEPS="node packages" $(WITH)
# What is typed, for whom another run holds off.
export STACKYARD_VERB = $@

# What each verb may be given on make's command line. All that are for one stack: NAME=alice, ENV=prod.
STACK_WORDS := NAME ENV
# All that change one: wait=1 waits for another run, DISCARD=a,b lets data go.
CHANGE_WORDS := $(STACK_WORDS) wait DISCARD
WORDS_dev := $(CHANGE_WORDS) only show fresh
WORDS_up := $(WORDS_dev)
WORDS_down := $(CHANGE_WORDS) show
WORDS_adopt := wait from
WORDS_prune := wait match hours YES
WORDS_clean := $(CHANGE_WORDS) YES show
WORDS_rebuild := $(CHANGE_WORDS) YES only show fresh
WORDS_preview := $(STACK_WORDS) wait only DISCARD REFRESH
WORDS_graph := $(STACK_WORDS) format file json readme
WORDS_timeline := $(STACK_WORDS) format file
WORDS_ps := $(STACK_WORDS) json
WORDS_logs := $(STACK_WORDS) s follow tail since json
WORDS_restart := $(STACK_WORDS) wait s
WORDS_build := $(CHANGE_WORDS) s show
WORDS_job := $(CHANGE_WORDS) s show
WORDS_shell := $(STACK_WORDS) s c
WORDS_psql := $(WORDS_shell)
WORDS_redis-cli := $(WORDS_shell)
WORDS_cypher := $(WORDS_shell)
WORDS_mc := $(WORDS_shell)
WORDS_config := $(STACK_WORDS) show json
WORDS_doctor := $(STACK_WORDS) json
WORDS_env := $(STACK_WORDS) file
WORDS_lock := mirror
WORDS_pulumi := $(CHANGE_WORDS) ARGS
WORDS_shellenv := $(STACK_WORDS)
WORDS_bench := pairs
# What the programs behind the verbs read of the environment may be given here as well.
ENVIRONMENT := DOCKER_% BUILDX_% BUILDKIT_% PULUMI_% STACKYARD_% NODE_% XDG_% SSL_CERT_FILE NO_COLOR FORCE_COLOR %_PROXY %_proxy

include infra/setup/given.mk

dev: ## Bring the dev environment up, and mend what is not as it should be (only=a,b show=resources fresh=1)
	@$(WITH) node --import ./infra/lean.mjs cli/up.ts

up: ## Bring an environment up: ENV=prod (only=a,b show=resources fresh=1)
	@$(WITH) node --import ./infra/lean.mjs cli/up.ts

down: ## Remove containers and networks; keep data, passwords and finished jobs (show=resources)
	@$(WITH) node cli/down.ts

adopt: ## Take over the state of a clone that was moved or deleted: from=FOLDER, as `make dev` and `make doctor` name it (wait=1)
	@$(WITH) node cli/adopt.ts

prune: ## Remove images and stopped leftovers of Stackyard that nothing uses: asks first (match=TEXT hours=1 YES=1 wait=1)
	@$(WITH) node cli/prune.ts

clean: ## Remove everything, data too: asks first (YES=1 for scripts; what is protected: DISCARD=NAME,NAME; show=resources)
	@$(WITH) node cli/clean.ts

rebuild: ## A clean slate and a new start: asks first, as clean does (YES=1 only=a,b show=resources fresh=1)
	@$(WITH) node --import ./infra/lean.mjs cli/rebuild.ts

preview: ## Show what `up` would do (only=a,b DISCARD=a,b REFRESH=1 wait=1)
	@$(WITH) node cli/preview.ts

graph: ## Draw what refers to what, and how it is: format=svg|mermaid|text file=NAME json=1 (readme=1: docs/graph.svg)
	@$(STATIC) node --import ./infra/lean.mjs cli/graph.ts

timeline: ## Draw where the time of the last `up` went: format=svg|text file=NAME
	@$(STATIC) node cli/timeline.ts

ps: ## List services and jobs (json=1)
	@$(WITH) node cli/ps.ts

logs: ## Show logs: s=NAME follow=1 tail=N since=10m (json=1)
	@$(WITH) node cli/logs.ts

restart: ## Stop services in order, start them again, wait until they are ready (s=NAME wait=1)
	@$(WITH) node cli/restart.ts

build: ## Build images of this stack anew, from nothing that was kept of earlier builds (s=NAME show=resources)
	@$(WITH) node cli/build.ts

job: ## Run a job again, on purpose: s=NAME (show=resources)
	@$(WITH) node --import ./infra/lean.mjs cli/job.ts

shell: ## Open a shell in a container: s=NAME (c=COMMAND runs one)
	@$(WITH) node cli/open.ts shell

psql redis-cli cypher mc: ## Open a database's own client, signed in (s=NAME; c=COMMAND runs one)
	@$(WITH) node cli/open.ts $@

config: ## Show the settings in force and where each comes from (show=secrets, json=1)
	@$(WITH) node --import ./infra/lean.mjs cli/config.ts

doctor: ## Look for what is wrong, and say what to do (json=1)
	@$(WITH) node --import ./infra/lean.mjs cli/doctor.ts

env: ## Write .env with the URLs of what is published (file=NAME)
	@$(WITH) node cli/env.ts

lock: ## Refresh the images' digests in images.lock.json (mirror=HOST)
	@$(WITH) node cli/lock.ts

images: ## Build the images that come from package registries
	@$(WITH) node infra/airgap/images/build.ts

pulumi: ## Run the right pulumi: ARGS="preview -s dev"
	@$(WITH) node cli/pulumi.ts

shellenv: ## Print the environment for plain pulumi: eval "$$(make -s shellenv)"
	@./infra/setup/setup.sh node packages pulumi state >&2 && ./infra/setup/shellenv.sh

setup: ## Make this machine ready, and look again where images come from
	@STACKYARD_DECIDE=1 ./infra/setup/setup.sh

test: ## Run everything: format, lint, types, unit tests, end-to-end tests
	@$(WITH) node tests/run.ts

unit: ## Run the unit tests
	@$(STATIC) node tests/run.ts unit

e2e: ## Run the end-to-end tests
	@$(WITH) node tests/run.ts e2e

bench: ## Measure `up` beside docker compose and beside an empty program (pairs=5)
	@$(WITH) node tests/bench/bench.ts

format: ## Format the sources
	@$(STATIC) node_modules/.bin/biome check --write .

lint types: ## Check one thing only
	@$(STATIC) node tests/run.ts $@

help: ## Show this
	@awk -F ':.*## ' '/^[a-z0-9 -]+:.*## / { gsub(/[$$][$$]/, "$$", $$2); printf "  %-24s  %s\n", $$1, $$2 }' Makefile
	@printf '\n  %s\n' 'All that is for one stack: ENV=NAME, of $(environments), and NAME=alice for a copy of dev beside it with data of its own.'
	@printf '  %s\n' 'All that changes one: wait=1 waits for another run to end, DISCARD=NAME,NAME lets the data of these go.'

.PHONY: dev up down adopt prune clean preview ps graph timeline logs restart build rebuild job shell psql redis-cli cypher mc config doctor env lock images pulumi shellenv setup test unit e2e bench format lint types help
