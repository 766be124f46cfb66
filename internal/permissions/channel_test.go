package permissions

import (
	"testing"
	"time"
)

func everyone(allow, deny Set) Overwrite { return Overwrite{ID: guildID, Allow: allow, Deny: deny} }

func TestIn(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		member     Member
		typ        int
		overwrites []Overwrite
		want       Set
	}{
		"no overwrites": {member(), textChannel, nil, basic},
		"owner ignores overwrites": {
			Member{User: owner}, textChannel, []Overwrite{everyone(0, everything)}, All,
		},
		"administrator ignores overwrites": {
			member(admins), textChannel,
			[]Overwrite{everyone(0, everything), {ID: user, Kind: OfMember, Deny: everything}}, All,
		},
		"everyone denied, a role allowed": {
			member(helpers), textChannel, []Overwrite{{ID: helpers, Allow: SendMessages}, everyone(0, SendMessages)}, basic | AddReactions,
		},
		"of two roles the one that allows wins, whatever the position or order": {
			member(muted, mods), textChannel,
			[]Overwrite{{ID: mods, Deny: EmbedLinks}, {ID: muted, Allow: EmbedLinks}}, basic | modding,
		},
		"the member's own overwrite is last": {
			member(mods), textChannel,
			[]Overwrite{{ID: user, Kind: OfMember, Deny: EmbedLinks, Allow: AddReactions}, {ID: mods, Allow: EmbedLinks}},
			basic&^EmbedLinks | modding | AddReactions,
		},
		"in one overwrite allow beats deny": {
			member(), textChannel, []Overwrite{everyone(EmbedLinks, EmbedLinks)}, basic,
		},
		"other members' and roles' overwrites don't matter": {
			member(helpers), textChannel,
			[]Overwrite{{ID: mods, Deny: everything}, {ID: 99, Kind: OfMember, Deny: everything}, {ID: user, Kind: OfRole, Deny: everything}},
			basic | AddReactions,
		},
		"an overwrite can't make administrators or take what only roles give": {
			member(mods), textChannel, []Overwrite{everyone(Administrator|BanMembers, KickMembers)}, basic | modding,
		},
		"without VIEW_CHANNEL nothing": {
			member(mods), textChannel, []Overwrite{everyone(0, ViewChannel)}, 0,
		},
		"without SEND_MESSAGES nothing that goes with it": {
			member(mods), textChannel, []Overwrite{everyone(SendTTSMessages, SendMessages)},
			(basic | modding) &^ (SendMessages | MentionEveryone | AttachFiles | EmbedLinks),
		},
		"voice without CONNECT": {
			member(mods), voice, []Overwrite{everyone(ManageChannels, Connect)}, ViewChannel,
		},
		"stage without CONNECT": {
			member(mods), stage, []Overwrite{everyone(0, Connect)}, ViewChannel,
		},
		"text doesn't care for CONNECT": {
			member(), textChannel, []Overwrite{everyone(0, Connect)}, basic &^ Connect,
		},
		"timed out, what an overwrite allows is gone too": {
			timedOut(member(mods), time.Hour), textChannel,
			[]Overwrite{{ID: user, Kind: OfMember, Allow: SendMessages | AddReactions}}, ViewChannel | ReadMessageHistory,
		},
		"a time-out shows nothing that was hidden": {
			timedOut(member(), time.Hour), textChannel, []Overwrite{everyone(0, ReadMessageHistory)}, ViewChannel,
		},
		"timed out in voice": {
			timedOut(member(), time.Hour), voice, nil, ViewChannel,
		},
		"a private thread in place of its parent is hidden": {
			member(), privateThread, nil, 0,
		},
		"bits without a name pass": {
			member(), textChannel, []Overwrite{everyone(1<<60, 0)}, basic | 1<<60,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &Channel{Type: tt.typ, Overwrites: tt.overwrites}
			if got := testGuild().In(tt.member, c, now); got != tt.want {
				t.Errorf("got %b, want %b", got, tt.want)
			}
		})
	}
}

func TestInThread(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		member          Member
		overwrites      []Overwrite
		private, joined bool
		want            Set
	}{
		"public":                               {member: member(), want: basic},
		"private, joined":                      {member: member(), private: true, joined: true, want: basic},
		"private, not joined":                  {member: member(), private: true, want: 0},
		"private, may manage threads":          {member: member(mods), private: true, want: basic | modding},
		"private, owner":                       {member: Member{User: owner}, private: true, want: All},
		"parent hidden, though joined":         {member(), []Overwrite{everyone(0, ViewChannel)}, true, true, 0},
		"SEND_MESSAGES doesn't matter":         {member: member(), overwrites: []Overwrite{everyone(0, SendMessages)}, want: basic &^ SendMessages},
		"SEND_MESSAGES_IN_THREADS does":        {member: member(), overwrites: []Overwrite{everyone(0, SendMessagesInThreads)}, want: basic &^ (SendMessagesInThreads | AttachFiles | EmbedLinks)},
		"timed out":                            {member: timedOut(member(mods), time.Hour), want: ViewChannel | ReadMessageHistory},
		"timed out, so can't manage private":   {member: timedOut(member(mods), time.Hour), private: true, want: 0},
		"timed out, but joined a private one":  {member: timedOut(member(), time.Hour), private: true, joined: true, want: ViewChannel | ReadMessageHistory},
		"MANAGE_THREADS denied to the role":    {member: member(mods), overwrites: []Overwrite{{ID: mods, Deny: ManageThreads}}, private: true, want: 0},
		"MANAGE_THREADS given by an overwrite": {member: member(), overwrites: []Overwrite{everyone(ManageThreads, 0)}, private: true, want: basic | ManageThreads},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parent := &Channel{Overwrites: tt.overwrites}
			if got := testGuild().InThread(tt.member, parent, tt.private, tt.joined, now); got != tt.want {
				t.Errorf("got %b, want %b", got, tt.want)
			}
		})
	}
}
