package events

// LinksLost counts subscriber connections that have ended, of all Feeds.
var LinksLost = linksLost
