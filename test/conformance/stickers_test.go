package conformance_test

import (
	"encoding/base64"
	"net/http"
	"testing"
)

const guildStickers = "/guilds/{guild_id}/stickers"

// stickers makes a sticker, which no JSON body can, and changes it.
func (s *suite) stickers(t *testing.T) {
	const one = guildStickers + "/{sticker_id}"
	robot := s.bot.Client
	id := s.newSticker(t)
	s.ok(t, robot, "GET "+guildStickers, nil, s.guild).some()
	s.ok(t, robot, "GET "+one, nil, s.guild, id)
	s.ok(t, robot, "GET /stickers/{sticker_id}", nil, id)
	s.ok(t, robot, "PATCH "+one, object{"description": "Waves a hand"}, s.guild, id)
	s.ok(t, s.nobody, "GET /sticker-packs", nil)
	s.ok(t, s.owner.Client, "DELETE "+one, nil, s.guild, id)
	s.fails(t, robot, "GET /sticker-packs/{pack_id}", nil, http.StatusNotFound, 10061, "1") // there are none that one could get
}

// newSticker gives the guild a sticker and returns its id.
func (s *suite) newSticker(t *testing.T) string {
	t.Helper()
	file, err := base64.StdEncoding.DecodeString("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
	if err != nil {
		t.Fatal(err)
	}
	const field = "--edge\r\nContent-Disposition: form-data; name="
	body := field + "\"name\"\r\n\r\nwave\r\n" + field + "\"tags\"\r\n\r\nwave\r\n" +
		field + "\"file\"; filename=\"wave.gif\"\r\n\r\n" + string(file) + "\r\n--edge--\r\n"
	header := http.Header{"Content-Type": {"multipart/form-data; boundary=edge"}}
	got, err := s.bot.Raw(t.Context(), http.MethodPost, "/api/v10/guilds/"+s.guild+"/stickers", header, []byte(body))
	if err != nil || got.Status != http.StatusCreated {
		t.Fatalf("%v %d %s", err, got.Status, got.Body)
	}
	decoded, err := s.validate("POST "+guildStickers, got)
	if err != nil {
		t.Error(err)
	}
	s.called["POST "+guildStickers] = true
	return answer{t, decoded}.text("id")
}
