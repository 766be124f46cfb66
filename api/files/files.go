// Package files takes the files that come with messages and serves them.
//
//	multipart request ------------------> Files.Receive -+
//	POST .../attachments -> PUT upload_url -> Receive ----+-> blob store, attachments row -> message -> Links.Link
//	GET /attachments/{channel}/{id}/{name}?ex&is&hm -> signature, row -> blob store
//
// A file is a row and a blob; the row knows which messages have it (store.UseFiles). What no message has, because it was
// never sent or the last message with it is gone, a worker removes (Sweep). Links are signed and expire: they are made
// whenever a message is sent or read, and refreshed on request. Whoever holds a link may fetch the file until then.
// https://discord.com/developers/docs/reference#uploading-files
package files

import (
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/blob"
	"guildhall.chat/guildhall/internal/picture"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// MaxPerMessage is how many files a message has at most; how large each may be is store.LimitFileSize.
const MaxPerMessage = 10

// Files keeps files.
type Files struct {
	store *store.Store
	blobs blob.Store
	links *Links
}

// New returns files that are kept in the blob store and are linked to by links.
func New(s *store.Store, blobs blob.Store, links *Links) *Files {
	return &Files{store: s, blobs: blobs, links: links}
}

// key is where the bytes of a file are.
func key(id snowflake.ID) string { return "attachments/" + id.String() }

// Handlers serves files and takes those that are uploaded ahead of their message.
type Handlers struct {
	*Files
	access *access.Access
	scaler *picture.Scaler
}

// NewHandlers returns the handlers of the files.
func NewHandlers(f *Files, a *access.Access, scaler *picture.Scaler) *Handlers {
	return &Handlers{Files: f, access: a, scaler: scaler}
}

// Routes lists the operations of the API.
func (h *Handlers) Routes() []call.Route {
	return []call.Route{
		{Method: http.MethodPost, Path: "/channels/:channel_id/attachments", Limit: call.Per(10, 10*time.Second), Handle: h.announce},
		{Method: http.MethodPost, Path: "/attachments/refresh-urls", Limit: call.Per(10, 10*time.Second), Handle: h.refresh},
	}
}

// Public lists what is outside the API: its signature is all that a request needs.
func (h *Handlers) Public() []call.Route {
	const file = "/:channel_id/:attachment_id/:filename"
	return []call.Route{
		{Method: http.MethodGet, Path: linkPrefix + file, Access: call.Anyone, Handle: h.download},
		{Method: http.MethodHead, Path: linkPrefix + file, Access: call.Anyone, Handle: h.download},
		{Method: http.MethodPut, Path: uploadPrefix + file, Access: call.Anyone, Handle: h.upload},
	}
}
