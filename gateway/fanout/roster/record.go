package roster

import (
	"encoding/binary"
	"errors"
	"time"

	"guildhall.chat/guildhall/internal/discord"
)

// A record's bytes are its flags, then what each set flag says is there, in the order of the flags; the user's name comes
// first. Whole numbers are varints, texts have their length before them, times are microseconds since 1970.
const (
	isBot = 1 << iota
	isSystem
	isDeaf
	isMute
	isPending
	hasTimeOut
	hasJoined
	hasPremium
	hasMemberFlags
	hasUserFlags
	hasPublicFlags
	hasAccent
	hasDiscriminator // other than "0"
	hasNick
	hasGlobalName
	hasUserAvatar
	hasUserBanner
	hasAvatar
	hasBanner
)

// encode appends a member's record. What it has no place for is always null.
func encode(dst []byte, m *discord.Member) []byte {
	u := m.User
	flags := bit(u.Bot, isBot) | bit(u.System, isSystem) | bit(m.Deaf, isDeaf) | bit(m.Mute, isMute) |
		bit(m.Pending, isPending) | bit(m.CommunicationDisabledUntil != nil, hasTimeOut) |
		bit(!m.JoinedAt.IsZero(), hasJoined) | bit(m.PremiumSince != nil, hasPremium) | bit(m.Flags != 0, hasMemberFlags) |
		bit(u.Flags != 0, hasUserFlags) | bit(u.PublicFlags != 0, hasPublicFlags) | bit(u.AccentColor != nil, hasAccent) |
		bit(u.Discriminator != "0", hasDiscriminator) | bit(m.Nick != nil, hasNick) | bit(u.GlobalName != nil, hasGlobalName) |
		bit(u.Avatar != nil, hasUserAvatar) | bit(u.Banner != nil, hasUserBanner) | bit(m.Avatar != nil, hasAvatar) |
		bit(m.Banner != nil, hasBanner)
	dst = binary.AppendUvarint(dst, flags)
	dst = appendText(dst, u.Username)
	for _, t := range []*discord.Timestamp{m.CommunicationDisabledUntil, joinedOrNil(m), m.PremiumSince} {
		if t != nil {
			dst = binary.AppendVarint(dst, t.UnixMicro())
		}
	}
	for _, n := range []int64{int64(m.Flags), u.Flags, int64(u.PublicFlags)} {
		if n != 0 {
			dst = binary.AppendVarint(dst, n)
		}
	}
	if u.AccentColor != nil {
		dst = binary.AppendVarint(dst, int64(*u.AccentColor))
	}
	if u.Discriminator != "0" {
		dst = appendText(dst, u.Discriminator)
	}
	for _, s := range []*string{m.Nick, u.GlobalName, u.Avatar, u.Banner, m.Avatar, m.Banner} {
		if s != nil {
			dst = appendText(dst, *s)
		}
	}
	return dst
}

func bit(is bool, flag uint64) uint64 {
	if is {
		return flag
	}
	return 0
}

func joinedOrNil(m *discord.Member) *discord.Timestamp {
	if m.JoinedAt.IsZero() {
		return nil
	}
	return &m.JoinedAt
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// fields is a record taken apart. The texts are parts of it.
type fields struct {
	flags                                                    uint64
	name, discriminator                                      []byte
	timeOut, joined, premium                                 int64
	memberFlags, userFlags, publicFlags, accent              int64
	nick, globalName, userAvatar, userBanner, avatar, banner []byte
}

func (f *fields) has(flag uint64) bool { return f.flags&flag != 0 }

// decode takes apart what encode has made.
func decode(record []byte) fields {
	r := reader{record}
	f := fields{flags: r.uvarint(), name: r.text()}
	for _, n := range []struct {
		flag uint64
		to   *int64
	}{
		{hasTimeOut, &f.timeOut}, {hasJoined, &f.joined}, {hasPremium, &f.premium}, {hasMemberFlags, &f.memberFlags},
		{hasUserFlags, &f.userFlags}, {hasPublicFlags, &f.publicFlags}, {hasAccent, &f.accent},
	} {
		if f.has(n.flag) {
			*n.to = r.varint()
		}
	}
	for _, t := range []struct {
		flag uint64
		to   *[]byte
	}{
		{hasDiscriminator, &f.discriminator}, {hasNick, &f.nick}, {hasGlobalName, &f.globalName}, {hasUserAvatar, &f.userAvatar},
		{hasUserBanner, &f.userBanner}, {hasAvatar, &f.avatar}, {hasBanner, &f.banner},
	} {
		if f.has(t.flag) {
			*t.to = r.text()
		}
	}
	return f
}

// timeOut returns until when the member is timed out; the zero time if it is not.
func timeOut(record []byte) time.Time {
	r := reader{record}
	if flags := r.uvarint(); flags&hasTimeOut == 0 {
		return time.Time{}
	}
	r.text()
	return time.UnixMicro(r.varint())
}

// names returns the user's name and the nick, which may be empty.
func names(record []byte) (name, nick []byte) {
	r := reader{record}
	flags := r.uvarint()
	name = r.text()
	if flags&hasNick == 0 {
		return name, nil
	}
	f := decode(record)
	return name, f.nick
}

// reader reads bytes that encode has written.
type reader struct{ rest []byte }

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.rest = r.rest[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	r.rest = r.rest[n:]
	return v
}

func (r *reader) text() []byte {
	n := r.uvarint()
	text := r.rest[:n]
	r.rest = r.rest[n:]
	return text
}

// errNoUser says that a member object lacks its user, without which it is nobody's.
var errNoUser = errors.New("roster: member without user")
