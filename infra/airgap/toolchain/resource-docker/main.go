// Command pulumi-resource-docker serves the resources of @pulumi/docker 5.2.0 that Stackyard uses, bridged from the
// upstream Docker provider. It is for sites that reach package registries but not Pulumi's download site.
// Not part of it: the native docker.Image resource and the daemon check of the published plugin.
package main

import (
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

const version = "5.2.0"

func token(name string) tokens.Type {
	module := string(name[0]|0x20) + name[1:]
	return tokens.Type("docker:index/" + module + ":" + name)
}

func function(name string) tokens.ModuleMember {
	return tokens.ModuleMember("docker:index/" + name + ":" + name)
}

func info() tfbridge.ProviderInfo {
	resource := func(name string) *tfbridge.ResourceInfo { return &tfbridge.ResourceInfo{Tok: token(name)} }
	container := resource("Container")
	container.DeleteBeforeReplace = true
	container.Fields = map[string]*tfbridge.SchemaInfo{
		"command":           {Name: "command"},
		"networks_advanced": {Name: "networksAdvanced"},
	}
	p := tfbridge.ProviderInfo{
		P:       shimv2.NewProvider(provider.New(version)()),
		Name:    "docker",
		Version: version,
		Config: map[string]*tfbridge.SchemaInfo{
			"host": {Default: &tfbridge.DefaultInfo{
				EnvVars: []string{"DOCKER_HOST"},
				Value:   "unix:///var/run/docker.sock",
			}},
			"registry_auth": {Name: "registryAuth"},
		},
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_container":      container,
			"docker_image":          resource("RemoteImage"),
			"docker_registry_image": resource("RegistryImage"),
			"docker_network":        resource("Network"),
			"docker_volume":         resource("Volume"),
			"docker_config":         resource("ServiceConfig"),
			"docker_secret":         resource("Secret"),
			"docker_service":        resource("Service"),
			"docker_plugin":         resource("Plugin"),
			"docker_tag":            resource("Tag"),
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"docker_registry_image": {Tok: function("getRegistryImage")},
			"docker_network":        {Tok: function("getNetwork")},
			"docker_logs":           {Tok: function("getLogs")},
		},
		IgnoreMappings: []string{"docker_buildx_builder"},
	}
	p.SetAutonaming(255, "-")
	return p
}

func main() {
	tfbridge.Main("docker", version, info(), []byte(`{"name":"docker","version":"`+version+`"}`))
}
