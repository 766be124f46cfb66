package auth

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
)

// ErrBotToken says that the text hasn't the form of a bot token.
var ErrBotToken = errors.New("auth: not a bot token")

// The parts of a bot token, in bytes before base64url, as long as those of Discord's: clients and secret scanners know it
// by that. https://discord.com/developers/docs/reference#authentication-example-bot-token-authorization-header
const (
	botTimeBytes   = 4
	botSecretBytes = 27
	// an id has at most 19 digits, hence the token at most 26+1+6+1+36 characters
	maxBotToken = 70
)

var base64Strict = base64.RawURLEncoding.Strict()

// NewBotToken returns a token for the bot user and its hash, which is what may be stored. It is the user's id, the time in
// seconds and the secret, with dots between.
func NewBotToken(user snowflake.ID) (token string, hash []byte) {
	issued := binary.BigEndian.AppendUint32(nil, uint32(time.Now().Unix()))
	token = base64Strict.EncodeToString([]byte(user.String())) + "." +
		base64Strict.EncodeToString(issued) + "." + randomText(botSecretBytes)
	return token, HashOpaque(token)
}

// ParseBotToken returns the user a token claims to be of and its hash, to be compared with the stored one by SameHash.
// ErrBotToken if it hasn't the form.
func ParseBotToken(token string) (user snowflake.ID, hash []byte, err error) {
	if len(token) > maxBotToken || !plausible(token) { // the decoder would skip line ends
		return 0, nil, ErrBotToken
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return 0, nil, ErrBotToken
	}
	id, errID := base64Strict.DecodeString(parts[0])
	issued, errTime := base64Strict.DecodeString(parts[1])
	secret, errSecret := base64Strict.DecodeString(parts[2])
	if errors.Join(errID, errTime, errSecret) != nil || len(issued) != botTimeBytes || len(secret) != botSecretBytes {
		return 0, nil, ErrBotToken
	}
	user, err = snowflake.Parse(string(id))
	if err != nil || user == 0 {
		return 0, nil, ErrBotToken
	}
	return user, HashOpaque(token), nil
}
