package permissions

import (
	"testing"

	"guildhall.chat/guildhall/internal/snowflake"
)

func TestTopRole(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		member Member
		want   snowflake.ID
	}{
		"none":                          {member(), guildID},
		"unknown":                       {member(404), guildID},
		"by position":                   {member(helpers, admins, muted), admins},
		"the older of one position":     {member(helpers, mods), mods},
		"a role at 0 is above everyone": {member(muted), muted},
	}
	for name, tt := range tests {
		if got := testGuild().TopRole(tt.member).ID; got != tt.want {
			t.Errorf("%s: got %d, want %d", name, got, tt.want)
		}
	}
}

func TestOutranksMember(t *testing.T) {
	t.Parallel()
	other := func(roles ...snowflake.ID) Member { return Member{User: 77, Roles: roles} }
	tests := map[string]struct {
		actor, target Member
		want          bool
	}{
		"higher over lower":                     {member(admins), other(mods), true},
		"lower over higher":                     {member(mods), other(admins), false},
		"equals":                                {member(mods), other(mods), false},
		"older role of one position":            {member(mods), other(helpers), true},
		"younger role of one position":          {member(helpers), other(mods), false},
		"owner without roles over anybody":      {Member{User: owner}, other(admins), true},
		"nobody over the owner":                 {member(admins), Member{User: owner}, false},
		"not even over oneself":                 {member(admins), member(admins), false},
		"nor the owner over themselves":         {Member{User: owner}, Member{User: owner}, false},
		"everyone over everyone":                {member(), other(), false},
		"administrators get no rank from it":    {member(helpers), other(mods), false},
		"any role over none, even at 0":         {member(muted), other(), true},
		"roles that the guild doesn't have":     {member(404), other(), false},
		"all roles count, not only the first":   {member(muted, admins), other(mods), true},
		"the target's highest role is compared": {member(mods), other(muted, admins), false},
	}
	for name, tt := range tests {
		if got := testGuild().OutranksMember(tt.actor, tt.target); got != tt.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestOutranksRole(t *testing.T) {
	t.Parallel()
	g := testGuild()
	tests := map[string]struct {
		actor Member
		role  snowflake.ID
		want  bool
	}{
		"lower":                      {member(admins), mods, true},
		"own top role":               {member(mods), mods, false},
		"higher":                     {member(mods), admins, false},
		"owner":                      {Member{User: owner}, admins, true},
		"everyone, with a role":      {member(muted), guildID, true},
		"everyone, without":          {member(), guildID, false},
		"at 0, without any":          {member(), muted, false},
		"same position, younger":     {member(mods), helpers, true},
		"same position, but older":   {member(helpers), mods, false},
		"owner over everyone's role": {Member{User: owner}, guildID, true},
	}
	for name, tt := range tests {
		if got := g.OutranksRole(tt.actor, g.Roles[tt.role]); got != tt.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
