package codec

import (
	"errors"
	"net/url"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]Params{
		"":                                      {Version: 10},
		"v=10&encoding=json":                    {Version: 10},
		"v=9&encoding=json":                     {Version: 9}, // discordgo
		"v=10&compress=zlib-stream":             {Version: 10, Compression: ZlibStream},
		"v=10&compress=zstd-stream":             {Version: 10, Compression: ZstdStream},
		"encoding=etf":                          {Version: 10, Encoding: ETF},
		"v=9&encoding=etf&compress=zstd-stream": {Version: 9, Encoding: ETF, Compression: ZstdStream},
		"v=10&v=3&unknown=1":                    {Version: 10},
	} {
		got, err := Parse(parseQuery(t, query))
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v; want %+v", query, got, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]discord.CloseCode{
		"v=8":                        discord.CloseInvalidAPIVersion,
		"v=010":                      discord.CloseInvalidAPIVersion,
		"v=ten&compress=none":        discord.CloseInvalidAPIVersion,
		"v=10&encoding=bson":         discord.CloseDecodeError,
		"v=10&encoding=ETF":          discord.CloseDecodeError,
		"v=10&compress=gzip":         0,
		"encoding=etf&compress=zstd": 0,
	} {
		_, err := Parse(parseQuery(t, query))
		var bad *ParamsError
		if !errors.As(err, &bad) || bad.Close != want || bad.Reason == "" {
			t.Errorf("%q: got %+v, want close code %d with a reason", query, err, want)
		}
	}
}

func parseQuery(t *testing.T, query string) url.Values {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return values
}
