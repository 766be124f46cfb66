package auth

// webhookBytes makes a token of 68 characters, as long as Discord's: clients find webhooks in texts by that.
const webhookBytes = 51

// NewWebhookToken returns the secret in a webhook's URL. It is kept as it is: who manages the channel may see it again.
func NewWebhookToken() string { return randomText(webhookBytes) }

// SameToken compares a token that was sent with the one that is kept, in a time that doesn't depend on either.
func SameToken(sent, kept string) bool {
	return kept != "" && SameHash(HashOpaque(sent), HashOpaque(kept))
}
