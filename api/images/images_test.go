package images

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/rest"
	"guildhall.chat/guildhall/internal/pgtest"
	"guildhall.chat/guildhall/internal/picture"
	"guildhall.chat/guildhall/internal/store"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func uri(kind string, content []byte) string {
	return "data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(content)
}

// pictures has one of each format.
func pictures(t testing.TB) map[string][]byte {
	t.Helper()
	picture := image.NewPaletted(image.Rect(0, 0, 3, 2), color.Palette{color.Black, color.White})
	files := map[string][]byte{}
	for format, encode := range map[string]func(io.Writer) error{
		"png":  func(w io.Writer) error { return png.Encode(w, picture) },
		"jpeg": func(w io.Writer) error { return jpeg.Encode(w, picture, nil) },
		"gif":  func(w io.Writer) error { return gif.Encode(w, picture, nil) },
	} {
		var file bytes.Buffer
		must(t, encode(&file))
		files[format] = file.Bytes()
	}
	webp, err := base64.StdEncoding.DecodeString("UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAUAmJaQAA3AA/v02aAA=")
	must(t, err)
	files["webp"] = webp
	return files
}

func TestParse(t *testing.T) {
	t.Parallel()
	hashes := map[string]bool{}
	for format, file := range pictures(t) {
		got, err := Parse("avatar", uri("png", file)) // clients often say the wrong format
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		if got.Type != "image/"+format || !bytes.Equal(got.Bytes, file) || strings.HasPrefix(got.Hash, "a_") != (format == "gif") {
			t.Errorf("%s: %s, %s", format, got.Type, got.Hash)
		}
		again, _ := Parse("icon", uri(format, file))
		if again.Hash != got.Hash || hashes[got.Hash] || !isHash(got.Hash) {
			t.Errorf("%s: hash %s, then %s", format, got.Hash, again.Hash)
		}
		hashes[got.Hash] = true
	}
}

