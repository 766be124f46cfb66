package unfurl

import (
	"bytes"
	"context"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"net/http"

	_ "golang.org/x/image/webp"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/fetch"
)

// pictureEmbed is the embed of a link to a picture, nil if it is none that is known.
func pictureEmbed(link string, content []byte) *discord.Embed {
	width, height := sizeOf(content)
	if width == 0 || height == 0 {
		return nil
	}
	return &discord.Embed{Type: "image", URL: link, Thumbnail: media(link, width, height)}
}

// size requests as much of a picture as tells its size in pixels; 0 if that is not to be known.
func (u *Unfurler) size(ctx context.Context, link string) (width, height int) {
	answer, err := u.fetch.Do(ctx, fetch.Request{
		URL: link, MaxBytes: pictureBytes, Cut: true, MaxRedirects: maxRedirects, Header: http.Header{"Accept": {"image/*"}},
	})
	if err != nil || answer.Status != http.StatusOK {
		return 0, 0
	}
	return sizeOf(answer.Body)
}

func sizeOf(content []byte) (width, height int) {
	config, _, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return 0, 0
	}
	return config.Width, config.Height
}
