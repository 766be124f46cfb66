package store

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/pgtest"
)

// What is split here is to the index what Postgres would have made of it.
func TestWordsAreWhatPostgresMakesOfThem(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), pgtest.New(t, Migrate))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	texts := []string{
		"", " ", "\n", "a", "running RUNS Ran, ran. run! run?", "00042 42 042 42", strings.Repeat("again and again ", 400), strings.Repeat("x ", 17000),
		"http: mailto, www. www.example.com", "don't", "it is 3.14", "1e5 x", "e5", "5e 5", "a@b.c", "file.txt", "word.. word", "x , y",
		"well-known", "a_b", "50%", "-5", "+5", "a:b", "naïve", "\x01", "<b>bold</b>", "&amp;", "v 1 2 3", strings.Repeat("x", 64), strings.Repeat("x", 65),
		"the and of", "I İ", "C.", "U.S. of", "yes!no", "tab\there",
	}
	random := rand.New(rand.NewPCG(7, 7))
	parts := []string{
		"running", "Hello", "WORLD", "tests", "Ponies", "42", "007", "x", "the", "generously", "'s", "-", ".", ",", "!", "?", "@", "/", "http", "www", "com", "e", "1", "_", ":", "\n", "é",
	}
	for range 4000 {
		var text strings.Builder
		for range 1 + random.IntN(12) {
			text.WriteString(parts[random.IntN(len(parts))])
			if random.IntN(5) > 0 {
				text.WriteByte(' ')
			}
		}
		texts = append(texts, text.String())
	}
	facets := make([][]string, len(texts))
	for i := range facets {
		facets[i] = []string{"=a" + strconv.Itoa(i), `=it's a \ file`}[:random.IntN(3)]
	}
	arrays := make([]string, len(texts))
	for i, of := range facets {
		arrays[i] = arrayOfTexts(of)
	}
	split := 0
	for range 2 { // the second time what the words are is known
		vectors, err := s.vectors(t.Context(), s.pool, texts, facets)
		if err != nil {
			t.Fatal(err)
		}
		split = 0
		for _, v := range vectors {
			if v != nil {
				split++
			}
		}
		rows, err := s.pool.Query(t.Context(), `select words, vector, wanted::text
			from unnest($1::text[], $2::text[], $3::text[]) as given (words, facets, vector),
				lateral (select array_to_tsvector(facets::text[]) || to_tsvector('guildhall', words) as wanted) as made
			where vector is not null and vector::tsvector::text <> wanted::text`, texts, arrays, vectors)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var text, ours, theirs string
			if err := rows.Scan(&text, &ours, &theirs); err != nil {
				t.Fatal(err)
			}
			t.Errorf("%.100q is %.100s, not %.100s", text, ours, theirs)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if split < 200 {
		t.Errorf("only %d texts of %d are split here", split, len(texts))
	}
}
