package conformance_test

import (
	"testing"
	"time"
)

const (
	voiceIsOut = "voice"
	soldIsOut  = "what Discord sells, or counts for its partners"
)

// gates lists every permission, by bit.
func (p *bailiwick) gates() []gate {
	const guild, channel = "/guilds/{guild_id}", "/channels/{channel_id}"
	request := func(operation string, body any, values ...string) func(*testing.T) verdict {
		return func(t *testing.T) verdict { return p.asked(t, operation, body, values...) }
	}
	say := func(body object) func(*testing.T) verdict { return request("POST "+messages, body, p.text) }
	outside := func(bit int, name, why string) gate { return gate{bit: bit, name: name, outside: why} }
	return []gate{
		{0, "CREATE_INSTANT_INVITE", "inviting to a channel", noPermission, request("POST "+channel+"/invites", object{}, p.text), ""},
		{1, "KICK_MEMBERS", "removing a member", noPermission, request("DELETE "+guild+"/members/{user_id}", nil, p.guild, p.target.ID), ""},
		{2, "BAN_MEMBERS", "banning", noPermission, request("PUT "+guild+"/bans/{user_id}", object{}, p.guild, p.target.ID), ""},
		{3, "ADMINISTRATOR", "all, and passing over overwrites", noAccess, request("GET "+channel, nil, p.hidden), ""},
		{4, "MANAGE_CHANNELS", "changing a channel", noPermission, request("PATCH "+channel, object{"topic": "x"}, p.text), ""},
		{5, "MANAGE_GUILD", "changing the guild", noPermission, request("PATCH "+guild, object{"description": "x"}, p.guild), ""},
		{6, "ADD_REACTIONS", "the first reaction of a kind", noPermission, func(t *testing.T) verdict {
			return p.asked(t, "PUT "+message+"/reactions/{emoji_name}/@me", nil, p.text, p.said(t), "👍")
		}, ""},
		{7, "VIEW_AUDIT_LOG", "reading the audit log", noPermission, request("GET "+guild+"/audit-logs", nil, p.guild), ""},
		outside(8, "PRIORITY_SPEAKER", voiceIsOut), outside(9, "STREAM", voiceIsOut),
		{10, "VIEW_CHANNEL", "a channel at all", noAccess, request("GET "+channel, nil, p.text), ""},
		{11, "SEND_MESSAGES", "sending a message", noPermission, say(object{"content": "x"}), ""},
		{12, "SEND_TTS_MESSAGES", "a message that is read aloud", noPermission, say(object{"content": "x", "tts": true}), ""},
		{13, "MANAGE_MESSAGES", "deleting another's message", noPermission, func(t *testing.T) verdict { return p.asked(t, "DELETE "+message, nil, p.text, p.said(t)) }, ""},
		{14, "EMBED_LINKS", "embeds", noPermission, say(object{"embeds": []object{{"title": "x"}}}), ""},
		{15, "ATTACH_FILES", "files", noPermission, p.upload(object{}, file{"x.txt", []byte("text")}), ""},
		{16, "READ_MESSAGE_HISTORY", "earlier messages: the list is empty", withheld, p.history, ""},
		{17, "MENTION_EVERYONE", "mentioning everyone: nobody is", withheld, p.everyone, ""},
		{18, "USE_EXTERNAL_EMOJIS", "reacting with another guild's emoji", noPermission, func(t *testing.T) verdict {
			return p.asked(t, "PUT "+message+"/reactions/{emoji_name}/@me", nil, p.text, p.said(t), "far:"+p.far)
		}, ""},
		outside(19, "VIEW_GUILD_INSIGHTS", soldIsOut),
		{20, "CONNECT", "the chat of a voice channel", noPermission, request("POST "+messages, object{"content": "x"}, p.voice), ""},
		outside(21, "SPEAK", voiceIsOut), outside(22, "MUTE_MEMBERS", voiceIsOut), outside(23, "DEAFEN_MEMBERS", voiceIsOut),
		outside(24, "MOVE_MEMBERS", voiceIsOut), outside(25, "USE_VAD", voiceIsOut),
		{26, "CHANGE_NICKNAME", "a nickname of one's own", noPermission, request("PATCH "+guild+"/members/@me", object{"nick": "Nick"}, p.guild), ""},
		{27, "MANAGE_NICKNAMES", "another's nickname", noPermission, p.toMember(object{"nick": "Other"}), ""},
		{28, "MANAGE_ROLES", "making a role", noPermission, request("POST "+guild+"/roles", object{"name": "x", "permissions": "0"}, p.guild), ""},
		{29, "MANAGE_WEBHOOKS", "a channel's webhooks", noPermission, request("GET "+channelWebhooks, nil, p.text), ""},
		{30, "MANAGE_GUILD_EXPRESSIONS", "changing another's emoji", noPermission, request("PATCH "+guildEmojis+"/{emoji_id}", object{"name": "changed"}, p.guild, p.mine), ""},
		{31, "USE_APPLICATION_COMMANDS", "invoking a command", noPermission, p.useCommand, ""},
		outside(32, "REQUEST_TO_SPEAK", voiceIsOut),
		{33, "MANAGE_EVENTS", "changing another's event", noPermission, request("PATCH "+guild+"/scheduled-events/{guild_scheduled_event_id}", object{"name": "x"}, p.guild, p.event), ""},
		{34, "MANAGE_THREADS", "locking another's thread", noPermission, request("PATCH "+channel, object{"locked": true}, p.thread), ""},
		{35, "CREATE_PUBLIC_THREADS", "a public thread", noPermission, request("POST "+channel+"/threads", object{"name": "x", "type": 11}, p.text), ""},
		{36, "CREATE_PRIVATE_THREADS", "a private thread", noPermission, request("POST "+channel+"/threads", object{"name": "x", "type": 12}, p.text), ""},
		{37, "USE_EXTERNAL_STICKERS", "another guild's sticker", noPermission, say(object{"sticker_ids": []string{p.sticker}}), ""},
		{38, "SEND_MESSAGES_IN_THREADS", "a message in a thread", noPermission, request("POST "+messages, object{"content": "x"}, p.thread), ""},
		outside(39, "USE_EMBEDDED_ACTIVITIES", "embedded activities"),
		{40, "MODERATE_MEMBERS", "a time-out", noPermission, p.toMember(object{"communication_disabled_until": soon()}), ""},
		outside(41, "VIEW_CREATOR_MONETIZATION_ANALYTICS", soldIsOut), outside(42, "USE_SOUNDBOARD", voiceIsOut),
		{43, "CREATE_GUILD_EXPRESSIONS", "making an emoji", noPermission, request("POST "+guildEmojis, object{"name": "made", "image": pixel}, p.guild), ""},
		{44, "CREATE_EVENTS", "making an event", noPermission, request("POST "+guild+"/scheduled-events", p.picnic(time.Now().Add(time.Hour)), p.guild), ""},
		outside(45, "USE_EXTERNAL_SOUNDS", voiceIsOut),
		{46, "SEND_VOICE_MESSAGES", "a voice message", noPermission, p.upload(
			object{"flags": 1 << 13, "attachments": []object{{"id": "0", "filename": "voice.wav", "duration_secs": 1, "waveform": "AAAA"}}}, file{"voice.wav", silence}), ""},
		outside(48, "SET_VOICE_CHANNEL_STATUS", voiceIsOut),
		{49, "SEND_POLLS", "a poll", noPermission, say(object{"poll": object{
			"question": object{"text": "Tea?"}, "answers": []object{{"poll_media": object{"text": "yes"}}, {"poll_media": object{"text": "no"}}}}}), ""},
		{50, "USE_EXTERNAL_APPS", "others seeing what one's own application answers", withheld, p.useTool, ""},
		{51, "PIN_MESSAGES", "pinning", noPermission, func(t *testing.T) verdict {
			return p.asked(t, "PUT "+messages+"/pins/{message_id}", nil, p.text, p.said(t))
		}, ""},
		{52, "BYPASS_SLOWMODE", "two messages in a slow channel", slowedDown, p.hurry, ""},
	}
}

