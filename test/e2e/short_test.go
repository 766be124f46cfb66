package e2e_test

import (
	"testing"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// TestShort is the way of a platform in short: the sample gets available, a client does what it does in test/clients, a pod
// goes while messages flow, and the platform is deleted. The other tests have all of it at length.
func TestShort(t *testing.T) {
	p := newPlatform(t, func(spec *v1alpha1.ChatClusterSpec) { spec.Gateway.Shards = 2 })
	p.clients("^TestElsewhere$/^discordgo$")
	flow := startTraffic(t, p)
	flow.flows(p)
	flow.survives(p, fault{name: "a gateway pod is deleted", do: func() { p.deletePod(p.pods("gateway")[0]) }, polite: true})
	flow.finish(p)
	flow.leave()
	p.delete()
}
