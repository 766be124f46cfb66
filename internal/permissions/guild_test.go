package permissions

import (
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
)

// A guild with a role for each rank. The numbers are small to be readable; ids rise with age as real ones do.
const (
	guildID, owner, user           snowflake.ID = 1, 2, 3
	admins, mods, helpers, muted   snowflake.ID = 10, 11, 12, 13
	textChannel, forumChannel, cat              = 0, forum, category
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const (
	basic   = ViewChannel | ReadMessageHistory | SendMessages | SendMessagesInThreads | EmbedLinks | AttachFiles | Connect
	modding = KickMembers | ManageMessages | ManageRoles | MentionEveryone | ManageThreads
)

func testGuild() *Guild {
	return &Guild{ID: guildID, Owner: owner, Roles: map[snowflake.ID]Role{
		guildID: {ID: guildID, Position: 0, Permissions: basic},
		admins:  {ID: admins, Position: 9, Permissions: Administrator},
		mods:    {ID: mods, Position: 5, Permissions: modding},
		helpers: {ID: helpers, Position: 5, Permissions: AddReactions},
		muted:   {ID: muted, Position: 0},
	}}
}

func member(roles ...snowflake.ID) Member { return Member{User: user, Roles: roles} }

func timedOut(m Member, d time.Duration) Member {
	m.TimedOutUntil = now.Add(d)
	return m
}

func TestBase(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		member Member
		want   Set
	}{
		"owner has all":                      {Member{User: owner}, All},
		"administrator has all":              {member(admins), All},
		"everyone":                           {member(), basic},
		"roles add up":                       {member(mods, helpers), basic | modding | AddReactions},
		"an unknown role gives nothing":      {member(404), basic},
		"a time-out leaves seeing":           {timedOut(member(mods), time.Second), ViewChannel | ReadMessageHistory},
		"a time-out ends":                    {timedOut(member(mods), 0), basic | modding},
		"a time-out spares the owner":        {timedOut(Member{User: owner}, time.Hour), All},
		"a time-out spares an administrator": {timedOut(member(admins), time.Hour), All},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := testGuild().Base(tt.member, now); got != tt.want {
				t.Errorf("got %b, want %b", got, tt.want)
			}
		})
	}
}

func TestMayTimeOut(t *testing.T) {
	t.Parallel()
	g := testGuild()
	if g.MayTimeOut(Member{User: owner}) || g.MayTimeOut(member(admins)) || !g.MayTimeOut(member(mods)) {
		t.Error("all but owner and administrators can be timed out")
	}
	if again := timedOut(member(admins), time.Hour); g.MayTimeOut(again) {
		t.Error("an old time-out makes no difference")
	}
}
