// Package payload is what the load generator sends and how it is known again: the text of a message follows from its
// number alone, so that whoever receives it can tell which one it is, and whether a byte of it differs.
package payload

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strconv"
)

// contentBytes makes a MESSAGE_CREATE of about 1,200 bytes.
const contentBytes = 800

// number begins a message's text: this and eight digits.
const number = "message "

// words are common ones: text compresses as chat does.
var words = []string{
	"the", "of", "and", "to", "in", "is", "that", "for", "it", "was", "with", "as", "on", "be", "at", "by", "this", "have",
	"from", "or", "one", "had", "not", "but", "what", "all", "were", "when", "we", "there", "can", "an", "your", "which",
	"their", "said", "if", "do", "will", "each", "about", "how", "up", "out", "them", "then", "she", "many", "some", "so",
	"these", "would", "other", "into", "has", "more", "her", "two", "like", "him", "see", "time", "could", "no", "make",
	"than", "first", "been", "its", "who", "now", "people", "my", "made", "over", "did", "down", "only", "way", "find",
}

// Content returns the text of message n.
func Content(n int) string {
	text := make([]byte, 0, contentBytes+16)
	text = append(text, number...)
	digits := strconv.Itoa(n)
	text = append(text, "00000000"[min(len(digits), 8):]...)
	text = append(text, digits...)
	random := rand.New(rand.NewPCG(uint64(n), 1)) // the same text whoever makes it
	for len(text) < contentBytes {
		text = append(text, ' ')
		text = append(text, words[random.IntN(len(words))]...)
	}
	return string(text)
}

// ErrContent says that a message's text is not what it should be.
var ErrContent = errors.New("the content is damaged")

// Number finds the message in d, the data of a MESSAGE_CREATE, and checks every byte of its text.
func Number(d []byte) (int, error) {
	_, text, found := bytes.Cut(d, []byte(`"content":"`+number))
	if !found || len(text) < 8 {
		return 0, ErrContent
	}
	n, err := strconv.Atoi(string(text[:8]))
	if err != nil {
		return 0, ErrContent
	}
	text = text[8:]
	want := Content(n)[len(number)+8:]
	if len(text) <= len(want) || string(text[:len(want)]) != want || text[len(want)] != '"' {
		return 0, ErrContent
	}
	return n, nil
}
