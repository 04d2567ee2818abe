SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Makes the machine ready, says nothing when it is, then runs the command.
WITH := ./infra/setup/with.sh
# Another copy beside dev: NAME=alice. Another environment: ENV=prod.
# On make's command line only: other programs set variables of these names (WSL sets NAME to the host's).
given = $(if $(filter command%,$(origin $1)),$($1))
export PULUMI_STACK := $(or $(call given,NAME),$(call given,ENV),$(PULUMI_STACK),dev)
export s c file show only follow since tail json mirror pairs match hours format readme DISCARD YES REFRESH

dev: ## Bring the dev environment up, and mend what is not as it should be (only=a,b show=resources)
	@$(WITH) node --import ./infra/lean.mjs cli/up.ts

up: ## Bring an environment up: ENV=prod
	@$(WITH) node --import ./infra/lean.mjs cli/up.ts

down: ## Remove containers and networks; keep data, passwords and finished jobs
	@$(WITH) node cli/down.ts

prune: ## Remove images and stopped leftovers of Stackyard that nothing uses: asks first (match=TEXT hours=1)
	@$(WITH) node cli/prune.ts

clean: ## Remove everything, data too: asks first (YES=1 for scripts)
	@$(WITH) node cli/clean.ts

preview: ## Show what `up` would do
	@$(WITH) node cli/preview.ts

graph: ## Draw what refers to what, and how it is: format=svg|mermaid|text file=NAME json=1
	@STACKYARD_STEPS="node packages" $(WITH) node --import ./infra/lean.mjs cli/graph.ts

timeline: ## Draw where the time of the last `up` went: format=svg|text file=NAME
	@STACKYARD_STEPS="node packages" $(WITH) node cli/timeline.ts

ps: ## List services and jobs (json=1)
	@$(WITH) node cli/ps.ts

logs: ## Show logs: s=NAME follow=1 tail=N since=10m (json=1)
	@$(WITH) node cli/logs.ts

restart: ## Stop services in order, start them again, wait until they are ready (s=NAME)
	@$(WITH) node cli/restart.ts

rebuild: ## Build images of this stack anew, from nothing that was kept of earlier builds (s=NAME)
	@$(WITH) node cli/rebuild.ts

job: ## Run a job again, on purpose: s=NAME
	@$(WITH) node cli/job.ts

shell: ## Open a shell in a container: s=NAME
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
	@$(WITH) pulumi $(ARGS)

shellenv: ## Print the environment for plain pulumi: eval "$$(make -s shellenv)"
	@./infra/setup/setup.sh node packages pulumi state >&2 && ./infra/setup/shellenv.sh

setup: ## Make this machine ready, and look again where images come from
	@STACKYARD_DECIDE=1 ./infra/setup/setup.sh

test: ## Run everything: format, lint, types, unit tests, end-to-end tests
	@$(WITH) node tests/run.ts

unit: ## Run the unit tests
	@$(WITH) node tests/run.ts unit

e2e: ## Run the end-to-end tests
	@$(WITH) node tests/run.ts e2e

bench: ## Measure `up` beside docker compose and beside an empty program (pairs=5)
	@$(WITH) node tests/bench/bench.ts

format: ## Format the sources
	@$(WITH) npx --no-install biome check --write .

lint types: ## Check one thing only
	@$(WITH) node tests/run.ts $@

help: ## Show this
	@awk -F ':.*## ' '/^[a-z0-9 -]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: dev up down prune clean preview ps graph timeline logs restart rebuild job shell psql redis-cli cypher mc config doctor env lock images pulumi shellenv setup test unit e2e bench format lint types help
