// Package rest joins the resources to one HTTP service. The whole chain that a request passes is in router.go, in order:
//
//	recover -> identify the request -> version and standing headers -> authenticate -> one round trip to Redis: rate
//	limits, the caller's epoch, the guild's permission version -> who may call the route -> the resource's handler
//
// Requests that come at the same time share the round trip (desk.go).
//
// A resource package (accounts, guilds, messages, ...) declares its routes; each has its limit and its callers beside it.
package rest
