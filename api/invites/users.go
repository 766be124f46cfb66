package invites

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// An invite may be for some users alone. They come as a CSV file with one column, user_id; the worker takes them in.

const (
	targetsFile   = "target_users_file"
	targetsHeader = "user_id"
	maxTargets    = 100_000
	maxBadLines   = 10 // that are named
)

// targetUsers reads the file of a multipart request; sent is false if there is none.
func targetUsers(c *call.Call) (users []snowflake.ID, sent bool, err error) {
	files := c.Request.MultipartForm
	if files == nil || len(files.File[targetsFile]) == 0 {
		return nil, false, nil
	}
	file, err := files.File[targetsFile][0].Open()
	if err != nil {
		return nil, false, fmt.Errorf("open uploaded file: %w", err)
	}
	defer func() { _ = file.Close() }()
	users, err = readTargets(file)
	return users, true, err
}

// readTargets reads the list. Every line that is no id is a problem.
func readTargets(r io.Reader) ([]snowflake.ID, error) {
	var users []snowflake.ID
	var p form.Problems
	bad := 0
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.Trim(strings.TrimPrefix(lines.Text(), "\ufeff"), " \t\r\"")
		if text == "" || n == 1 && strings.EqualFold(text, targetsHeader) {
			continue
		}
		id, err := snowflake.Parse(text)
		if err != nil || id == 0 {
			if bad++; bad <= maxBadLines {
				p.Add(targetsFile, "BASE_TYPE_BAD_VALUE", fmt.Sprintf("Line %d is not a user id: %.32q", n, text))
			}
			continue
		}
		if users = append(users, id); len(users) > maxTargets {
			p.Max(targetsFile, len(users), maxTargets)
			break
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		p.Add(targetsFile, "BASE_TYPE_BAD_VALUE", "A line is too long.")
	case err != nil:
		return nil, fmt.Errorf("read uploaded file: %w", err)
	case len(users) == 0 && bad == 0:
		p.Required(targetsFile)
	}
	return users, p.Err()
}

// mayTarget is for who made the invite or manages the guild; to read, who sees the audit log is enough.
func mayTarget(c *call.Call, i discord.Invite, read bool) func(*access.Visit) error {
	return func(v *access.Visit) error {
		if i.Inviter != nil && i.Inviter.ID == c.Caller.UserID || v.Permissions.Has(permissions.ManageGuild) ||
			read && v.Permissions.Has(permissions.ViewAuditLog) {
			return nil
		}
		return discord.ErrMissingPermissions
	}
}

// readable returns the invite if the caller may read whom it is for.
func (h *Handlers) readable(c *call.Call) (discord.Invite, error) {
	found, err := h.find(c)
	if err != nil {
		return found, err
	}
	visit, err := h.access.Enter(c, found.Guild.ID)
	if err != nil {
		return found, err
	}
	return found, mayTarget(c, found, true)(visit)
}

// targets returns the users whom an invite is for, as they were given.
// https://discord.com/developers/docs/resources/invite#get-target-users
func (h *Handlers) targets(c *call.Call) error {
	found, err := h.readable(c)
	if err != nil {
		return err
	}
	users, _, err := h.store.InviteTargets(c.Request.Context(), found.Code)
	if err != nil {
		return err
	}
	var csv strings.Builder
	csv.WriteString(targetsHeader + "\n")
	for _, id := range users {
		csv.WriteString(id.String() + "\n")
	}
	c.Data(http.StatusOK, "text/csv", []byte(csv.String()))
	return nil
}

// setTargets makes an invite one for the users of the file, and for nobody else.
// https://discord.com/developers/docs/resources/invite#update-target-users
func (h *Handlers) setTargets(c *call.Call) error {
	found, err := h.find(c)
	if err != nil {
		return err
	}
	var none struct{}
	if err := c.Bind(&none); err != nil {
		return err
	}
	users, sent, err := targetUsers(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.access.ChangeIf(c, found.Guild.ID, mayTarget(c, found, false), func(tx *store.Tx, _ *access.Visit) error {
		if !sent {
			return form.Single(targetsFile, "BASE_TYPE_REQUIRED", "This field is required")
		}
		current, err := tx.Invite(ctx, found.Code)
		if err != nil {
			return known(err)
		}
		if current.Vanity() {
			return discord.ErrUnknownInvite
		}
		return tx.TargetInvite(ctx, current.Code, users)
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// targetsJob tells how far the worker is with the users.
// https://discord.com/developers/docs/resources/invite#get-target-users-job-status
func (h *Handlers) targetsJob(c *call.Call) error {
	found, err := h.readable(c)
	if err != nil {
		return err
	}
	_, job, err := h.store.InviteTargets(c.Request.Context(), found.Code)
	if err != nil {
		return err
	}
	return c.OK(job)
}
