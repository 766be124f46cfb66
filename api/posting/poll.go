package posting

import (
	"context"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Limits of a poll.
// https://discord.com/developers/docs/resources/poll#poll-create-request-object
const (
	maxQuestion   = 300
	maxAnswer     = 55
	maxAnswers    = 10
	defaultHours  = 24
	maxHours      = 32 * 24
	defaultLayout = 1
)

// pollBody is a poll as a client asks it.
type pollBody struct {
	Question *pollMedia `json:"question"`
	Answers  []struct {
		PollMedia *pollMedia `json:"poll_media"`
	} `json:"answers"`
	Duration         *form.Int  `json:"duration"` // hours
	AllowMultiselect *form.Bool `json:"allow_multiselect"`
	LayoutType       *form.Int  `json:"layout_type"`
}

type pollMedia struct {
	Text  *string `json:"text"`
	Emoji *struct {
		ID   *snowflake.ID `json:"id"`
		Name *string       `json:"name"`
	} `json:"emoji"`
}

// Poll is a poll that has been checked and gets its end when the message is made.
type Poll struct {
	discord.Poll
	lasts time.Duration
}

// asked is the poll of a message that is made at a moment.
func (p *Poll) asked(at time.Time) *discord.Poll {
	if p == nil {
		return nil
	}
	poll := p.Poll
	poll.Expiry = discord.At(at.Add(p.lasts))
	return &poll
}

func (b *pollBody) read(p *form.Problems, flags int) *Poll {
	const path = "poll"
	if b == nil {
		return nil
	}
	if flags&discord.MessageFlagComponentsV2 != 0 {
		p.Add(path, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "The 'poll' field cannot be used when using MessageFlags.IS_COMPONENTS_V2")
	}
	poll := &Poll{lasts: defaultHours * time.Hour}
	poll.LayoutType, poll.Results.AnswerCounts = defaultLayout, []discord.PollAnswerCount{}
	poll.Question.Text = b.Question.text(p, form.At(path, "question", "text"), maxQuestion, true)
	if len(b.Answers) == 0 {
		p.Required(form.At(path, "answers"))
	}
	p.Max(form.At(path, "answers"), len(b.Answers), maxAnswers)
	for i, a := range b.Answers[:min(len(b.Answers), maxAnswers)] {
		media := a.PollMedia.answer(p, form.At(path, "answers", i, "poll_media"))
		poll.Answers = append(poll.Answers, discord.PollAnswer{AnswerID: i + 1, PollMedia: media})
	}
	if b.Duration != nil {
		p.Range(form.At(path, "duration"), int64(*b.Duration), 1, maxHours)
		poll.lasts = time.Duration(*b.Duration) * time.Hour
	}
	if b.LayoutType != nil {
		form.OneOf(p, form.At(path, "layout_type"), *b.LayoutType, defaultLayout)
	}
	poll.AllowMultiselect = b.AllowMultiselect != nil && bool(*b.AllowMultiselect)
	return poll
}

func (m *pollMedia) text(p *form.Problems, path string, most int, required bool) string {
	text := ""
	if m != nil && m.Text != nil {
		text = *m.Text
	}
	least := 0
	if required {
		least = 1
	}
	p.Length(path, text, least, most)
	return text
}

// answer is a text, an emoji or both.
func (m *pollMedia) answer(p *form.Problems, path string) (media discord.PollMedia) {
	if m == nil {
		p.Required(path)
		return media
	}
	if e := m.Emoji; e != nil && (e.ID != nil || e.Name != nil) {
		media.Emoji = &discord.PartialEmoji{ID: e.ID, Name: e.Name}
		if e.ID == nil {
			p.Emoji(form.At(path, "emoji", "name"), *e.Name)
		}
	}
	media.Text = m.text(p, form.At(path, "text"), maxAnswer, media.Emoji == nil)
	return media
}

// nameEmojis fills in what the custom emojis of a poll's answers are called. The sender must be allowed to use them: emojis of
// the guild, of the sender's own application, and elsewhere, where strange ones are allowed, of the sender's other guilds.
func (p *Poster) nameEmojis(ctx context.Context, caller call.Caller, room *access.Room, from Sender, poll *discord.Poll) error {
	var ids []snowflake.ID
	if poll != nil {
		for _, a := range poll.Answers {
			if e := a.PollMedia.Emoji; e != nil && e.ID != nil {
				ids = append(ids, *e.ID)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	uses, err := p.store.EmojiUses(ctx, ids, from.User)
	if err != nil {
		return err
	}
	usable := make(map[snowflake.ID]store.EmojiUse, len(uses))
	for _, use := range uses {
		usable[use.ID] = use
	}
	for i := range poll.Answers {
		e := poll.Answers[i].PollMedia.Emoji
		if e == nil || e.ID == nil {
			continue
		}
		use, known := usable[*e.ID]
		switch {
		case !known:
			return discord.ErrUnknownEmoji
		case !room.Direct() && use.Owner.Guild == guildOf(room):
			if from.User != 0 && !use.Member {
				return discord.ErrUnknownEmoji // it is for some roles
			}
		case use.Owner.Application != 0:
			if use.Owner.Application != applicationOf(caller, from) {
				return discord.ErrUnknownEmoji
			}
		case !use.Member:
			return discord.ErrUnknownEmoji
		default:
			if err := room.Need(permissions.UseExternalEmojis); err != nil {
				return err
			}
		}
		e.Name, e.Animated = &use.Name, use.Animated
	}
	return nil
}

// applicationOf is the application that sends, 0 if it is none.
func applicationOf(caller call.Caller, from Sender) snowflake.ID {
	switch {
	case from.Application != nil:
		return *from.Application
	case caller.Bot:
		return caller.ApplicationID
	}
	return 0
}
