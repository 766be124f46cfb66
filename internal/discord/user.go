package discord

import "guildhall.chat/guildhall/internal/snowflake"

// User is the public form of an account.
// https://discord.com/developers/docs/resources/user#user-object
type User struct {
	ID                   snowflake.ID `json:"id"`
	Username             string       `json:"username"`
	Discriminator        string       `json:"discriminator"` // "0"; "0000" for webhooks
	GlobalName           *string      `json:"global_name"`
	Avatar               *string      `json:"avatar"`
	Banner               *string      `json:"banner"`
	AccentColor          *int         `json:"accent_color"`
	Bot                  bool         `json:"bot,omitempty"`
	System               bool         `json:"system,omitempty"`
	PublicFlags          int          `json:"public_flags"`
	Flags                int64        `json:"flags"`
	AvatarDecorationData *struct{}    `json:"avatar_decoration_data"` // a premium feature: always null
	Collectibles         *struct{}    `json:"collectibles"`           // likewise
	PrimaryGuild         *struct{}    `json:"primary_guild"`          // likewise
}

// SelfUser is what an account may see of itself: GET /users/@me and READY.
type SelfUser struct {
	User
	MFAEnabled  bool    `json:"mfa_enabled"`
	Locale      string  `json:"locale"`
	PremiumType int     `json:"premium_type"`
	Verified    bool    `json:"verified"`
	Email       *string `json:"email"`
	Bio         string  `json:"bio"`
	Pronouns    string  `json:"pronouns"`
}
