package commands

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Limits of a place.
// https://discord.com/developers/docs/interactions/application-commands#registering-a-command
const (
	maxChat      = 100
	maxOnTarget  = 15 // of each kind that is invoked on something
	maxDaily     = 200
	maxReplacing = 130
)

// errStays ends a change that would write nothing.
var errStays = errors.New("nothing changes")

// create makes a command, or puts it in the place of the one of the same kind and name.
// https://discord.com/developers/docs/interactions/application-commands#create-global-application-command
func (h *Handlers) create(c *call.Call) error {
	p, err := h.place(c)
	if err != nil {
		return err
	}
	var b body
	if err := c.Bind(&b); err != nil {
		return err
	}
	cmd := b.fresh(p)
	b.apply(&cmd)
	var problems form.Problems
	check(&problems, "", &cmd)
	if err := problems.Err(); err != nil {
		return err
	}
	status := http.StatusCreated
	err = h.change(c, p, func(ctx context.Context, tx *store.Tx, now []discord.Command, version snowflake.ID) error {
		cmd.ID, cmd.Version, status = tx.NewID(), version, http.StatusCreated
		if was := named(now, cmd); was != nil {
			cmd.ID, status = was.ID, http.StatusOK
			if same(*was, cmd) {
				cmd.Version = was.Version
				return errStays
			}
		} else if err := h.room(ctx, tx, p, append(now, cmd), 1); err != nil {
			return err
		}
		return tx.PutCommand(ctx, cmd)
	})
	if err != nil {
		return err
	}
	return c.Reply(status, cmd)
}

// replace makes the commands of a place those that were sent: others go, and those of a kind and name that are there stay
// who they are.
// https://discord.com/developers/docs/interactions/application-commands#bulk-overwrite-global-application-commands
func (h *Handlers) replace(c *call.Call) error {
	p, err := h.place(c)
	if err != nil {
		return err
	}
	var sent []body
	if err := c.Bind(&sent); err != nil {
		return err
	}
	list, err := read(p, sent)
	if err != nil {
		return err
	}
	err = h.change(c, p, func(ctx context.Context, tx *store.Tx, now []discord.Command, version snowflake.ID) error {
		created, written := identify(tx, list, sent, now, version)
		var gone []snowflake.ID
		for _, was := range now {
			if find(list, was.ID) == nil {
				gone = append(gone, was.ID)
			}
		}
		if len(gone) == 0 && len(written) == 0 {
			return errStays
		}
		if err := h.room(ctx, tx, p, list, created); err != nil {
			return err
		}
		return swap(ctx, tx, gone, written)
	})
	if err != nil {
		return err
	}
	return c.OK(list)
}

