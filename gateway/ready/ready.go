package ready

import (
	"encoding/json"
	"fmt"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/sharding"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Session is what READY says of the session itself.
type Session struct {
	Version   int // of the API
	ID        string
	ResumeURL string
	Shard     *sharding.Shard // as the client named it
	Trace     []string
}

// Bot returns a bot's READY. Its guilds are announced as unavailable, and follow one by one.
// https://discord.com/developers/docs/events/gateway-events#ready
func Bot(s Session, user discord.SelfUser, app discord.ReadyApplication, guilds []snowflake.ID) (json.RawMessage, error) {
	announced := make([]discord.UnavailableGuild, len(guilds))
	for i, id := range guilds {
		announced[i] = discord.UnavailableGuild{ID: id, Unavailable: true}
	}
	ready := discord.Ready{
		Version: s.Version, User: user, Guilds: announced, SessionID: s.ID, ResumeGatewayURL: s.ResumeURL,
		Application: &app,
		// Bots learn of DMs by CHANNEL_CREATE; Discord sends this list empty.
		PrivateChannels: []discord.Channel{},
		Trace:           s.Trace,
	}
	if s.Shard != nil {
		ready.Shard = &[2]int{s.Shard.ID, s.Shard.Count}
	}
	return marshal(ready)
}

func marshal(v any) (json.RawMessage, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode READY: %w", err)
	}
	return data, nil
}
