package auth

import "guildhall.chat/guildhall/internal/metrics"

var lookups = metrics.NewCache("tokens")
