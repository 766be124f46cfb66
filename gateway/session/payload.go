package session

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"guildhall.chat/guildhall/gateway/fanout"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/sharding"
	"guildhall.chat/guildhall/internal/snowflake"
)

// errPayload says that the d of a frame is not what its op wants.
var errPayload = errors.New("malformed payload")

// identify is the d of op 2, as far as it is used here.
// https://discord.com/developers/docs/events/gateway-events#identify
type identify struct {
	token          string
	compress       bool
	largeThreshold int
	shard          *sharding.Shard // nil: not sharded
	intents        *discord.Intents
	browser        string
	presence       json.RawMessage // as op 3 has it; nil or null: online
	capabilities   discord.Capabilities
}

// Bounds and default of large_threshold.
const (
	minLargeThreshold = 50
	maxLargeThreshold = 250
)

// parseIdentify reads the d of an IDENTIFY. The error is a closeError.
func parseIdentify(d json.RawMessage) (identify, error) {
	var wire *struct {
		Token          string          `json:"token"`
		Compress       bool            `json:"compress"`
		LargeThreshold int             `json:"large_threshold"`
		Shard          []int           `json:"shard"`
		Intents        *int64          `json:"intents"`
		Capabilities   json.RawMessage `json:"capabilities"`
		Presence       json.RawMessage `json:"presence"`
		Properties     struct {
			Browser string `json:"browser"`
			Legacy  string `json:"$browser"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(d, &wire); err != nil || wire == nil {
		return identify{}, closeError(discord.CloseDecodeError)
	}
	id := identify{token: wire.Token, compress: wire.Compress, presence: wire.Presence}
	// What is no number of bits counts as none.
	_ = json.Unmarshal(wire.Capabilities, &id.capabilities)
	id.browser = cmp.Or(wire.Properties.Browser, wire.Properties.Legacy)
	id.largeThreshold = min(max(wire.LargeThreshold, minLargeThreshold), maxLargeThreshold)
	if wire.Shard != nil {
		if len(wire.Shard) != 2 {
			return identify{}, closeError(discord.CloseDecodeError)
		}
		shard, err := sharding.New(wire.Shard[0], wire.Shard[1])
		if err != nil {
			return identify{}, closeError(discord.CloseInvalidShard)
		}
		id.shard = &shard
	}
	if wire.Intents != nil {
		if *wire.Intents < 0 {
			return identify{}, closeError(discord.CloseInvalidIntents)
		}
		intents := discord.Intents(*wire.Intents)
		id.intents = &intents
	}
	return id, nil
}

// intentsFor returns the intents that a session of the account gets. The error is a closeError.
func (id identify) intentsFor(account Account) (discord.Intents, error) {
	switch {
	case id.intents == nil && account.Bot:
		return 0, closeError(discord.CloseInvalidIntents)
	case id.intents == nil:
		return discord.IntentsAll, nil
	case !id.intents.Valid(account.Bot):
		return 0, closeError(discord.CloseInvalidIntents)
	case account.Bot && *id.intents&discord.IntentsPrivileged&^discord.GrantedIntents(account.AppFlags) != 0:
		return 0, closeError(discord.CloseDisallowedIntents)
	}
	return *id.intents, nil
}

// capabilitiesFor returns what the protocol of a session of the account is to be like. Bots have the documented one.
func (id identify) capabilitiesFor(account Account) discord.Capabilities {
	if account.Bot {
		return 0
	}
	return id.capabilities
}

// presenceFor returns what the session says of itself. The error is errPayload.
func (id identify) presenceFor(account Account, client presence.Client) (presence.Update, error) {
	d := id.presence
	if isNull(d) {
		d = json.RawMessage(`{}`)
	}
	return parsePresence(d, account, client)
}

func parsePresence(d json.RawMessage, account Account, client presence.Client) (presence.Update, error) {
	if isNull(d) {
		return presence.Update{}, errPayload
	}
	u, err := presence.ParseUpdate(d, client, account.Bot, time.Now())
	if err != nil {
		return u, fmt.Errorf("%w: %w", errPayload, err)
	}
	return u, nil
}

// resume is the d of op 6.
// https://discord.com/developers/docs/events/gateway-events#resume
type resume struct {
	Token     string   `json:"token"`
	SessionID string   `json:"session_id"`
	Seq       *lastSeq `json:"seq"`
}

// lastSeq is an s as clients send it back. What erlpack decodes to a string, because it has more than 32 bits, comes back
// as one.
type lastSeq int64

// UnmarshalJSON reads a number, or one in a string.
func (n *lastSeq) UnmarshalJSON(data []byte) error {
	text := string(data)
	if len(text) >= 2 && text[0] == '"' {
		text = text[1 : len(text)-1]
	}
	if text == "null" {
		return nil
	}
	parsed, err := strconv.ParseInt(text, 10, 64)
	*n = lastSeq(parsed)
	return err
}

func parseResume(d json.RawMessage) (resume, error) {
	var r *resume
	if err := json.Unmarshal(d, &r); err != nil || r == nil {
		return resume{}, errPayload
	}
	return *r, nil
}

// parseBeat reads the d of op 1: the last seq that the client has, or null.
func parseBeat(d json.RawMessage) (seq int64, known bool, err error) {
	if isNull(d) {
		return 0, false, nil
	}
	var last lastSeq
	if err := json.Unmarshal(d, &last); err != nil {
		return 0, false, errPayload
	}
	return int64(last), true, nil
}

// parseQoSBeat reads the d of op 40, which has the seq inside.
func parseQoSBeat(d json.RawMessage) (seq int64, known bool, err error) {
	var beat struct {
		Seq *lastSeq `json:"seq"`
	}
	if err := json.Unmarshal(d, &beat); err != nil {
		return 0, false, errPayload
	}
	if beat.Seq == nil {
		return 0, false, nil
	}
	return int64(*beat.Seq), true, nil
}

func isNull(d json.RawMessage) bool {
	d = bytes.TrimSpace(d)
	return len(d) == 0 || string(d) == "null"
}

// ids is one id or a list of them.
type ids []snowflake.ID

// UnmarshalJSON reads an id or a list of ids.
func (l *ids) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		var list []snowflake.ID
		if err := json.Unmarshal(data, &list); err != nil {
			return err
		}
		*l = append(ids{}, list...)
		return nil
	}
	var one snowflake.ID
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	*l = ids{one}
	return nil
}

// memberRequest is the d of op 8.
type memberRequest struct {
	raw     json.RawMessage
	queries []fanout.MemberQuery // one a guild
	nonce   string
	number  int64 // among the session's requests
}

const (
	// maxUserIDs is how many members may be asked for by id; more are ignored.
	maxUserIDs = 100
	// maxRequestGuilds bounds the guilds of one request; bots name one.
	maxRequestGuilds = 25
	// maxNonce is the longest nonce that is sent back, in bytes; Discord drops longer ones in silence.
	maxNonce = 32
)

// parseMemberRequest reads the d of op 8.
// https://discord.com/developers/docs/events/gateway-events#request-guild-members
func parseMemberRequest(d json.RawMessage) (memberRequest, error) {
	var wire struct {
		GuildID   ids             `json:"guild_id"`
		Query     *string         `json:"query"`
		UserIDs   *ids            `json:"user_ids"`
		Limit     int             `json:"limit"`
		Presences bool            `json:"presences"`
		Nonce     json.RawMessage `json:"nonce"`
	}
	if err := json.Unmarshal(d, &wire); err != nil {
		return memberRequest{}, errPayload
	}
	switch {
	case len(wire.GuildID) == 0, len(wire.GuildID) > maxRequestGuilds, wire.Limit < 0:
		return memberRequest{}, errPayload
	case wire.Query == nil && wire.UserIDs == nil:
		return memberRequest{}, errPayload
	}
	query := fanout.MemberQuery{Limit: wire.Limit, Presences: wire.Presences}
	if wire.UserIDs != nil {
		query.Users = append([]snowflake.ID{}, (*wire.UserIDs)[:min(len(*wire.UserIDs), maxUserIDs)]...)
	} else {
		query.Prefix = *wire.Query
	}
	request := memberRequest{raw: bytes.Clone(d)}
	var nonce string
	if json.Unmarshal(wire.Nonce, &nonce) == nil && len(nonce) <= maxNonce {
		request.nonce = nonce
	}
	for _, guild := range wire.GuildID {
		query.Guild = guild
		request.queries = append(request.queries, query)
	}
	return request, nil
}

// guildIDs reads the d of the requests whose answers are empty lists here: op 31 names guilds, op 43 one.
func guildIDs(d json.RawMessage) ([]snowflake.ID, error) {
	var wire struct {
		GuildID  snowflake.ID   `json:"guild_id"`
		GuildIDs []snowflake.ID `json:"guild_ids"`
	}
	if err := json.Unmarshal(d, &wire); err != nil {
		return nil, errPayload
	}
	if wire.GuildID != 0 {
		wire.GuildIDs = append(wire.GuildIDs, wire.GuildID)
	}
	return wire.GuildIDs, nil
}
