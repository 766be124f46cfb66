package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Most of what indexing a message costs is Postgres' parser, which looks for addresses, numbers and much else in every text. What
// most messages say is words with blanks between them: those are split here, and Postgres is only asked once what each word is
// in the index.

const (
	// lexemesHeld is of how many words it is known what they are in the index.
	lexemesHeld = 65536
	// maxWord is the longest word that is split here, in bytes.
	maxWord = 64
	// maxWords is for how many words of a text there are positions, maxPositions how many of them a lexeme has.
	// https://www.postgresql.org/docs/current/textsearch-limitations.html
	maxWords     = 16382
	maxPositions = 255
)

// vectors returns the tsvectors of texts as to_tsvector('guildhall', ...) makes them, with the facets of each as lexemes without
// positions, in the form of their input; nil for those that Postgres must parse.
func (s *Store) vectors(ctx context.Context, q querier, texts []string, facets [][]string) ([]*string, error) {
	split := make([][]string, len(texts))
	lexemes := map[string]string{}
	var unknown []string
	for i, text := range texts {
		split[i] = plainWords(text)
		for _, word := range split[i] {
			if _, seen := lexemes[word]; seen {
				continue
			}
			lexeme, held := s.lexemes.Get(word)
			if lexemes[word] = lexeme; !held {
				unknown = append(unknown, word)
			}
		}
	}
	if err := s.learn(ctx, q, unknown, lexemes); err != nil {
		return nil, err
	}
	vectors := make([]*string, len(texts))
	for i, words := range split {
		if words != nil {
			vectors[i] = vectorOf(words, lexemes, facets[i])
		}
	}
	return vectors, nil
}

// learn adds the lexemes of words. One that is no lexeme, or several, gets "".
func (s *Store) learn(ctx context.Context, q querier, words []string, lexemes map[string]string) error {
	if len(words) == 0 {
		return nil
	}
	rows, err := q.Query(ctx, `select word, case when cardinality(found) = 1 then found[1] else '' end
		from (select word, ts_lexize(case when word ~ '^[0-9]' then 'simple' else 'guildhall_stem' end::regdictionary, word) as found
			from unnest($1::text[]) as word) as asked`, words)
	if err != nil {
		return fmt.Errorf("lexemes: %w", err)
	}
	var word, lexeme string
	_, err = pgx.ForEachRow(rows, []any{&word, &lexeme}, func() error {
		lexemes[word] = lexeme
		s.lexemes.Add(word, lexeme)
		return nil
	})
	if err != nil {
		return fmt.Errorf("lexemes: %w", err)
	}
	return nil
}

// plainWords splits a text of words of ASCII letters, which a mark may follow, and numbers, with blanks between them; none of any
// other text.
func plainWords(text string) (words []string) {
	for i := 0; i < len(text); {
		if isBlank(text[i]) {
			i++
			continue
		}
		is := isLetter
		if !is(text[i]) {
			is = isDigit
		}
		end := i
		for end < len(text) && is(text[end]) {
			end++
		}
		if end == i || end-i > maxWord || len(words) == maxWords {
			return nil
		}
		words = append(words, text[i:end])
		if i = end; i < len(text) && isLetter(text[i-1]) && isMark(text[i]) {
			i++
		}
		if i < len(text) && !isBlank(text[i]) {
			return nil
		}
	}
	return words
}

func isBlank(c byte) bool  { return c == ' ' || c == '\n' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isMark(c byte) bool   { return c == ',' || c == '.' || c == '!' || c == '?' }

// vectorOf writes words with their positions, and facets without, as the input of tsvector.
// https://www.postgresql.org/docs/current/datatype-textsearch.html#DATATYPE-TSVECTOR
func vectorOf(words []string, lexemes map[string]string, facets []string) *string {
	at := make(map[string]int, len(words))
	var order []string
	var positions [][]byte
	var counts []int
	for i, word := range words {
		lexeme := lexemes[word]
		if lexeme == "" {
			return nil
		}
		n, seen := at[lexeme]
		if !seen {
			n = len(order)
			at[lexeme] = n
			order, positions, counts = append(order, lexeme), append(positions, make([]byte, 0, 16)), append(counts, 0)
		}
		if counts[n]++; counts[n] > maxPositions {
			continue
		}
		if counts[n] > 1 {
			positions[n] = append(positions[n], ',')
		}
		positions[n] = strconv.AppendInt(positions[n], int64(i+1), 10)
	}
	var b strings.Builder
	quote := func(lexeme string) {
		b.WriteByte('\'')
		_, _ = quotedLexeme.WriteString(&b, lexeme) // a Builder takes all
		b.WriteByte('\'')
	}
	for n, lexeme := range order {
		quote(lexeme)
		b.WriteByte(':')
		b.Write(positions[n])
		b.WriteByte(' ')
	}
	for _, facet := range facets {
		quote(facet)
		b.WriteByte(' ')
	}
	vector := b.String()
	return &vector
}

var quotedLexeme = strings.NewReplacer(`'`, `''`, `\`, `\\`)
