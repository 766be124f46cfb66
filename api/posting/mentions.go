package posting

import (
	"regexp"
	"slices"
	"strings"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/components"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// maxMentions bounds the users, and the roles, that one message mentions.
const maxMentions = 100

// AllowedMentions says which of the mentions in a content count. Without one all do, the author of the message replied to
// included.
// https://discord.com/developers/docs/resources/message#allowed-mentions-object
type AllowedMentions struct {
	Parse       []string       `json:"parse"`
	Users       []snowflake.ID `json:"users"`
	Roles       []snowflake.ID `json:"roles"`
	RepliedUser *form.Bool     `json:"replied_user"`
}

func (a *AllowedMentions) check(p *form.Problems) {
	if a == nil {
		return
	}
	const path = "allowed_mentions"
	for i, kind := range a.Parse {
		form.OneOf(p, form.At(path, "parse", i), kind, "users", "roles", "everyone")
		if i >= 3 {
			p.Max(form.At(path, "parse"), len(a.Parse), 3)
			break
		}
	}
	p.Max(form.At(path, "users"), len(a.Users), maxMentions)
	p.Max(form.At(path, "roles"), len(a.Roles), maxMentions)
	for kind, explicit := range map[string]int{"users": len(a.Users), "roles": len(a.Roles)} {
		if explicit > 0 && slices.Contains(a.Parse, kind) {
			p.Add(path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
				`parse:["`+kind+`"] and `+kind+`: [ids...] are mutually exclusive.`)
		}
	}
}

// allows reports whether a mention of a kind counts; listed are the ids named explicitly.
func (a *AllowedMentions) allows(kind string, id snowflake.ID, listed []snowflake.ID) bool {
	return slices.Contains(a.Parse, kind) || slices.Contains(listed, id)
}

// pings reports whether a reply mentions the author whom it answers.
func (a *AllowedMentions) pings() bool {
	return a == nil || a.RepliedUser != nil && bool(*a.RepliedUser)
}

// mentions is whom a content mentions, each once, in the order of the text.
type mentions struct {
	users    []snowflake.ID
	roles    []snowflake.ID
	everyone bool
}

var (
	// code is what is shown as it is: nothing in it mentions anybody.
	code    = regexp.MustCompile("(?s)```.*?```|``.*?``|`[^`\n]*`")
	mention = regexp.MustCompile(`<@(!|&)?([0-9]{1,20})>`)
)

// parseMentions finds the mentions in a content.
// https://discord.com/developers/docs/reference#message-formatting
func parseMentions(content string) mentions {
	var found mentions
	if !strings.Contains(content, "@") {
		return found
	}
	content = code.ReplaceAllString(content, " ")
	for _, match := range mention.FindAllStringSubmatch(content, -1) {
		id, err := snowflake.Parse(match[2])
		if err != nil || id == 0 {
			continue
		}
		list := &found.users
		if match[1] == "&" {
			list = &found.roles
		}
		if len(*list) < maxMentions && !slices.Contains(*list, id) {
			*list = append(*list, id)
		}
	}
	found.everyone = strings.Contains(content, "@everyone") || strings.Contains(content, "@here")
	return found
}

// said is the text of a message in which mentions count.
func said(m *discord.Message) string {
	if m.Flags&discord.MessageFlagComponentsV2 != 0 {
		return components.Text(m.Components)
	}
	return m.Content
}

// mentionsOf returns the mentions of a content that count in a room: those that the sender allows and may make.
func mentionsOf(room *access.Room, content string, allowed *AllowedMentions) mentions {
	m := parseMentions(content)
	if allowed != nil {
		m.users = slices.DeleteFunc(m.users, func(id snowflake.ID) bool { return !allowed.allows("users", id, allowed.Users) })
		m.roles = slices.DeleteFunc(m.roles, func(id snowflake.ID) bool { return !allowed.allows("roles", id, allowed.Roles) })
		m.everyone = m.everyone && slices.Contains(allowed.Parse, "everyone")
	}
	everybody := room.Here.Has(permissions.MentionEveryone)
	m.everyone = m.everyone && everybody
	m.roles = slices.DeleteFunc(m.roles, func(id snowflake.ID) bool {
		if room.Direct() || id == room.Guild.Guild.ID {
			return true
		}
		role := room.Guild.Role(id)
		return role == nil || !role.Mentionable && !everybody
	})
	if m.roles == nil {
		m.roles = []snowflake.ID{}
	}
	return m
}
