# Checks the variables on make's command line before anything starts, and exports them as they were typed. Included by the Makefile,
# which says what each verb knows. Written for GNU make 3.81 and newer: macOS has no other.

# Only from the command line: other programs set variables of these names (WSL sets NAME to the host's).
GIVEN := $(foreach word,$(.VARIABLES),$(if $(filter command%,$(origin $(word))),$(word)))
GOALS := $(or $(MAKECMDGOALS),$(.DEFAULT_GOAL))

known := $(sort $(foreach goal,$(GOALS),$(WORDS_$(goal))))
unknown := $(filter-out $(known) $(ENVIRONMENT),$(GIVEN))
ifneq ($(unknown),)
$(error make $(GOALS) does not know $(unknown:%=%=); it knows $(or $(known:%=%=),no variable))
endif

# As they were typed: make would read what comes after a $ as a variable of its own.
$(foreach word,$(GIVEN),$(eval override $(word) := $$(value $(word))))
$(foreach word,$(filter-out $(STACK_WORDS),$(GIVEN)),$(eval export $(word)))

# Which stack: dev; ENV=prod, one that has a tracked file; NAME=alice, a copy of dev.
given = $(if $(filter $1,$(GIVEN)),$($1))
environments := $(filter-out %.local,$(patsubst Pulumi.%.yaml,%,$(sort $(wildcard Pulumi.*.yaml))))

ifneq ($(call given,ENV),)
ifneq ($(words $(ENV)) $(filter $(ENV),$(environments)),1 $(ENV))
$(error ENV=$(ENV): there is no such environment; there are $(environments). A copy of dev is NAME=alice)
endif
ifneq ($(and $(filter dev,$(GOALS)),$(filter-out dev,$(ENV))),)
$(error make dev is for dev and its copies; `make up ENV=$(ENV)` brings $(ENV) up)
endif
endif

# The rule for names of components, because a copy's name is also in the names of containers, networks, volumes and images.
letters := a b c d e f g h i j k l m n o p q r s t u v w x y z
characters := $(letters) 0 1 2 3 4 5 6 7 8 9 -
without = $(if $1,$(call without,$(wordlist 2,99,$1),$(subst $(firstword $1),,$2)),$2)
apart = $(if $1,$(call apart,$(wordlist 2,99,$1),$(subst $(firstword $1),$(firstword $1) ,$2)),$2)
bad_name = $(call without,$(characters),$1)$(word 41,$(call apart,$(characters),$1))$(if $(filter $(letters:%=%%),$1),,x)$(filter $(environments),$1)

ifneq ($(call given,NAME),)
ifneq ($(filter-out dev,$(call given,ENV)),)
$(error NAME=$(NAME) is a copy of dev, and cannot be one of $(ENV): leave ENV=$(ENV) out, or NAME=$(NAME))
endif
ifneq ($(call bad_name,$(NAME)),)
$(error NAME=$(NAME): should be 1 to 40 of a-z, 0-9 and -, a letter first, and none of $(environments))
endif
endif

export PULUMI_STACK := $(or $(call given,NAME),$(call given,ENV),$(PULUMI_STACK),dev)
