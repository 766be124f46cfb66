package polls

import (
	"context"
	"errors"
	"strconv"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// closeBatch bounds how many polls one step closes.
const closeBatch = 100

// Close ends the polls whose time is over. It is done under a lease; should two do it at once, each poll is ended by one.
func Close(ctx context.Context, s *store.Store, a *access.Access) error {
	due, err := s.DuePolls(ctx, closeBatch)
	if err != nil {
		return err
	}
	var failed error
	for _, poll := range due {
		if err := end(ctx, s, a, poll); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

func end(ctx context.Context, s *store.Store, a *access.Access, poll store.DuePoll) error {
	room, err := roomOf(ctx, s, a, poll)
	if errors.Is(err, discord.ErrUnknownChannel) || errors.Is(err, discord.ErrUnknownGuild) || errors.Is(err, store.ErrNotFound) {
		// Its channel is gone: nobody is to be told.
		return s.Change(ctx, func(tx *store.Tx) error { return ended(tx.ClosePoll(ctx, poll.Message)) })
	}
	if err != nil {
		return err
	}
	return s.Change(ctx, func(tx *store.Tx) error { return ended(finish(ctx, tx, room, poll.Message)) })
}

// ended takes a poll that somebody else has closed for what it is.
func ended(err error) error {
	if errors.Is(err, store.ErrPollClosed) {
		return nil
	}
	return err
}

func roomOf(ctx context.Context, s *store.Store, a *access.Access, poll store.DuePoll) (*access.Room, error) {
	if poll.Guild != nil {
		room, err := a.Unattended(ctx, *poll.Guild, poll.Channel, 0)
		if errors.Is(err, discord.ErrUnknownChannel) {
			return threadOf(ctx, s, a, poll)
		}
		return room, err
	}
	channel, err := s.Channel(ctx, poll.Channel)
	if err != nil {
		return nil, err
	}
	recipients, err := s.Recipients(ctx, poll.Channel)
	return &access.Room{Channel: &channel, Recipients: recipients}, err
}

func threadOf(ctx context.Context, s *store.Store, a *access.Access, poll store.DuePoll) (*access.Room, error) {
	t, err := s.Thread(ctx, *poll.Guild, poll.Channel, 0)
	if err != nil {
		return nil, err
	}
	parent, err := a.Unattended(ctx, *poll.Guild, t.Parent(), 0)
	if err != nil {
		return nil, err
	}
	return &access.Room{Visit: parent.Visit, Channel: &t.Channel, Thread: t, Parent: parent.Channel}, nil
}

// finish closes a poll, shows its message with the final results and posts them.
func finish(ctx context.Context, tx *store.Tx, room *access.Room, id snowflake.ID) error {
	if err := tx.ClosePoll(ctx, id); err != nil {
		return err
	}
	m, err := tx.HoldMessage(ctx, room.Channel.ID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	ids := []snowflake.ID{m.Author.ID}
	for _, mention := range m.Mentions {
		ids = append(ids, mention.ID)
	}
	people, err := tx.People(ctx, guildOf(room), ids)
	if err != nil {
		return err
	}
	m.TTS = false // the event never asks to speak
	head, event := posting.Dispatch(room, discord.EventMessageUpdate, m, people)
	if err := room.Emit(tx, head, event); err != nil {
		return err
	}
	return posting.Insert(ctx, tx, room, &posting.Post{People: people, Message: result(tx.NewID(), room, &m)})
}

// result is the message that tells how a poll has ended.
// https://discord.com/developers/docs/resources/message#embed-object-embed-fields-by-embed-type
func result(id snowflake.ID, room *access.Room, poll *discord.Message) discord.Message {
	return discord.Message{
		ID: id, ChannelID: room.Channel.ID, Type: discord.MessagePollResult, Author: poll.Author, Timestamp: discord.At(id.Time()),
		WebhookID: poll.WebhookID, ApplicationID: poll.ApplicationID,
		Mentions: []discord.Mention{}, MentionRoles: []snowflake.ID{}, Attachments: []discord.Attachment{}, Components: discord.EmptyList,
		Embeds:           []discord.Embed{{Type: "poll_result", Fields: fields(poll.Poll)}},
		MessageReference: &discord.MessageReference{MessageID: &poll.ID, ChannelID: room.Channel.ID, GuildID: room.GuildID()},
	}
}

func fields(p *discord.Poll) []discord.EmbedField {
	total, most, victor := 0, 0, 0
	for _, c := range p.Results.AnswerCounts {
		total += c.Count
		switch {
		case c.Count > most:
			most, victor = c.Count, c.ID
		case c.Count == most:
			victor = 0 // a draw
		}
	}
	var list []discord.EmbedField
	add := func(name, value string) { list = append(list, discord.EmbedField{Name: name, Value: value}) }
	add("poll_question_text", p.Question.Text)
	add("victor_answer_votes", strconv.Itoa(most))
	add("total_votes", strconv.Itoa(total))
	if victor == 0 {
		return list
	}
	media := p.Answers[victor-1].PollMedia
	add("victor_answer_id", strconv.Itoa(victor))
	if media.Text != "" {
		add("victor_answer_text", media.Text)
	}
	if e := media.Emoji; e != nil {
		if e.ID != nil {
			add("victor_answer_emoji_id", e.ID.String())
		}
		if e.Name != nil {
			add("victor_answer_emoji_name", *e.Name)
		}
		if e.Animated {
			add("victor_answer_emoji_animated", "true")
		}
	}
	return list
}

func guildOf(room *access.Room) snowflake.ID {
	if id := room.GuildID(); id != nil {
		return *id
	}
	return 0
}