// silence is a WAVE file of no samples.
var silence = []byte("RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\x00\x00\x00\x00")

func (p *bailiwick) upload(body object, f file) func(*testing.T) verdict {
	return func(t *testing.T) verdict {
		const send = "POST " + messages
		return p.judge(t, send, p.sendFiles(t, p.as, send, body, []file{f}, p.text))
	}
}

func (p *bailiwick) history(t *testing.T) verdict {
	p.said(t)
	list, _ := p.ok(t, p.as, "GET "+messages, nil, p.text).body.([]any)
	if len(list) == 0 {
		return withheld
	}
	return allowed
}

func (p *bailiwick) everyone(t *testing.T) verdict {
	if p.ok(t, p.as, "POST "+messages, object{"content": "@everyone"}, p.text).get("mention_everyone") != true {
		return withheld
	}
	return allowed
}

func (p *bailiwick) toMember(body object) func(*testing.T) verdict {
	return func(t *testing.T) verdict {
		return p.asked(t, "PATCH /guilds/{guild_id}/members/{user_id}", body, p.guild, p.member.ID)
	}
}

func (p *bailiwick) useCommand(t *testing.T) verdict {
	body := p.commands.request(2, object{"guild_id": p.guild, "channel_id": p.text, "data": object{"id": p.command, "name": "serve", "type": 1}})
	return p.asked(t, "POST /interactions", body)
}

func (p *bailiwick) useTool(t *testing.T) verdict {
	i := p.tools.invoke(t, p.as, 2, object{"guild_id": p.guild, "channel_id": p.text, "data": object{"id": p.toolCommand, "name": "help", "type": 1}})
	result := p.ok(t, p.nobody, "POST "+callback+"?with_response=true", object{"type": 4, "data": object{"content": "help"}}, i.ID, i.Token)
	if result.get("interaction", "response_message_ephemeral") == true {
		return withheld
	}
	return allowed
}

// hurry sends two messages, the second of which comes too early.
func (p *bailiwick) hurry(t *testing.T) verdict {
	p.asked(t, "POST "+messages, object{"content": "x"}, p.slow)
	return p.asked(t, "POST "+messages, object{"content": "x"}, p.slow)
}
