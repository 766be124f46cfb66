package store

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// InteractionState is how far an interaction has come.
type InteractionState int

// States of interactions.
const (
	InteractionWaiting InteractionState = iota
	InteractionAnswered
	InteractionFailed
)

// Interaction is one while its token lives.
type Interaction struct {
	ID            snowflake.ID
	ApplicationID snowflake.ID
	TokenHash     []byte
	Type          discord.InteractionType
	UserID        snowflake.ID
	GuildID       *snowflake.ID // nil: in a DM
	ChannelID     snowflake.ID
	SessionID     string // of the user's gateway session
	Nonce         *string
	State         InteractionState
	Details       InteractionDetails
	Modal         *Modal        // what the user was asked and has not answered
	ResponseID    *snowflake.ID // the message that is the first answer
	Loading       bool          // that message is still to come
	Followups     int
}

// InteractionDetails is what answers to an interaction need to know of it.
type InteractionDetails struct {
	Metadata       discord.InteractionMetadata `json:"metadata"` // for the messages that answer
	AppPermissions permissions.Set             `json:"app_permissions"`
	// UserInstalled: the application is the user's alone and not the guild's. Hidden: nobody else may see what it answers.
	UserInstalled bool `json:"user_installed,omitempty"`
	Hidden        bool `json:"hidden,omitempty"`
	// MessageID is the message whose component it was, or that the modal came from.
	MessageID        *snowflake.ID `json:"message_id,omitempty"`
	MessageEphemeral bool          `json:"message_ephemeral,omitempty"`
	// Completed is the option that the user types.
	Completed discord.OptionType `json:"completed,omitempty"`
	Locale    string             `json:"locale,omitempty"`
}

// Modal is what a user was asked.
type Modal struct {
	CustomID   string          `json:"custom_id"`
	Components json.RawMessage `json:"components"`
}

// InteractionLife is how long an interaction's token is good.
// https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages
const InteractionLife = 15 * time.Minute

const interactionColumns = `i.id, i.application_id, i.token_hash, i.type, i.user_id, i.guild_id, i.channel_id, i.session_id,
	i.nonce, i.state, i.details, i.modal, i.response_id, i.loading, i.followups`

func scanInteraction(row pgx.Row) (Interaction, error) {
	var i Interaction
	err := row.Scan(&i.ID, &i.ApplicationID, &i.TokenHash, &i.Type, &i.UserID, &i.GuildID, &i.ChannelID, &i.SessionID,
		&i.Nonce, &i.State, &i.Details, &i.Modal, &i.ResponseID, &i.Loading, &i.Followups)
	return i, err
}

