// Command pulumi-resource-random serves the resources of @pulumi/random, bridged from the upstream random provider. It is
// for sites that reach package registries but not Pulumi's download site.
package main

import (
	"context"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	base "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"

	"github.com/terraform-providers/terraform-provider-random/internal/provider"
)

const version = "4.21.2"

func main() {
	info := base.ProviderInfo{
		P:       tfbridge.ShimProvider(provider.New()),
		Name:    "random",
		Version: version,
		// The framework bridge wants it; there is nothing to remember between versions.
		MetadataInfo: base.NewProviderMetadata([]byte("{}")),
		// No resource of the later upstream versions than the ones that Stackyard uses is mapped.
		IgnoreMappings: []string{"random_bytes", "random_uuid4", "random_uuid7"},
	}
	info.MustComputeTokens(tokens.SingleModule("random_", "index", func(module, name string) (string, error) {
		token, err := tokens.MakeStandard("random")(module, "Random"+name)
		return string(token), err
	}))
	tfbridge.Main(context.Background(), "random", info, tfbridge.ProviderMetadata{
		PackageSchema: []byte(`{"name":"random","version":"` + version + `"}`),
	})
}
