package stickers

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
)

func still(t testing.TB, side int) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, side, 1))); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// moving is a PNG whose one picture is shown for so many seconds.
func moving(t testing.TB, seconds uint16) []byte {
	t.Helper()
	const afterHeader = 8 + 25
	control := make([]byte, 26)
	binary.BigEndian.PutUint16(control[20:], seconds)
	binary.BigEndian.PutUint16(control[22:], 1)
	file := still(t, 2)
	chunks := append(chunk("acTL", make([]byte, 8)), chunk("fcTL", control)...)
	return append(append(bytes.Clone(file[:afterHeader]), chunks...), file[afterHeader:]...)
}

func chunk(kind string, data []byte) []byte {
	named := append([]byte(kind), data...)
	made := append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), named...)
	return binary.BigEndian.AppendUint32(made, crc32.ChecksumIEEE(named))
}

func drawnGIF(t testing.TB) []byte {
	t.Helper()
	var file bytes.Buffer
	picture := image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.Black, color.White})
	if err := gif.Encode(&file, picture, nil); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func lottie(side, rate, pictures int) []byte {
	return fmt.Appendf(nil, `{"v":"5.5","w":%d,"h":%d,"fr":%d,"ip":0,"op":%d,"layers":[]}`, side, side, rate, pictures)
}

func TestInspect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file   []byte
		format discord.StickerFormat
		err    error
	}{
		"PNG":            {still(t, 320), discord.StickerPNG, nil},
		"wide":           {still(t, 321), 0, discord.ErrStickerTooManyPixels},
		"APNG":           {moving(t, 5), discord.StickerAPNG, nil},
		"long APNG":      {moving(t, 6), 0, discord.ErrStickerTooLong},
		"GIF":            {drawnGIF(t), discord.StickerGIF, nil},
		"Lottie":         {lottie(320, 60, 300), discord.StickerLottie, nil},
		"large Lottie":   {lottie(321, 60, 300), 0, discord.ErrStickerTooManyPixels},
		"long Lottie":    {lottie(320, 60, 301), 0, discord.ErrStickerTooLong},
		"fast Lottie":    {lottie(320, 61, 300), 0, discord.ErrStickerFrameRate},
		"still Lottie":   {lottie(320, 0, 0), 0, discord.ErrStickerFrameRate},
		"Lottie of none": {lottie(0, 60, 300), 0, discord.ErrFileInvalidLottie},
		"cut JSON":       {[]byte(`{"v":`), 0, discord.ErrFileInvalidLottie},
		"nothing":        {nil, 0, discord.ErrInvalidFile},
		"text":           {[]byte("hello"), 0, discord.ErrInvalidFile},
	} {
		format, file, err := inspect(c.file)
		if !errors.Is(err, c.err) || err == nil && (format != c.format || !bytes.Equal(file.Bytes, c.file) || file.Hash == "") {
			t.Errorf("%s: %d, %v", name, format, err)
		}
	}
}

func FuzzInspect(f *testing.F) {
	for _, seed := range [][]byte{still(f, 3), moving(f, 1), drawnGIF(f), lottie(320, 60, 60)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		format, kept, err := inspect(file)
		var told *discord.Error
		if err != nil && !errors.As(err, &told) {
			t.Fatalf("not a client's error: %v", err)
		}
		if err == nil && (format < discord.StickerPNG || format > discord.StickerGIF || kept.Type == "") {
			t.Fatalf("%d, %q", format, kept.Type)
		}
	})
}
