# Hands what is typed on make's command line (`make logs s=api follow=1`) to the command-line program as arguments (`api --follow`),
# in ARGUMENTS. Written for GNU make 3.81 and newer: macOS has no other.

# Only from the command line: other programs set variables of these names (WSL sets NAME to the host's).
GIVEN := $(foreach word,$(.VARIABLES),$(if $(filter command%,$(origin $(word))),$(word)))
GOALS := $(or $(MAKECMDGOALS),$(.DEFAULT_GOAL))
WORDS := $(filter-out $(ENVIRONMENT),$(GIVEN))

# What a verb of the program does not know, it refuses itself.
unknown := $(filter-out $(foreach goal,$(GOALS),$(WORDS_$(goal))),$(WORDS))
ifneq ($(and $(filter $(DEVELOPING),$(GOALS)),$(unknown)),)
$(error make $(GOALS) does not know $(unknown:%=%=); it knows $(or $(foreach goal,$(GOALS),$(WORDS_$(goal):%=%=)),no variable))
endif

# As they were typed: make would read what comes after a $ as a variable of its own. Each is handed on in the environment, because a
# shell would read it, too.
$(foreach word,$(GIVEN),$(eval override $(word) := $$(value $(word))))
$(foreach word,$(filter $(ENVIRONMENT),$(GIVEN)),$(eval export $(word)))
$(foreach word,$(WORDS),$(eval export STACKYARD_WORD_$(subst -,_,$(word)) := $$(value $(word))))

# The same as in components/engines/command-line.ts, which a test compares.
NAMES := s only
SWITCHES := wait fresh follow json YES REFRESH readme
FLAG_NAME := name
FLAG_ENV := env
FLAG_STACK := program
FLAG_DISCARD := discard
FLAG_YES := yes
FLAG_REFRESH := refresh
FLAG_c := command
FLAG_ARGS := command
flag = --$(or $(FLAG_$1),$1)
typed = "$$STACKYARD_WORD_$(subst -,_,$1)"
argument = $(if $(filter $(NAMES),$1),$(typed),$(if $(filter $(SWITCHES),$1),$(if $(filter 1,$($1)),$(flag)),$(flag)=$(typed)))
ARGUMENTS = $(foreach word,$(WORDS),$(if $($(word)),$(call argument,$(word))))
