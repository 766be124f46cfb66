package presence

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// ErrInvalid says that what a client sent is no presence. It says why in words for the client's author.
var ErrInvalid = errors.New("invalid presence")

// Bounds of what a session may tell. Discord documents none but the lengths of a bot's texts.
const (
	maxActivities    = 16
	maxActivityBytes = 8 << 10 // all together
	maxText          = 128     // characters
	maxURL           = 512     // characters
)

// Update is what a session tells of itself.
type Update struct {
	Status     Status            `json:"status"`
	Activities []json.RawMessage `json:"activities"`
	Since      int64             `json:"since,omitempty"` // idle since, Unix milliseconds; 0: it isn't
	Client     Client            `json:"client"`
}

// ParseUpdate reads the d of op 3, or the presence of IDENTIFY, ErrInvalid if it is none. Of a bot's activities only the
// fields that bots may set are kept; a user's are kept as they are. Unknown keys are ignored.
//
// https://discord.com/developers/docs/events/gateway-events#update-presence
func ParseUpdate(data []byte, client Client, bot bool, now time.Time) (Update, error) {
	var d struct {
		Status     Status            `json:"status"`
		Activities []json.RawMessage `json:"activities"`
		Since      *float64          `json:"since"`
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return Update{}, fmt.Errorf("%w: not of the right shape", ErrInvalid)
	}
	u := Update{Status: d.Status, Activities: []json.RawMessage{}, Client: client}
	switch d.Status {
	case "": // discordgo sends that for a presence that wasn't set
		u.Status = Online
	case Online, DND, Idle, Invisible, Offline:
	default:
		return Update{}, fmt.Errorf("%w: unknown status", ErrInvalid)
	}
	if d.Since != nil && *d.Since > 0 && *d.Since < 1<<53 {
		u.Since = int64(*d.Since)
	}
	if len(d.Activities) > maxActivities {
		return Update{}, fmt.Errorf("%w: more than %d activities", ErrInvalid, maxActivities)
	}
	size := 0
	for _, raw := range d.Activities {
		activity, err := parseActivity(raw, bot, now)
		if err != nil {
			return Update{}, err
		}
		if size += len(activity); size > maxActivityBytes {
			return Update{}, fmt.Errorf("%w: activities of more than %d bytes", ErrInvalid, maxActivityBytes)
		}
		u.Activities = append(u.Activities, activity)
	}
	return u, nil
}

// activity is what bots may set of an activity.
type activity struct {
	Name  string  `json:"name"`
	Type  int     `json:"type"`
	State *string `json:"state,omitempty"`
	URL   *string `json:"url,omitempty"`
}

// parseActivity returns an activity as others get it.
//
// https://discord.com/developers/docs/events/gateway-events#activity-object
func parseActivity(raw json.RawMessage, bot bool, now time.Time) (json.RawMessage, error) {
	var a activity
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("%w: activity not of the right shape", ErrInvalid)
	}
	switch {
	case len(raw) == 0 || raw[0] != '{':
		return nil, fmt.Errorf("%w: activity not an object", ErrInvalid)
	case a.Type < 0 || a.Type > 5:
		return nil, fmt.Errorf("%w: unknown type of activity", ErrInvalid)
	case utf8.RuneCountInString(a.Name) > maxText || tooLong(a.State, maxText) || tooLong(a.URL, maxURL):
		return nil, fmt.Errorf("%w: a text of an activity is too long", ErrInvalid)
	case !bot:
		return raw, nil
	}
	// When it began is ours to say; discordgo sends a text for it.
	return json.Marshal(struct {
		activity
		CreatedAt int64 `json:"created_at"`
	}{a, now.UnixMilli()})
}

func tooLong(text *string, most int) bool { return text != nil && utf8.RuneCountInString(*text) > most }
