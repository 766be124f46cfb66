package widget

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/http"
	"strconv"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
)

// style is how a widget's picture looks. Sizes are in pixels; the name is left out where it is 0.
type style struct {
	width, height    int
	name, count      float64 // sizes of the texts
	back, front, dot color.RGBA
}

var (
	green = color.RGBA{0x43, 0xb5, 0x81, 0xff}
	white = color.RGBA{0xff, 0xff, 0xff, 0xff}
	dark  = color.RGBA{0x2c, 0x2f, 0x33, 0xff}
	blue  = color.RGBA{0x58, 0x65, 0xf2, 0xff}
	pale  = color.RGBA{0xf2, 0xf3, 0xf5, 0xff}
)

// styles are the pictures that can be asked for.
// https://discord.com/developers/docs/resources/guild#get-guild-widget-image-widget-style-options
var styles = map[string]style{
	"shield":  {130, 20, 0, 11, dark, white, green},
	"banner1": {320, 76, 20, 14, blue, white, green},
	"banner2": {320, 65, 18, 13, dark, white, green},
	"banner3": {320, 65, 18, 13, pale, dark, green},
	"banner4": {320, 85, 22, 15, dark, white, green},
}

// png shows the guild's name and how many are there, as a picture.
// https://discord.com/developers/docs/resources/guild#get-guild-widget-image
func (h *Handlers) png(c *call.Call) error {
	name := c.Query("style")
	if name == "" {
		name = "shield"
	}
	s, known := styles[name]
	if !known {
		return form.Single("style", "BASE_TYPE_CHOICES", "Value must be one of {shield, banner1, banner2, banner3, banner4}.")
	}
	g, err := h.enabled(c)
	if err != nil {
		return err
	}
	n, err := h.presences.Count(c.Request.Context(), g.Guild.ID)
	if err != nil {
		return err
	}
	picture, err := s.draw(g.Guild.Name, n)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "public, max-age=60")
	c.Data(http.StatusOK, "image/png", picture)
	return nil
}

// bold is the font, parsed once.
var bold = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(gobold.TTF) })

const margin = 10

// draw makes the picture.
func (s style) draw(name string, online int) ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, s.width, s.height))
	draw.Draw(img, img.Bounds(), image.NewUniform(s.back), image.Point{}, draw.Src)
	middle := s.height / 2
	if s.name > 0 {
		if err := s.write(img, name, s.name, margin, s.height*2/5); err != nil {
			return nil, err
		}
		middle = s.height * 3 / 4
	}
	radius := max(int(s.count)/4, 3)
	s.disc(img, margin+radius, middle, radius)
	text := strconv.Itoa(online) + " online"
	if err := s.write(img, text, s.count, margin+3*radius, middle+int(s.count)/3); err != nil {
		return nil, err
	}
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, img); err != nil {
		return nil, fmt.Errorf("encode widget: %w", err)
	}
	return encoded.Bytes(), nil
}

// write draws a text from a point of its baseline on, as much of it as there is room for.
func (s style) write(img *image.RGBA, text string, size float64, x, y int) error {
	parsed, err := bold()
	if err != nil {
		return fmt.Errorf("parse font: %w", err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return fmt.Errorf("make font: %w", err)
	}
	defer func() { _ = face.Close() }()
	runes, room := []rune(text), fixed.I(s.width-x-margin/2)
	for len(runes) > 0 && font.MeasureString(face, string(runes)) > room {
		runes = runes[:len(runes)-1]
	}
	d := font.Drawer{Dst: img, Src: image.NewUniform(s.front), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(string(runes))
	return nil
}

// disc draws the sign of being online.
func (s style) disc(img *image.RGBA, cx, cy, r int) {
	for y := -r; y <= r; y++ {
		for x := -r; x <= r; x++ {
			if x*x+y*y <= r*r {
				img.SetRGBA(cx+x, cy+y, s.dot)
			}
		}
	}
}
