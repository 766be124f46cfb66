package images

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"guildhall.chat/guildhall/api/rest"
	"guildhall.chat/guildhall/internal/pgtest"
	"guildhall.chat/guildhall/internal/picture"
	"guildhall.chat/guildhall/internal/store"
)

func drawnPNG(t testing.TB, side int) []byte {
	t.Helper()
	var file bytes.Buffer
	must(t, png.Encode(&file, image.NewGray(image.Rect(0, 0, side, side))))
	return file.Bytes()
}

func TestVariants(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), pgtest.New(t, store.Migrate))
	must(t, err)
	t.Cleanup(s.Close)
	h := New(s, picture.NewScaler())
	handler, err := rest.New(rest.Config{Logger: slog.New(slog.DiscardHandler), Public: h.Routes()})
	must(t, err)
	hashes := map[string]string{}
	moving := webpOf(1 << 1)
	for name, image := range map[string]store.Image{
		"png": Named(drawnPNG(t, 256), "image/png"), "gif": Named(gifOf(t, 3), "image/gif"), "webp": Named(moving, "image/webp"),
	} {
		must(t, s.Change(t.Context(), func(tx *store.Tx) error { return tx.SaveImage(t.Context(), image) }))
		hashes[name] = image.Hash
	}
	for name, c := range map[string]struct {
		stored, ask string
		status      int
		kind        string // media type, or where it leads
		side        int
	}{
		"as it is":              {"png", "png", 200, "image/png", 256},
		"smaller":               {"png", "png?size=64", 200, "image/png", 64},
		"as clients ask":        {"png", "webp?size=48", 200, "image/jpeg", 48},
		"never larger":          {"png", "webp?size=4096", 200, "image/jpeg", 256},
		"JPEG":                  {"png", "jpg?size=32", 200, "image/jpeg", 32},
		"JPEG by its long name": {"png", "jpeg", 200, "image/jpeg", 256},
		"an animation":          {"gif", "gif", 200, "image/gif", 70},
		"a smaller animation":   {"gif", "gif?size=16", 200, "image/gif", 16},
		"an animation's first":  {"gif", "png?size=32", 200, "image/png", 32},
		"an animation as WebP":  {"gif", "webp?size=32&animated=true", 302, ".gif?size=32", 0},
		"a still one as GIF":    {"png", "gif", 415, "application/json", 0},
		"what can't be decoded": {"webp", "png?size=32", 302, ".webp", 0},
		"  as it is":            {"webp", "webp?size=16", 200, "image/webp", 0},
		"no power of two":       {"png", "png?size=17", 400, "application/json", 0},
		"too small":             {"png", "png?size=8", 400, "application/json", 0},
		"too large":             {"png", "png?size=8192", 400, "application/json", 0},
		"no number":             {"png", "png?size=x", 400, "application/json", 0},
		"another form":          {"png", "svg", 404, "application/json", 0},
		"two endings":           {"png", "png.png", 404, "application/json", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // made, and held
				recorder := httptest.NewRecorder()
				path := "/icons/1/" + hashes[c.stored]
				handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path+"."+c.ask, nil))
				got := recorder.Result()
				if got.StatusCode != c.status {
					t.Fatalf("%d %s", got.StatusCode, recorder.Body)
				}
				if c.status == http.StatusFound {
					if to := got.Header.Get("Location"); to != path+c.kind {
						t.Errorf("leads to %s", to)
					}
					continue
				}
				if kind := got.Header.Get("Content-Type"); kind != c.kind {
					t.Errorf("is %s", kind)
				}
				if c.side == 0 {
					continue
				}
				config, format, err := image.DecodeConfig(got.Body)
				if err != nil || "image/"+format != c.kind || config.Width != c.side || config.Height != c.side {
					t.Errorf("in truth %s, %d x %d: %v", format, config.Width, config.Height, err)
				}
			}
		})
	}
}

// TestVariantIsMadeOnce: many who ask for the same at the same time get one and the same.
func TestVariantIsMadeOnce(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), pgtest.New(t, store.Migrate))
	must(t, err)
	t.Cleanup(s.Close)
	stored := Named(drawnPNG(t, 512), "image/png")
	must(t, s.Change(t.Context(), func(tx *store.Tx) error { return tx.SaveImage(t.Context(), stored) }))
	vs := newVariants(s, picture.NewScaler())
	must(t, vs.makers.Acquire(t.Context(), makersAtOnce)) // nothing is made until all have asked
	var asked, done sync.WaitGroup
	answers := make(chan made, 32)
	for range cap(answers) {
		asked.Add(1)
		done.Go(func() {
			asked.Done()
			m, err := vs.get(t.Context(), variant{stored.Hash, "webp", 64})
			if err != nil {
				t.Error(err)
			}
			answers <- m
		})
	}
	asked.Wait()
	vs.makers.Release(makersAtOnce)
	done.Wait()
	close(answers)
	first := <-answers
	for m := range answers {
		if &m.Bytes[0] != &first.Bytes[0] {
			t.Fatal("made twice")
		}
	}
}

func TestHeldIsBounded(t *testing.T) {
	t.Parallel()
	const most = 64 << 10
	h := newHeld(most)
	for i := range 1000 {
		h.add(variant{fmt.Sprint(i % 300), "png", 0}, made{Picture: picture.Picture{Bytes: make([]byte, i%5000)}})
		sum := 0
		for _, m := range h.last.Values() {
			sum += cost(m)
		}
		if sum != h.bytes || sum > most {
			t.Fatalf("%d bytes held, %d counted", sum, h.bytes)
		}
	}
	if _, ok := h.get(variant{"99", "png", 0}); !ok {
		t.Error("the last one is not held")
	}
}
