package auth

import (
	"crypto/sha256"

	"guildhall.chat/guildhall/internal/snowflake"
)

// ConsentToken goes into a form that the platform shows to a login, and proves when the form comes back that it is the one
// that was shown, for the same purpose and to the same login.
func (k *Keys) ConsentToken(session snowflake.ID, purpose string) string {
	return mac(k.consent[0], session.String()+" "+purpose, sha256.Size)
}

// VerifyConsent reports whether the token is ConsentToken's.
func (k *Keys) VerifyConsent(token string, session snowflake.ID, purpose string) bool {
	return verifyMAC(k.consent, session.String()+" "+purpose, token, sha256.Size)
}