// wide is a PNG that says it is of that width.
func wide(t testing.TB, width uint32) []byte {
	file := bytes.Clone(pictures(t)["png"])
	binary.BigEndian.PutUint32(file[16:], width)
	// The checksum of the header, which begins with its name.
	binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
	return file
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	good := pictures(t)["png"]
	if _, err := Parse("avatar", uri("png", wide(t, maxSide))); err != nil {
		t.Errorf("the widest: %v", err)
	}
	for name, text := range map[string]string{
		"nothing":      "",
		"a URL":        "https://example.com/a.png",
		"no base64":    "data:image/png," + string(good),
		"bad base64":   "data:image/png;base64,????",
		"text":         "data:text/html;base64,PGI+",
		"SVG":          uri("svg+xml", []byte("<svg xmlns='http://www.w3.org/2000/svg'/>")),
		"HTML as PNG":  uri("png", []byte("<script>alert(1)</script>")),
		"cut":          uri("png", good[:20]),
		"empty":        uri("png", nil),
		"too wide":     uri("png", wide(t, maxSide+1)),
		"no width":     uri("png", wide(t, 0)),
		"a bomb":       uri("png", wide(t, 1<<31-1)),
		"too large":    uri("png", append(bytes.Clone(good), make([]byte, maxBytes)...)),
		"huge garbage": "data:image/png;base64," + strings.Repeat("A", 2*maxBytes),
	} {
		if _, err := Parse("avatar", text); !form.IsInvalid(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	largest := append(bytes.Clone(good), make([]byte, maxBytes-len(good))...)
	if _, err := Parse("avatar", uri("png", largest)); err != nil {
		t.Errorf("the largest: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for format, file := range pictures(f) {
		f.Add(uri(format, file))
	}
	f.Add("data:image/png;base64,")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Parse("avatar", text)
		if err != nil {
			if !form.IsInvalid(err) {
				t.Fatalf("not a client's error: %v", err)
			}
			return
		}
		if !isHash(got.Hash) || len(got.Bytes) > maxBytes || !strings.HasPrefix(got.Type, "image/") {
			t.Fatalf("%s %s", got.Hash, got.Type)
		}
	})
}

func TestServe(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), pgtest.New(t, store.Migrate))
	must(t, err)
	t.Cleanup(s.Close)
	handler, err := rest.New(rest.Config{Logger: slog.New(slog.DiscardHandler), Public: New(s, picture.NewScaler()).Routes()})
	must(t, err)
	get := func(method, path, etag string) *http.Response {
		request := httptest.NewRequestWithContext(t.Context(), method, path, nil)
		request.Header.Set("If-None-Match", etag)
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder.Result()
	}
	for format, file := range pictures(t) {
		var hash string
		for range 2 { // the second time it is there already
			must(t, s.Change(t.Context(), func(tx *store.Tx) (err error) {
				hash, err = Store(t.Context(), tx, "avatar", uri(format, file))
				return err
			}))
		}
		for _, path := range []string{
			"/avatars/1/", "/icons/1/", "/banners/1/", "/guilds/1/users/2/avatars/", "/guilds/1/users/2/banners/", "/app-icons/1/", "/channel-icons/1/",
		} {
			file, hash := file, path+hash+"."+format
			got := get(http.MethodGet, hash+"?size=128", "")
			body, _ := io.ReadAll(got.Body)
			if got.StatusCode != http.StatusOK || !bytes.Equal(body, file) || got.Header.Get("Content-Type") != "image/"+format ||
				got.Header.Get("X-Content-Type-Options") != "nosniff" || got.Header.Get("Cache-Control") != forGood {
				t.Errorf("%s: %d %v", hash, got.StatusCode, got.Header)
			}
			if again := get(http.MethodGet, hash+"?size=128", got.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
				t.Errorf("%s with its ETag: %d", hash, again.StatusCode)
			}
			if other := get(http.MethodGet, hash, got.Header.Get("ETag")); other.StatusCode != http.StatusOK {
				t.Errorf("%s with the ETag of another size: %d", hash, other.StatusCode)
			}
		}
		if got := get(http.MethodHead, "/avatars/1/"+hash+".png", ""); got.StatusCode != http.StatusOK {
			t.Errorf("HEAD: %d", got.StatusCode)
		}
	}
	for i := range palette {
		got := get(http.MethodGet, "/embed/avatars/"+defaultNames[i], "")
		if config, err := png.DecodeConfig(got.Body); err != nil || config.Width != defaultSide {
			t.Errorf("default avatar %d: %v", i, err)
		}
	}
	unknown := strings.Repeat("0", 32)
	for _, path := range []string{
		"/avatars/1/" + unknown + ".png", "/avatars/1/x.png", "/avatars/1/" + unknown, "/avatars/1/" + unknown + ".svg",
		"/avatars/1/a_.gif", "/embed/avatars/6.png", "/embed/avatars/-1.png", "/avatars/1/%00.png",
	} {
		if got := get(http.MethodGet, path, ""); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), pgtest.New(t, store.Migrate))
	must(t, err)
	t.Cleanup(s.Close)
	dot := uri("png", pictures(t)["png"])
	apply := func(value form.Field[*string], to *string) (*string, error) {
		err := s.Change(t.Context(), func(tx *store.Tx) error { return Apply(t.Context(), tx, "icon", value, &to) })
		return to, err
	}
	old := "old"
	if got, err := apply(form.Field[*string]{}, &old); err != nil || *got != old {
		t.Errorf("not sent: %v, %v", got, err)
	}
	if got, err := apply(form.Field[*string]{Set: true}, &old); err != nil || got != nil {
		t.Errorf("null: %v, %v", got, err)
	}
	got, err := apply(form.Field[*string]{Set: true, Value: &dot}, nil)
	must(t, err)
	if _, err := s.Image(t.Context(), *got); err != nil {
		t.Error(err)
	}
	bad := "x"
	if got, err := apply(form.Field[*string]{Set: true, Value: &bad}, &old); !form.IsInvalid(err) || *got != old {
		t.Errorf("bad: %v, %v", got, err)
	}
	if _, err := s.Image(t.Context(), "x"); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
}
