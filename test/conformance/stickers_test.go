package conformance_test

import (
	"net/http"
	"testing"
)

const guildStickers = "/guilds/{guild_id}/stickers"

// stickers makes a sticker, which no JSON body can, and changes it.
func (s *suite) stickers(t *testing.T) {
	const one = guildStickers + "/{sticker_id}"
	robot := s.bot.Client
	id := s.newSticker(t, s.guild)
	s.ok(t, robot, "GET "+guildStickers, nil, s.guild).some()
	s.ok(t, robot, "GET "+one, nil, s.guild, id)
	s.ok(t, robot, "GET /stickers/{sticker_id}", nil, id)
	s.ok(t, robot, "PATCH "+one, object{"description": "Waves a hand"}, s.guild, id)
	s.ok(t, s.nobody, "GET /sticker-packs", nil)
	s.ok(t, s.owner.Client, "DELETE "+one, nil, s.guild, id)
	s.fails(t, robot, "GET /sticker-packs/{pack_id}", nil, http.StatusNotFound, 10061, "1") // there are none that one could get
}

// newSticker gives a guild a sticker and returns its id.
func (s *suite) newSticker(t *testing.T, guild string) string {
	t.Helper()
	const field = "--edge\r\nContent-Disposition: form-data; name="
	body := field + "\"name\"\r\n\r\nwave\r\n" + field + "\"tags\"\r\n\r\nwave\r\n" +
		field + "\"file\"; filename=\"wave.gif\"\r\n\r\n" + string(gif) + "\r\n--edge--\r\n"
	got := s.sendAs(t, s.owner.Client, "POST "+guildStickers, "multipart/form-data; boundary=edge", []byte(body), guild)
	return s.succeeded(t, "POST "+guildStickers, got).text("id")
}

// gif is the smallest picture.
var gif = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;")
