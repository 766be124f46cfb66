package channels

import (
	"strings"
	"unicode"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
)

const (
	maxName       = 100
	maxTopic      = 1024
	maxForumTopic = 4096
	maxSlowmode   = 21600 // seconds: 6 hours
	minBitrate    = 8000  // bits a second
	maxBitrate    = 96000
	maxUserLimit  = 99
	maxRegion     = 100
	maxPosition   = 1 << 20
)

// What null sets a field back to.
const (
	defaultBitrate     = 64000
	defaultVideo       = 1
	defaultAutoArchive = 1440 // minutes
)

// Settings are the fields of a channel that can be given when it is made and changed later. Those that a channel's type
// doesn't have are ignored.
// https://discord.com/developers/docs/resources/channel#modify-channel-json-params-guild-channel
type Settings struct {
	Name             form.Field[string]    `json:"name"`
	Position         form.Field[form.Int]  `json:"position"`
	Topic            form.Field[*string]   `json:"topic"`
	NSFW             form.Field[bool]      `json:"nsfw"`
	RateLimitPerUser form.Field[*form.Int] `json:"rate_limit_per_user"`
	Bitrate          form.Field[*form.Int] `json:"bitrate"`
	UserLimit        form.Field[*form.Int] `json:"user_limit"`
	RTCRegion        form.Field[*string]   `json:"rtc_region"`
	VideoQualityMode form.Field[*form.Int] `json:"video_quality_mode"`
	AutoArchive      form.Field[*form.Int] `json:"default_auto_archive_duration"`
	ThreadRate       form.Field[*form.Int] `json:"default_thread_rate_limit_per_user"`
	ForumSettings
}

// Check notes what is wrong with the fields, below a path, for a channel of the type.
func (s *Settings) Check(p *form.Problems, path string, kind discord.ChannelType) {
	if s.Name.Set {
		p.Length(form.At(path, "name"), channelName(s.Name.Value, kind), 1, maxName)
	}
	p.Range(form.At(path, "position"), int64(s.Position.Value), 0, maxPosition)
	if s.Topic.Value != nil {
		most := maxTopic
		if kind.IsForum() {
			most = maxForumTopic
		}
		p.Length(form.At(path, "topic"), *s.Topic.Value, 0, most)
	}
	if s.RTCRegion.Value != nil {
		p.Length(form.At(path, "rtc_region"), *s.RTCRegion.Value, 0, maxRegion)
	}
	for _, number := range []struct {
		key         string
		field       form.Field[*form.Int]
		least, most int64
	}{
		{"rate_limit_per_user", s.RateLimitPerUser, 0, maxSlowmode},
		{"default_thread_rate_limit_per_user", s.ThreadRate, 0, maxSlowmode},
		{"bitrate", s.Bitrate, minBitrate, maxBitrate},
		{"user_limit", s.UserLimit, 0, maxUserLimit},
	} {
		if n := number.field.Value; n != nil {
			p.Range(form.At(path, number.key), int64(*n), number.least, number.most)
		}
	}
	if n := s.VideoQualityMode.Value; n != nil {
		form.OneOf(p, form.At(path, "video_quality_mode"), *n, 1, 2)
	}
	s.checkForum(p, path, kind)
	if n := s.AutoArchive.Value; n != nil {
		form.OneOf(p, form.At(path, "default_auto_archive_duration"), *n, 60, 1440, 4320, 10080)
	}
}

// Apply sets the fields that were given.
func (s *Settings) Apply(c *discord.Channel) {
	if s.Name.Set {
		name := channelName(s.Name.Value, c.Type)
		c.Name = &name
	}
	if s.Position.Set {
		position := int(s.Position.Value)
		c.Position = &position
	}
	if s.Topic.Set {
		topic := s.Topic.Value
		if topic != nil && *topic == "" {
			topic = nil
		}
		c.Topic = &topic
	}
	if s.NSFW.Set {
		nsfw := s.NSFW.Value
		c.NSFW = &nsfw
	}
	if s.RTCRegion.Set {
		region := s.RTCRegion.Value
		c.RTCRegion = &region
	}
	s.apply(c)
	number(s.RateLimitPerUser, 0, &c.RateLimitPerUser)
	number(s.Bitrate, defaultBitrate, &c.Bitrate)
	number(s.UserLimit, 0, &c.UserLimit)
	number(s.VideoQualityMode, defaultVideo, &c.VideoQualityMode)
	number(s.AutoArchive, defaultAutoArchive, &c.DefaultAutoArchive)
	number(s.ThreadRate, 0, &c.DefaultThreadRate)
}

// number sets *to as the field says; null means otherwise.
func number(f form.Field[*form.Int], otherwise int, to **int) {
	if !f.Set {
		return
	}
	n := otherwise
	if f.Value != nil {
		n = int(*f.Value)
	}
	*to = &n
}

// channelName is how a name is kept: those of text channels in lower case, without spaces.
func channelName(name string, kind discord.ChannelType) string {
	name = strings.TrimSpace(name)
	switch kind {
	case discord.ChannelText, discord.ChannelAnnouncement, discord.ChannelForum, discord.ChannelMedia:
		name = strings.ToLower(strings.Join(strings.FieldsFunc(name, unicode.IsSpace), "-"))
	}
	return name
}
