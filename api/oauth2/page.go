package oauth2

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// consentPage asks who comes from a client's link, after a login if there is none.
func (h *Handlers) consentPage(c *call.Call) error {
	values, next, ok := canonical(c.Request.URL.RawQuery)
	if !ok {
		return message(c, http.StatusBadRequest, "This link does not work", "It is not a valid link.")
	}
	if err := h.visit(c); err != nil {
		return err
	}
	r, err := h.understand(c.Request.Context(), values)
	if err != nil {
		return h.turnBack(c, r, err)
	}
	if c.Caller.Anonymous() {
		if r.Prompt == "none" && r.asks(discord.ScopeOpenID) {
			return h.turnBack(c, r, refuse(loginRequired, "The user is not logged in."))
		}
		return loginPage(c, http.StatusOK, r, next, "", "")
	}
	return h.consent(c, r, next, http.StatusOK, "")
}

// consent shows what is asked, unless the user has agreed to it before and the client does not want to ask again.
func (h *Handlers) consent(c *call.Call, r request, next string, status int, problem string) error {
	question, err := h.question(c, r)
	if err != nil {
		return err
	}
	if r.Prompt == "none" && problem == "" {
		if question.Authorized {
			return h.carryOut(c, r, next, decision{Authorize: true, Permissions: r.Permissions})
		}
		if r.asks(discord.ScopeOpenID) { // OpenID Connect Core section 3.1.2.1
			return h.turnBack(c, r, refuse(interactionRequired, "The user has to be asked."))
		}
	}
	data := h.consentData(c, r, question, next, problem)
	if r.asks(discord.ScopeWebhookIncoming) {
		if r.Guild == 0 {
			data.Query, _ = url.ParseQuery(next) // it is what Encode made
			return render(c, status, "where", data, "")
		}
		if data.Channels, err = h.places(c, r.Guild); err != nil {
			return message(c, http.StatusForbidden, "This link does not work", "You cannot make webhooks there.")
		}
	}
	return render(c, status, "consent", data, formTarget(r.target))
}

// consentData is what the template shows.
type consentData struct {
	frame
	Question    consent
	Icon        string
	Next        string
	Action      template.URL // with Next as its query, which is encoded already
	Proof       string
	LeaveProof  string
	Scopes      []string
	Guilds      []eligible
	NeedsGuild  bool
	Fixed       bool
	Chosen      snowflake.ID
	Permissions []named
	Host        string
	Query       url.Values // of a form that only chooses the guild of a webhook
	Channels    []discord.Channel
}

func (h *Handlers) consentData(c *call.Call, r request, q consent, next, problem string) consentData {
	data := consentData{
		frame: frame{Title: "Authorize an application", Problem: problem}, Question: q, Next: next,
		Action:     template.URL("/oauth2/authorize?" + next), //nolint:gosec // of url.Values.Encode
		Proof:      h.Keys.ConsentToken(c.Caller.Session, next),
		LeaveProof: h.Keys.ConsentToken(c.Caller.Session, leaving),
		NeedsGuild: r.intoGuild(), Fixed: r.DisableGuildSelect && r.Guild != 0, Chosen: r.Guild,
	}
	if q.Application.Icon != nil {
		data.Icon = "/app-icons/" + q.Application.ID.String() + "/" + *q.Application.Icon + ".png"
	}
	for _, scope := range r.Scopes {
		data.Scopes = append(data.Scopes, inWords[scope])
	}
	for _, g := range q.Guilds {
		if g.Permissions.Has(permissions.ManageGuild) && (!data.Fixed || g.ID == r.Guild) {
			data.Guilds = append(data.Guilds, g)
		}
	}
	for _, p := range permissionNames {
		if r.asks(discord.ScopeBot) && r.Permissions&p.Bit != 0 {
			data.Permissions = append(data.Permissions, p)
		}
	}
	if u, err := url.Parse(r.target); err == nil && r.target != "" {
		if data.Host = u.Host; data.Host == "" {
			data.Host = u.Scheme + ":"
		}
	}
	return data
}

// consentForm takes the user's decision.
func (h *Handlers) consentForm(c *call.Call) error {
	values, next, ok := canonical(c.Request.URL.RawQuery)
	if !ok || !h.ours(c) {
		return message(c, http.StatusForbidden, "This form does not work", "It was sent from elsewhere.")
	}
	form, err := readForms(c)
	if err != nil {
		return err
	}
	if err := h.visit(c); err != nil {
		return err
	}
	r, err := h.understand(c.Request.Context(), values)
	if err != nil {
		return h.turnBack(c, r, err)
	}
	switch {
	case c.Caller.Anonymous():
		return loginPage(c, http.StatusUnauthorized, r, next, "", "Your login has ended meanwhile.")
	case !h.Keys.VerifyConsent(form.Get("proof"), c.Caller.Session, next):
		return h.consent(c, r, next, http.StatusForbidden, "This form was for another login. Please look again.")
	case h.VerifiedOnly && !c.Caller.Verified:
		return message(c, http.StatusForbidden, "Not yet", discord.ErrVerifyAccount.Message)
	}
	d := decision{Authorize: form.Get("decision") == "authorize"}
	if d.Guild, err = snowflake.Parse(form.Get("guild_id")); err != nil {
		d.Guild = 0
	}
	if d.Channel, err = snowflake.Parse(form.Get("channel_id")); err != nil {
		d.Channel = 0
	}
	for _, text := range form["permission"] {
		if set, err := permissions.Parse(text); err == nil {
			d.Permissions |= set & r.Permissions // never more than the client asked for
		}
	}
	return h.carryOut(c, r, next, d)
}

// carryOut does what was decided and sends the browser on; what the user can mend is shown again.
func (h *Handlers) carryOut(c *call.Call, r request, next string, d decision) error {
	location, err := h.decide(c, r, d)
	var known *discord.Error
	if errors.As(err, &known) && known.Status < http.StatusInternalServerError {
		return h.consent(c, r.again(), next, known.Status, explain(known))
	}
	if err != nil {
		return err
	}
	return leave(c, location)
}

// again is the request as it is shown after a mistake.
func (r request) again() request {
	r.Prompt = "consent"
	return r
}

// explain is an error in a sentence for people.
func explain(e *discord.Error) string {
	if e.Errors["guild_id"] != nil {
		return "Please choose a guild that it can be added to."
	}
	if e.Errors["webhook_channel_id"] != nil {
		return "Please choose a channel that it may post into."
	}
	return e.Message
}

// turnBack tells the client that its link can't be followed or, if it is not known who that is, the user.
func (h *Handlers) turnBack(c *call.Call, r request, err error) error {
	var problem *refusal
	if !errors.As(err, &problem) {
		return err
	}
	if r.target == "" {
		return message(c, http.StatusBadRequest, "This link does not work", problem.Description)
	}
	answer := url.Values{"error": {problem.Code}}
	if problem.Description != "" {
		answer.Set("error_description", problem.Description)
	}
	return leave(c, h.back(r, answer))
}

// authorizedPage is where those go whom nobody waits for.
func (h *Handlers) authorizedPage(c *call.Call) error {
	if c.Query("error") != "" {
		return message(c, http.StatusOK, "Not authorized", "Nothing was changed. You can close this page.")
	}
	return message(c, http.StatusOK, "Authorized", "You can close this page.")
}
