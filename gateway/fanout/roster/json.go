package roster

import (
	"encoding/json"
	"strconv"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// appendJSON appends the member object.
func (f *fields) appendJSON(dst []byte, user snowflake.ID, roles []byte) []byte {
	dst = f.appendUser(append(dst, `{"user":`...), user)
	dst = f.appendOwn(append(dst, ','), roles)
	return append(dst, '}')
}

// appendUser appends the user object.
func (f *fields) appendUser(dst []byte, user snowflake.ID) []byte {
	dst = append(dst, `{"id":"`...)
	dst = strconv.AppendUint(dst, uint64(user), 10)
	dst = append(dst, `","username":`...)
	dst = appendString(dst, f.name)
	if f.has(hasDiscriminator) {
		dst = append(dst, `,"discriminator":`...)
		dst = appendString(dst, f.discriminator)
	} else {
		dst = append(dst, `,"discriminator":"0"`...)
	}
	dst = append(dst, `,"global_name":`...)
	dst = f.appendOptional(dst, hasGlobalName, f.globalName)
	dst = append(dst, `,"avatar":`...)
	dst = f.appendOptional(dst, hasUserAvatar, f.userAvatar)
	dst = append(dst, `,"banner":`...)
	dst = f.appendOptional(dst, hasUserBanner, f.userBanner)
	if f.has(hasAccent) {
		dst = append(dst, `,"accent_color":`...)
		dst = strconv.AppendInt(dst, f.accent, 10)
	} else {
		dst = append(dst, `,"accent_color":null`...)
	}
	if f.has(isBot) {
		dst = append(dst, `,"bot":true`...)
	}
	if f.has(isSystem) {
		dst = append(dst, `,"system":true`...)
	}
	dst = append(dst, `,"public_flags":`...)
	dst = strconv.AppendInt(dst, f.publicFlags, 10)
	dst = append(dst, `,"flags":`...)
	dst = strconv.AppendInt(dst, f.userFlags, 10)
	return append(dst, `,"avatar_decoration_data":null,"collectibles":null,"primary_guild":null}`...)
}

// appendOwn appends the keys of the member object that are not the user.
func (f *fields) appendOwn(dst, roles []byte) []byte {
	dst = append(dst, `"nick":`...)
	dst = f.appendOptional(dst, hasNick, f.nick)
	dst = append(dst, `,"avatar":`...)
	dst = f.appendOptional(dst, hasAvatar, f.avatar)
	dst = append(dst, `,"banner":`...)
	dst = f.appendOptional(dst, hasBanner, f.banner)
	dst = append(dst, `,"roles":`...)
	dst = append(dst, roles...)
	dst = append(dst, `,"joined_at":`...)
	dst = f.appendJoined(dst)
	dst = append(dst, `,"premium_since":`...)
	dst = f.appendMoment(dst, hasPremium, f.premium)
	dst = append(dst, `,"deaf":`...)
	dst = strconv.AppendBool(dst, f.has(isDeaf))
	dst = append(dst, `,"mute":`...)
	dst = strconv.AppendBool(dst, f.has(isMute))
	dst = append(dst, `,"flags":`...)
	dst = strconv.AppendInt(dst, f.memberFlags, 10)
	dst = append(dst, `,"pending":`...)
	dst = strconv.AppendBool(dst, f.has(isPending))
	dst = append(dst, `,"communication_disabled_until":`...)
	dst = f.appendMoment(dst, hasTimeOut, f.timeOut)
	return append(dst, `,"avatar_decoration_data":null,"collectibles":null`...)
}

func (f *fields) appendJoined(dst []byte) []byte {
	if f.has(hasJoined) {
		return appendTime(dst, time.UnixMicro(f.joined))
	}
	return appendTime(dst, time.Time{})
}

func (f *fields) appendMoment(dst []byte, flag uint64, micros int64) []byte {
	if !f.has(flag) {
		return append(dst, "null"...)
	}
	return appendTime(dst, time.UnixMicro(micros))
}

// appendTime appends a discord.Timestamp.
func appendTime(dst []byte, t time.Time) []byte {
	return discord.Timestamp{Time: t}.AppendJSON(dst)
}

func (f *fields) appendOptional(dst []byte, flag uint64, text []byte) []byte {
	if !f.has(flag) {
		return append(dst, "null"...)
	}
	return appendString(dst, text)
}

// appendString appends a JSON string as encoding/json writes it.
func appendString(dst, s []byte) []byte {
	for _, c := range s {
		if c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(string(s))
			if err != nil {
				panic(err) // a string always can be
			}
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
