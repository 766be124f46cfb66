// Package exports gives users what is kept about them, as a zip of JSON.
//
//	POST .../exports, api admin export -> row in Postgres -> Job, in api worker: archive -> blob store
//	Teller, in api serve: mail with a signed link -> GET /exports/... until the archive expires
//
// What is in it: store.ExportParts, a list each, and everything that the user wrote, found by the search index. Nothing that
// could be used to log in is read for it: neither hashes nor tokens nor sealed secrets.
package exports

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/internal/blob"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	// prefix is where what Discord does not have is served.
	prefix = "/api/guildhall/v1"
	// every is how often a user can have an export.
	every = 24 * time.Hour
	// Lifetime is how long an archive is kept, and how long the link to it is good.
	Lifetime = 7 * 24 * time.Hour
	// listed is how many exports are told of; the older ones have expired.
	listed = 10
	// downloadTime bounds how long an archive may take to reach a slow client.
	downloadTime = 30 * time.Minute
)

// key is where the blob store has an archive.
func key(id snowflake.ID) string { return "exports/" + id.String() }

// Handlers serves exports; docs/administration.md describes them.
type Handlers struct {
	store *store.Store
	blobs blob.Store
	links *files.Links
}

// New returns the handlers.
func New(s *store.Store, blobs blob.Store, links *files.Links) *Handlers {
	return &Handlers{s, blobs, links}
}

// Routes lists the operations; their paths are whole.
func (h *Handlers) Routes() []call.Route {
	own := prefix + "/users/@me/exports"
	return []call.Route{
		{Method: http.MethodPost, Path: own, Access: call.UsersOnly, Limit: call.Per(5, time.Hour), Handle: h.ask},
		{Method: http.MethodGet, Path: own, Access: call.UsersOnly, Limit: call.Per(10, 10*time.Second), Handle: h.list},
		{Method: http.MethodGet, Path: "/exports/:export_id/:file", Access: call.Anyone, Limit: call.Per(20, time.Minute), Handle: h.download},
	}
}

// Told is an export as it is told of: with the link, once it is ready.
type Told struct {
	store.Export
	URL *string `json:"url"`
}

// Tell adds the link to an export; nil makes none.
func Tell(e store.Export, links *files.Links) Told {
	told := Told{Export: e}
	if links != nil && e.State == store.ExportReady && e.ExpiresAt != nil {
		url := link(links, e.ID, *e.ExpiresAt)
		told.URL = &url
	}
	return told
}

func link(links *files.Links, id snowflake.ID, expires time.Time) string {
	return links.SignUntil(fmt.Sprintf("/exports/%s/guildhall-%s.zip", id, id), expires)
}

func (h *Handlers) ask(c *call.Call) error {
	made, err := h.store.AskExport(c.Request.Context(), c.Caller.UserID, nil, every)
	if errors.Is(err, store.ErrExportTooSoon) {
		return discord.ErrExportTooSoon
	}
	if err != nil {
		return err
	}
	return c.Reply(http.StatusAccepted, Tell(made, h.links))
}

func (h *Handlers) list(c *call.Call) error {
	kept, err := h.store.Exports(c.Request.Context(), c.Caller.UserID, listed)
	if err != nil {
		return err
	}
	told := make([]Told, len(kept))
	for i, e := range kept {
		told[i] = Tell(e, h.links)
	}
	return c.OK(told)
}

// download serves an archive to whoever has the link to it.
func (h *Handlers) download(c *call.Call) error {
	if !h.links.Check(c.Request.URL.Path, c.Request.URL.Query()) {
		return discord.ErrNotFound
	}
	id, err := c.ID("export_id", discord.ErrNotFound)
	if err != nil {
		return err
	}
	e, err := h.store.Export(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) || err == nil && e.State != store.ExportReady {
		return discord.ErrNotFound
	}
	if err != nil {
		return err
	}
	archive, err := h.blobs.Open(c.Request.Context(), key(id))
	if errors.Is(err, blob.ErrNotFound) {
		return discord.ErrNotFound
	}
	if err != nil {
		return err
	}
	defer func() { _ = archive.Close() }()
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(downloadTime))
	c.Header("Content-Type", "application/zip")
	c.Header("Content-Disposition", fmt.Sprintf(`attachment; filename="guildhall-%s.zip"`, id))
	c.Header("Cache-Control", "private, no-store")
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, archive)
	return nil
}
