import * as docker from "@pulumi/docker";
import * as random from "@pulumi/random";

// One provider of each kind, so that both plugins are loaded; and nothing else.
new docker.Provider("docker", {});
new random.Provider("random", {});
