package guilds

import (
	"fmt"
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
)

// settable are the features that a guild can turn on and off itself, with what that needs besides MANAGE_GUILD.
// https://discord.com/developers/docs/resources/guild#guild-object-mutable-guild-features
var settable = map[string]permissions.Set{
	discord.FeatureCommunity:       permissions.Administrator,
	discord.FeatureDiscoverable:    permissions.Administrator,
	discord.FeatureInvitesDisabled: 0,
	"RAID_ALERTS_DISABLED":         0,
}

// applyFeatures sets the features to those sent. What can't be set stays as it is; to ask for it is an error.
func (b *patch) applyFeatures(v *access.Visit, g *discord.Guild) error {
	if b.Features.Set {
		if err := b.setFeatures(v, g); err != nil {
			return err
		}
	}
	community := slices.Contains(g.Features, discord.FeatureCommunity)
	if !community && slices.Contains(g.Features, discord.FeatureDiscoverable) {
		return form.Single("features", "BASE_TYPE_BAD_VALUE", "Only a community can be discoverable.")
	}
	if community && (g.RulesChannelID == nil || g.PublicUpdatesChannelID == nil) {
		return form.Single("features", "BASE_TYPE_BAD_VALUE", "A community needs rules_channel_id and public_updates_channel_id.")
	}
	return nil
}

func (b *patch) setFeatures(v *access.Visit, g *discord.Guild) error {
	present := g.Features
	var p form.Problems
	features := []string{}
	for i, feature := range b.Features.Value {
		if _, ok := settable[feature]; !ok && !slices.Contains(present, feature) {
			p.Add(form.At("features", i), "BASE_TYPE_BAD_VALUE", fmt.Sprintf("%.64q cannot be set.", feature))
		}
		features = append(features, feature)
	}
	if err := p.Err(); err != nil {
		return err
	}
	for _, feature := range present {
		if _, ok := settable[feature]; !ok {
			features = append(features, feature)
		}
	}
	slices.Sort(features)
	features = slices.Compact(features)
	for feature, need := range settable {
		if slices.Contains(present, feature) != slices.Contains(features, feature) && !v.Permissions.Has(need) {
			return discord.ErrMissingPermissions
		}
	}
	g.Features = features
	return nil
}
