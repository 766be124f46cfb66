package permissions

import (
	"testing"
	"time"
)

func TestMayGrant(t *testing.T) {
	t.Parallel()
	tests := []struct {
		have, bits Set
		want       bool
	}{
		{basic, 0, true},
		{basic, SendMessages | EmbedLinks, true},
		{basic, SendMessages | BanMembers, false},
		{basic, 1 << 60, false},
		{All, BanMembers | 1<<60, true},
		{Administrator, BanMembers, true},
	}
	for _, tt := range tests {
		if got := MayGrant(tt.have, tt.bits); got != tt.want {
			t.Errorf("MayGrant(%b, %b) = %v", tt.have, tt.bits, got)
		}
	}
}

func TestGrantable(t *testing.T) {
	t.Parallel()
	parent := &Channel{Type: cat, Overwrites: []Overwrite{{ID: mods, Allow: AddReactions}}}
	tests := map[string]struct {
		member     Member
		overwrites []Overwrite
		parent     *Channel
		in, new    Set
	}{
		"what one has in the guild": {
			member(mods), []Overwrite{everyone(UseVAD, 0)}, nil,
			basic | modding, (basic | modding) &^ ManageRoles,
		},
		"or in the category": {
			member(mods), nil, parent,
			basic | modding | AddReactions, (basic | modding | AddReactions) &^ ManageRoles,
		},
		"all, if an overwrite gives MANAGE_ROLES": {
			member(), []Overwrite{{ID: user, Kind: OfMember, Allow: ManageRoles}}, nil,
			everything, basic,
		},
		"not if it's taken again": {
			member(), []Overwrite{everyone(ManageRoles, 0), {ID: user, Kind: OfMember, Deny: ManageRoles}}, nil,
			basic, basic,
		},
		"owner":         {Member{User: owner}, nil, nil, everything, everything},
		"administrator": {member(admins), nil, parent, everything, everything},
		"timed out": {
			timedOut(member(mods), time.Hour), []Overwrite{everyone(ManageRoles, 0)}, parent,
			ViewChannel | ReadMessageHistory, ViewChannel | ReadMessageHistory,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, c := testGuild(), &Channel{Overwrites: tt.overwrites}
			if got := g.GrantableIn(tt.member, c, tt.parent, now); got != tt.in {
				t.Errorf("in a channel: got %b, want %b", got, tt.in)
			}
			if got := g.GrantableNew(tt.member, tt.parent, now); got != tt.new {
				t.Errorf("on a new channel: got %b, want %b", got, tt.new)
			}
		})
	}
}

func TestNeeds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ got, want Set }{
		"read text":         {ToRead(textChannel), ViewChannel},
		"read voice":        {ToRead(voice), ViewChannel | Connect},
		"send text":         {ToSend(textChannel), ViewChannel | SendMessages},
		"send thread":       {ToSend(publicThread), ViewChannel | SendMessagesInThreads},
		"send stage":        {ToSend(stage), ViewChannel | Connect | SendMessages},
		"public thread":     {ToCreateThread(textChannel, false), ViewChannel | CreatePublicThreads},
		"private thread":    {ToCreateThread(textChannel, true), ViewChannel | CreatePrivateThreads},
		"forum post":        {ToCreateThread(forumChannel, false), ViewChannel | SendMessages},
		"no bit lost":       {Overwritable(category) | guildOnly, All},
		"none in both":      {Overwritable(category) & guildOnly, 0},
		"voice on text":     {Overwritable(textChannel) & (Connect | Speak), 0},
		"threads on voice":  {Overwritable(voice) & (ManageThreads | PinMessages), 0},
		"speak on stage":    {Overwritable(stage) & (Speak | RequestToSpeak), RequestToSpeak},
		"none on a thread":  {Overwritable(announcementThread), 0},
		"hole and ends":     {All & (1<<47 | 1<<53 | 1<<52 | 1), 1<<52 | 1},
		"mfa for kicking":   {NeedMFA & (KickMembers | ViewAuditLog), KickMembers},
		"roles in a dm":     {InDM & guildOnly, 0},
		"app inside the dm": {AppInDM &^ InDM, 0},
	}
	for name, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %b, want %b", name, tt.got, tt.want)
		}
	}
}