// CreateInteraction notes an interaction that waits for its answer.
func (s *Store) CreateInteraction(ctx context.Context, i Interaction) error {
	_, err := s.pool.Exec(ctx, `insert into interactions (id, application_id, token_hash, type, user_id, guild_id, channel_id,
		session_id, nonce, details) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		i.ID, i.ApplicationID, i.TokenHash, i.Type, i.UserID, i.GuildID, i.ChannelID, i.SessionID, i.Nonce, i.Details)
	if err != nil {
		return fmt.Errorf("create interaction: %w", err)
	}
	return nil
}

// Interaction returns an interaction whose token is still good.
func (s *Store) Interaction(ctx context.Context, id snowflake.ID) (Interaction, error) {
	return interaction(ctx, s.pool, id, "")
}

// HoldInteraction is Store.Interaction within a change; nobody else answers meanwhile.
func (tx *Tx) HoldInteraction(ctx context.Context, id snowflake.ID) (Interaction, error) {
	return interaction(ctx, tx, id, " for update")
}

func interaction(ctx context.Context, q querier, id snowflake.ID, lock string) (Interaction, error) {
	oldest := snowflake.FromTime(time.Now().Add(-InteractionLife))
	i, err := scanInteraction(q.QueryRow(ctx,
		`select `+interactionColumns+` from interactions i where i.id = $1 and i.id > $2`+lock, id, oldest))
	if err != nil {
		return i, fmt.Errorf("interaction %s: %w", id, notFound(err))
	}
	return i, nil
}

// SaveInteraction writes how far a held interaction has come.
func (tx *Tx) SaveInteraction(ctx context.Context, i Interaction) error {
	_, err := tx.Exec(ctx, `update interactions set state = $2, modal = $3, response_id = $4, loading = $5, followups = $6
		where id = $1`, i.ID, i.State, i.Modal, i.ResponseID, i.Loading, i.Followups)
	if err != nil {
		return fmt.Errorf("save interaction %s: %w", i.ID, err)
	}
	return nil
}

// FailInteraction marks an interaction failed if it still waits, and reports whether it did.
func (s *Store) FailInteraction(ctx context.Context, id snowflake.ID) (bool, error) {
	tag, err := s.pool.Exec(ctx, `update interactions set state = $2 where id = $1 and state = $3`,
		id, InteractionFailed, InteractionWaiting)
	if err != nil {
		return false, fmt.Errorf("fail interaction %s: %w", id, err)
	}
	return tag.RowsAffected() > 0, nil
}

// FailInteractions marks those failed that have waited too long, and returns them; at most so many at once.
func (s *Store) FailInteractions(ctx context.Context, before time.Time, most int) ([]Interaction, error) {
	late, err := collect(ctx, s.pool, scanInteraction, `update interactions i set state = $1 where i.id in (
		select id from interactions where state = 0 and id < $2 order by id limit $3 for update skip locked)
		returning `+interactionColumns, InteractionFailed, snowflake.FromTime(before), most)
	if err != nil {
		return nil, fmt.Errorf("fail interactions: %w", err)
	}
	return late, nil
}

// ExpireInteractions removes interactions whose tokens are past use, with their ephemeral messages, counts of commands of
// other days, and dead letters of more than a week ago.
func (s *Store) ExpireInteractions(ctx context.Context) (removed int64, err error) {
	return s.deleteAll(ctx, []expiry{
		{table: "interactions", condition: `id < $1`, args: []any{snowflake.FromTime(time.Now().Add(-InteractionLife))}},
		{table: "deliveries", condition: `dead and due < now() - interval '7 days'`},
		{table: "command_creations", condition: `day < (now() at time zone 'utc')::date`},
	})
}

// ApplicationKey returns the key that signs what is sent to an application.
func (s *Store) ApplicationKey(ctx context.Context, app snowflake.ID) (ed25519.PrivateKey, error) {
	var seed []byte
	if err := s.pool.QueryRow(ctx, `select sign_key from applications where id = $1`, app).Scan(&seed); err != nil {
		return nil, fmt.Errorf("key of application %s: %w", app, notFound(err))
	}
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("application %s: key of %d bytes", app, len(seed))
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// Installation is where an application is installed, as far as one user in one place is concerned.
type Installation struct {
	InGuild bool // it was added to the guild, with its bot or without
	ByUser  bool
}

// Installation returns where an application is installed.
func (s *Store) Installation(ctx context.Context, app, guild, user snowflake.ID) (in Installation, err error) {
	err = s.pool.QueryRow(ctx, `select
		exists (select from integrations where application_id = $1 and guild_id = $2),
		exists (select from oauth2_authorizations where application_id = $1 and user_id = $3 and user_install)`,
		app, guild, user).Scan(&in.InGuild, &in.ByUser)
	if err != nil {
		return in, fmt.Errorf("installation of application %s: %w", app, err)
	}
	return in, nil
}

// EphemeralMessage returns a message that only one user sees, with the interaction that it answers.
func (s *Store) EphemeralMessage(ctx context.Context, id, user snowflake.ID) (discord.Message, snowflake.ID, error) {
	return ephemeralMessage(s.pool.QueryRow(ctx, `select message, interaction_id from ephemeral_messages
		where id = $1 and user_id = $2`, id, user))
}

func ephemeralMessage(row pgx.Row) (m discord.Message, interaction snowflake.ID, err error) {
	if err = row.Scan(&m, &interaction); err != nil {
		return m, 0, fmt.Errorf("ephemeral message: %w", notFound(err))
	}
	return m, interaction, nil
}

// HoldEphemeral is Store.EphemeralMessage within a change.
func (tx *Tx) HoldEphemeral(ctx context.Context, id, user snowflake.ID) (discord.Message, error) {
	m, _, err := ephemeralMessage(tx.QueryRow(ctx, `select message, interaction_id from ephemeral_messages
		where id = $1 and user_id = $2 for update`, id, user))
	return m, err
}

// PutEphemeral writes a message that only one user sees.
func (tx *Tx) PutEphemeral(ctx context.Context, interaction, user snowflake.ID, m discord.Message) error {
	_, err := tx.Exec(ctx, `insert into ephemeral_messages (id, interaction_id, user_id, message) values ($1, $2, $3, $4)
		on conflict (id) do update set message = $4`, m.ID, interaction, user, m)
	if err != nil {
		return fmt.Errorf("write ephemeral message: %w", err)
	}
	return nil
}

// DeleteEphemeral removes a message that only one user sees.
func (tx *Tx) DeleteEphemeral(ctx context.Context, id snowflake.ID) error {
	if _, err := tx.Exec(ctx, `delete from ephemeral_messages where id = $1`, id); err != nil {
		return fmt.Errorf("delete ephemeral message: %w", err)
	}
	return nil
}
