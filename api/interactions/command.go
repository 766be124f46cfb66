package interactions

import (
	"errors"

	"guildhall.chat/guildhall/api/commands"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// commandData is the data of an invocation by command.
type commandData struct {
	ID          snowflake.ID           `json:"id"`
	Version     snowflake.ID           `json:"version"`
	Options     []discord.CommandValue `json:"options"`
	TargetID    *snowflake.ID          `json:"target_id"`
	Attachments posting.Uploads        `json:"attachments"`
}

// command checks an invocation of a command, or of the completion of one of its options.
func (h *Handlers) command(s *scene, sent *invocation) error {
	var p form.Problems
	var data commandData
	if !p.Part("data", sent.Data, &data) {
		return p.Err()
	}
	cmd, err := h.usable(s, &data)
	if err != nil {
		return err
	}
	out := discord.CommandData{ID: cmd.ID, Name: cmd.Name, Type: cmd.Type, GuildID: cmd.GuildID}
	s.files.sent = data.Attachments.Read(s.Call, &p, "data.attachments")
	meta := &s.details.Metadata
	meta.Name, meta.CommandType = cmd.Name, cmd.Type
	if cmd.Type == discord.CommandChat {
		v := optionValues{scene: s, problems: &p, completing: sent.Type == discord.InteractionAutocomplete}
		out.Options = v.list("data.options", data.Options, cmd.Options)
		if v.completing && v.focused != 1 {
			p.Add("data.options", "INTERACTION_AUTOCOMPLETE_FOCUS", "One option that is completed has the focus.")
		}
	} else if sent.Type == discord.InteractionAutocomplete {
		return form.Single("type", "BASE_TYPE_BAD_VALUE", "A command without options has nothing to complete.")
	}
	if out.Resolved, err = h.resolve(s, &p); err != nil {
		return err
	}
	if cmd.Type != discord.CommandChat {
		if err := h.target(s, &data, cmd.Type, &out); err != nil {
			return err
		}
	}
	if err := p.Err(); err != nil {
		return err
	}
	out.Resolved, err = h.keep(s, out.Resolved)
	s.payload.Data = out
	return err
}

// usable returns the command if the user may use it here.
func (h *Handlers) usable(s *scene, data *commandData) (discord.Command, error) {
	ctx := s.Request.Context()
	cmd, err := h.store.Command(ctx, s.app.ID, data.ID)
	if errors.Is(err, store.ErrNotFound) {
		return cmd, discord.ErrUnknownCommand
	}
	if err != nil {
		return cmd, err
	}
	elsewhere := cmd.GuildID != nil && (s.room.Direct() || *cmd.GuildID != s.room.Guild.Guild.ID)
	if elsewhere || !commands.Usable(&cmd, s.context) || !installed(&cmd, s.payload.Owners) {
		return cmd, discord.ErrUnknownCommand
	}
	if data.Version != 0 && data.Version != cmd.Version {
		return cmd, form.Single("data.version", "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION",
			"This command is outdated, please try again in a few minutes")
	}
	if s.room.Direct() {
		return cmd, nil
	}
	if cmd.NSFW && (s.room.Channel.NSFW == nil || !*s.room.Channel.NSFW) {
		return cmd, form.Single("data.id", "APPLICATION_COMMAND_NSFW", "This command is for age-restricted channels.")
	}
	said, err := h.store.CommandPermissions(ctx, s.app.ID, s.room.Guild.Guild.ID)
	if err != nil {
		return cmd, err
	}
	user := commands.User{
		Guild: s.room.Guild.Guild.ID, Channel: s.permissionChannel(), Member: s.room.Member,
		Permissions: s.room.Permissions, Here: s.room.Here,
	}
	if !commands.May(user, &cmd, said) {
		return cmd, discord.ErrMissingPermissions
	}
	return cmd, nil
}

// installed reports whether a command is of one of the kinds of installation that the application has here. Those of a guild
// come with it.
func installed(cmd *discord.Command, owners map[string]snowflake.ID) bool {
	if cmd.GuildID != nil {
		_, here := owners["0"]
		return here
	}
	for _, kind := range cmd.IntegrationTypes {
		key := "0"
		if kind == discord.InstalledByUser {
			key = "1"
		}
		if _, here := owners[key]; here {
			return true
		}
	}
	return len(cmd.IntegrationTypes) == 0
}

// target resolves the user or message that a command is invoked on.
func (h *Handlers) target(s *scene, data *commandData, kind discord.CommandType, out *discord.CommandData) error {
	if data.TargetID == nil {
		return form.Single("data.target_id", "BASE_TYPE_REQUIRED", "This field is required")
	}
	id := *data.TargetID
	out.TargetID = &id
	if kind == discord.CommandUser {
		var p form.Problems
		s.found.add(&s.found.users, "data.target_id", id)
		resolved, err := h.resolve(s, &p)
		if err != nil {
			return err
		}
		if err := p.Err(); err != nil {
			return err
		}
		out.Resolved = resolved
		user := resolved.Users[id]
		s.details.Metadata.TargetUser = &user
		return nil
	}
	if err := s.room.Need(permissions.ReadMessageHistory); err != nil {
		return err
	}
	m, err := h.store.Message(s.Request.Context(), s.room.Channel.ID, id, s.Caller.UserID)
	if err != nil {
		return posting.UnknownMessage(err)
	}
	out.Resolved = &discord.Resolved{Messages: map[snowflake.ID]discord.Message{id: m}}
	s.details.Metadata.TargetMessage = &id
	return nil
}
