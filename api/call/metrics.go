package call

import (
	"net/http"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/metrics"
)

var denials = metrics.NewCounters("guildhall_permission_denials_total",
	"Requests that were denied, by reason: unauthorized (401), missing_access, missing_permissions, forbidden (any other 403).", "reason")

var (
	unauthorized       = denials.WithLabelValues("unauthorized")
	missingAccess      = denials.WithLabelValues("missing_access")
	missingPermissions = denials.WithLabelValues("missing_permissions")
	forbidden          = denials.WithLabelValues("forbidden")
)

// denied counts an answer, if it is a denial.
func denied(e *discord.Error) {
	switch {
	case e.Status == http.StatusUnauthorized:
		unauthorized.Inc()
	case e.Status != http.StatusForbidden:
	case e.Code == discord.ErrMissingAccess.Code:
		missingAccess.Inc()
	case e.Code == discord.ErrMissingPermissions.Code:
		missingPermissions.Inc()
	default:
		forbidden.Inc()
	}
}
