package stickers

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	_ "image/gif" // forms of stickers
	_ "image/png" //
	"io"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/images"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

// Limits of a sticker's file.
// https://discord.com/developers/docs/resources/sticker#create-guild-sticker
const (
	maxBytes   = 512 << 10
	maxSide    = 320 // pixels
	maxSeconds = 5   // of an animation
	maxRate    = 60  // pictures a second
)

// sent reads the file of a request.
func sent(p *form.Problems, c *call.Call) ([]byte, error) {
	if c.Request.MultipartForm == nil || len(c.Request.MultipartForm.File["file"]) == 0 {
		p.Required("file")
		return nil, nil
	}
	header := c.Request.MultipartForm.File["file"][0]
	if header.Size > maxBytes {
		return nil, discord.ErrFileTooLarge
	}
	file, err := header.Open()
	if err != nil {
		return nil, fmt.Errorf("open sticker: %w", err)
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("read sticker: %w", err)
	}
	return content, nil
}

// inspect finds out from the bytes of a file what sticker it is.
func inspect(content []byte) (discord.StickerFormat, store.Image, error) {
	if trimmed := bytes.TrimSpace(content); len(trimmed) > 0 && trimmed[0] == '{' {
		return discord.StickerLottie, images.Named(content, "application/json"), checkLottie(content)
	}
	config, kind, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil || kind != "png" && kind != "gif" || config.Width < 1 || config.Height < 1 {
		return 0, store.Image{}, discord.ErrInvalidFile
	}
	if config.Width > maxSide || config.Height > maxSide {
		return 0, store.Image{}, discord.ErrStickerTooManyPixels
	}
	picture := images.Named(content, "image/"+kind)
	if kind == "gif" {
		return discord.StickerGIF, picture, nil
	}
	moving, seconds := animation(content)
	if !moving {
		return discord.StickerPNG, picture, nil
	}
	if seconds > maxSeconds {
		return 0, store.Image{}, discord.ErrStickerTooLong
	}
	return discord.StickerAPNG, picture, nil
}

// animation looks through the chunks of a PNG for those that make it move, and adds up how long its pictures are shown.
// https://www.w3.org/TR/png-3/#apng-frame-based-animation
func animation(file []byte) (moving bool, seconds float64) {
	const signature, header, checksum = 8, 8, 4
	for rest := file[signature:]; len(rest) >= header; {
		size := uint64(binary.BigEndian.Uint32(rest))
		if uint64(len(rest)) < header+size+checksum {
			break
		}
		data := rest[header : header+size]
		switch string(rest[4:header]) {
		case "acTL":
			moving = true
		case "fcTL":
			if len(data) >= 24 {
				seconds += delay(binary.BigEndian.Uint16(data[20:]), binary.BigEndian.Uint16(data[22:]))
			}
		}
		rest = rest[header+size+checksum:]
	}
	return moving, seconds
}

// delay is how long a picture is shown, in seconds; of 0 it is hundredths.
func delay(numerator, denominator uint16) float64 {
	if denominator == 0 {
		denominator = 100
	}
	return float64(numerator) / float64(denominator)
}

// checkLottie checks the frame of an animation of Lottie; what is in it is for the clients to draw.
// https://lottie.github.io/lottie-spec/latest/specs/composition/
func checkLottie(content []byte) error {
	var l struct {
		Width        float64            `json:"w"`
		Height       float64            `json:"h"`
		Rate         float64            `json:"fr"`
		FirstPicture float64            `json:"ip"`
		BeyondLast   float64            `json:"op"`
		Layers       *[]json.RawMessage `json:"layers"`
	}
	if json.Unmarshal(content, &l) != nil || l.Layers == nil || l.Width <= 0 || l.Height <= 0 {
		return discord.ErrFileInvalidLottie
	}
	switch {
	case l.Width > maxSide || l.Height > maxSide:
		return discord.ErrStickerTooManyPixels
	case l.Rate <= 0 || l.Rate > maxRate:
		return discord.ErrStickerFrameRate
	case (l.BeyondLast-l.FirstPicture)/l.Rate > maxSeconds:
		return discord.ErrStickerTooLong
	}
	return nil
}
