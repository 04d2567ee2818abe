SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Makes the machine ready, says nothing when it is, then runs the command.
WITH := ./infra/setup/with.sh
# The same for what needs neither an engine nor Pulumi, nor a state.
STATIC := STACKYARD_STEPS="node packages" $(WITH)
# The command-line program, which makes the machine ready for each of its verbs.
STACKYARD := $(STATIC) node cli/stackyard.ts

# What is for working on Stackyard itself, and not a verb of that program.
DEVELOPING := test unit e2e bench soak format lint types package help
WORDS_bench := pairs
WORDS_soak := seconds rate
# What the programs behind the verbs read of the environment may be given here as well.
ENVIRONMENT := DOCKER_% BUILDX_% BUILDKIT_% PULUMI_% STACKYARD_% NODE_% XDG_% SSL_CERT_FILE NO_COLOR FORCE_COLOR %_PROXY %_proxy

include infra/setup/given.mk

dev: ## Bring the dev environment up, and mend what is not as it should be (only=a,b show=resources fresh=1)
	@$(STACKYARD) $@ $(ARGUMENTS)

up: ## Bring an environment up: ENV=prod (only=a,b show=resources fresh=1)
	@$(STACKYARD) $@ $(ARGUMENTS)

down: ## Remove containers and networks; keep data, passwords and finished jobs (show=resources)
	@$(STACKYARD) $@ $(ARGUMENTS)

stop: ## Stop services; they stay stopped until they are started or brought up again (s=NAME wait=1)
	@$(STACKYARD) $@ $(ARGUMENTS)

start: ## Start services that were stopped, and wait until they are ready (s=NAME wait=1)
	@$(STACKYARD) $@ $(ARGUMENTS)

restart: ## Stop services, each with its own grace, start them again, and wait until they are ready (s=NAME wait=1)
	@$(STACKYARD) $@ $(ARGUMENTS)

scale: ## Set how many of a service run, in this clone, and bring the environment up: s=NAME=NUMBER (show=resources)
	@$(STACKYARD) $@ $(ARGUMENTS)

clean: ## Remove everything, data too: asks first (YES=1 for scripts; what is protected: DISCARD=NAME,NAME; show=resources)
	@$(STACKYARD) $@ $(ARGUMENTS)

rebuild: ## A clean slate and a new start: asks first, as clean does (YES=1 only=a,b show=resources fresh=1)
	@$(STACKYARD) $@ $(ARGUMENTS)

preview: ## Show what `up` would do (only=a,b REFRESH=1)
	@$(STACKYARD) $@ $(ARGUMENTS)

graph: ## Draw what refers to what, and how it is: format=svg|mermaid|text file=NAME json=1 (readme=1: docs/graph.svg)
	@$(STACKYARD) $@ $(ARGUMENTS)

timeline: ## Draw where the time of the last `up` went: format=svg|text file=NAME
	@$(STACKYARD) $@ $(ARGUMENTS)

ps: ## List services and jobs (json=1)
	@$(STACKYARD) $@ $(ARGUMENTS)

logs: ## Show logs: s=NAME follow=1 tail=N since=10m (json=1)
	@$(STACKYARD) $@ $(ARGUMENTS)

build: ## Build images of this stack anew, from nothing that was kept of earlier builds (s=NAME show=resources)
	@$(STACKYARD) $@ $(ARGUMENTS)

job: ## Run a job again, on purpose: s=NAME (show=resources)
	@$(STACKYARD) $@ $(ARGUMENTS)

run: ## Run a command in a container of its own, made as a service's is: s=NAME c=COMMAND
	@$(STACKYARD) $@ $(ARGUMENTS)

shell: ## Open a shell in a container, or run a command in it: s=NAME (c=COMMAND runs one)
	@$(STACKYARD) $@ $(ARGUMENTS)

psql redis-cli cypher mc: ## Open a database's own client, signed in (s=NAME; c=COMMAND runs one)
	@$(STACKYARD) $@ $(ARGUMENTS)

config: ## Show the settings in force and where each comes from (show=secrets, json=1)
	@$(STACKYARD) $@ $(ARGUMENTS)

doctor: ## Look for what is wrong, and say what to do (json=1)
	@$(STACKYARD) $@ $(ARGUMENTS)

env: ## Write .env with the URLs of what is published (file=NAME)
	@$(STACKYARD) $@ $(ARGUMENTS)

adopt: ## Take over the state of a clone that was moved or deleted: from=FOLDER, as `make dev` and `make doctor` name it (wait=1)
	@$(STACKYARD) $@ $(ARGUMENTS)

prune: ## Remove images and stopped leftovers of Stackyard that nothing uses: asks first (match=TEXT hours=1 YES=1 wait=1)
	@$(STACKYARD) $@ $(ARGUMENTS)

lock: ## Refresh the images' digests in images.lock.json (mirror=HOST)
	@$(STACKYARD) $@ $(ARGUMENTS)

images: ## Build the images that come from package registries
	@$(STACKYARD) $@ $(ARGUMENTS)

pulumi: ## Run the right pulumi: ARGS="preview -s dev"
	@$(STACKYARD) $@ $(ARGUMENTS)

shellenv: ## Print the environment for plain pulumi: eval "$$(make -s shellenv)"
	@$(STACKYARD) $@ $(ARGUMENTS)

setup: ## Make this machine ready, and look again where images come from
	@$(STACKYARD) $@ $(ARGUMENTS)

test: ## Run everything: format, lint, types, unit tests, end-to-end tests
	@$(WITH) node tests/run.ts

unit: ## Run the unit tests
	@$(STATIC) node tests/run.ts unit

e2e: ## Run the end-to-end tests
	@$(WITH) node tests/run.ts e2e

bench: ## Measure `up` beside docker compose and beside an empty program (pairs=5)
	@pairs="$$STACKYARD_WORD_pairs" $(WITH) node tests/bench/bench.ts

soak: ## Measure what releases cost those who use the web stack meanwhile: minutes (seconds=60 at rest, rate=40 a second)
	@seconds="$$STACKYARD_WORD_seconds" rate="$$STACKYARD_WORD_rate" $(WITH) node tests/soak/soak.ts

format: ## Format the sources
	@$(STATIC) node_modules/.bin/biome check --write .

lint types: ## Check one thing only
	@$(STATIC) node tests/run.ts $@

package: ## Make the package's file, stackyard-VERSION.tgz
	@$(STATIC) npm pack --silent

help: ## Show this
	@awk -F ':.*## ' '/^[a-z0-9 -]+:.*## / { gsub(/[$$][$$]/, "$$", $$2); printf "  %-24s  %s\n", $$1, $$2 }' Makefile
	@printf '\n  %s\n' 'All that is for one stack: ENV=prod, NAME=alice for a copy of dev beside it with data of its own, STACK=NAME for another program of stacks/.'
	@printf '  %s\n' 'All that changes one: wait=1 waits for another run to end, DISCARD=NAME,NAME lets the data of these go.'
	@printf '  %s\n' 'Each is a verb of the command `stackyard`, and says more there: ./infra/setup/with.sh node cli/stackyard.ts logs --help'

.PHONY: dev up down stop start restart scale clean rebuild preview graph timeline ps logs build job run shell psql redis-cli cypher mc config doctor env adopt prune lock images pulumi shellenv setup test unit e2e bench soak format lint types package help