// read checks the commands of a whole place.
func read(p place, sent []body) ([]discord.Command, error) {
	var problems form.Problems
	problems.Max("", len(sent), maxReplacing)
	list := make([]discord.Command, 0, len(sent))
	for i := range sent[:min(len(sent), maxReplacing)] {
		cmd := sent[i].fresh(p)
		sent[i].apply(&cmd)
		check(&problems, form.At(i), &cmd)
		if named(list, cmd) != nil {
			problems.Add(form.At(i, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
		}
		list = append(list, cmd)
	}
	return list, problems.Err()
}

// identify gives each command of the list the id of the one that it replaces, or a new one. It returns how many are new, and
// those that differ from what is there.
func identify(tx *store.Tx, list []discord.Command, sent []body, now []discord.Command, version snowflake.ID) (created int, written []discord.Command) {
	taken := map[snowflake.ID]bool{}
	for i := range list {
		was := find(now, sent[i].ID)
		if was == nil || was.Type != list[i].Type {
			was = named(now, list[i])
		}
		list[i].Version = version
		if was == nil || taken[was.ID] {
			created++
			list[i].ID = tx.NewID()
			written = append(written, list[i])
			continue
		}
		taken[was.ID] = true
		if list[i].ID = was.ID; same(*was, list[i]) {
			list[i].Version = was.Version
			continue
		}
		written = append(written, list[i])
	}
	return created, written
}

// swap deletes and writes. Two commands may have exchanged their names, so those that are written make room first; what is
// said of who may use them stays.
func swap(ctx context.Context, tx *store.Tx, gone []snowflake.ID, written []discord.Command) error {
	if err := tx.DeleteCommands(ctx, gone); err != nil {
		return err
	}
	ids := make([]snowflake.ID, len(written))
	for i, c := range written {
		ids[i] = c.ID
	}
	if err := tx.ClearCommands(ctx, ids); err != nil {
		return err
	}
	for _, c := range written {
		if err := tx.PutCommand(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// update changes a command.
// https://discord.com/developers/docs/interactions/application-commands#edit-global-application-command
func (h *Handlers) update(c *call.Call) error {
	p, cmd, err := h.one(c)
	if err != nil {
		return err
	}
	var b body
	if err := c.Bind(&b); err != nil {
		return err
	}
	err = h.change(c, p, func(ctx context.Context, tx *store.Tx, now []discord.Command, version snowflake.ID) error {
		was := find(now, cmd.ID)
		if was == nil {
			return discord.ErrUnknownCommand
		}
		cmd = *was
		b.apply(&cmd)
		var problems form.Problems
		check(&problems, "", &cmd)
		if err := problems.Err(); err != nil {
			return err
		}
		if other := named(now, cmd); other != nil && other.ID != cmd.ID {
			return discord.ErrCommandNameTaken
		}
		if same(*was, cmd) {
			return errStays
		}
		cmd.Version = version
		return tx.PutCommand(ctx, cmd)
	})
	if err != nil {
		return err
	}
	return c.OK(cmd)
}

// remove deletes a command.
func (h *Handlers) remove(c *call.Call) error {
	p, cmd, err := h.one(c)
	if err != nil {
		return err
	}
	err = h.change(c, p, func(ctx context.Context, tx *store.Tx, now []discord.Command, _ snowflake.ID) error {
		if find(now, cmd.ID) == nil {
			return discord.ErrUnknownCommand
		}
		return tx.DeleteCommands(ctx, []snowflake.ID{cmd.ID})
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// change runs fn on the commands of a place, which nobody else changes meanwhile, and tells who chooses from them. fn may run
// more than once, and returns errStays when there is nothing to write.
func (h *Handlers) change(c *call.Call, p place,
	fn func(ctx context.Context, tx *store.Tx, now []discord.Command, version snowflake.ID) error,
) error {
	ctx := c.Request.Context()
	var version snowflake.ID
	err := h.store.Change(ctx, func(tx *store.Tx) (err error) {
		if version, err = tx.HoldCommands(ctx, p.app); err != nil {
			return err
		}
		now, err := tx.Commands(ctx, p.app, p.guild)
		if err != nil {
			return err
		}
		if err := fn(ctx, tx, now, version); err != nil {
			return err
		}
		if p.guild != 0 {
			return tellIndex(tx, p.guild, version)
		}
		return nil
	})
	switch {
	case errors.Is(err, errStays):
		return nil
	case errors.Is(err, store.ErrNotFound):
		return discord.ErrUnknownApplication
	case err == nil && p.guild == 0:
		h.tellEverywhere(c, p.app, version)
	}
	return err
}

// room checks that a place can have these commands, of which so many are new.
func (h *Handlers) room(ctx context.Context, tx *store.Tx, p place, list []discord.Command, created int) error {
	counts := map[discord.CommandType]int{}
	for _, c := range list {
		counts[c.Type]++
	}
	if counts[discord.CommandChat] > maxChat || counts[discord.CommandUser] > maxOnTarget || counts[discord.CommandMessage] > maxOnTarget {
		return discord.ErrTooManyCommands
	}
	if created == 0 {
		return nil
	}
	today, err := tx.CountCreatedCommands(ctx, p.app, p.guild, created)
	if err == nil && today > maxDaily {
		return discord.ErrTooManyCommandsToday
	}
	return err
}

func find(list []discord.Command, id snowflake.ID) *discord.Command {
	for i := range list {
		if list[i].ID == id {
			return &list[i]
		}
	}
	return nil
}

// named returns the command of a list that has another's kind and name.
func named(list []discord.Command, c discord.Command) *discord.Command {
	for i := range list {
		if list[i].Type == c.Type && list[i].Name == c.Name {
			return &list[i]
		}
	}
	return nil
}

// same reports whether two commands differ in nothing but their versions.
func same(a, b discord.Command) bool {
	a.Version, b.Version = 0, 0
	was, err := json.Marshal(a)
	is, failed := json.Marshal(b)
	return err == nil && failed == nil && bytes.Equal(was, is)
}
