package main

const module = "guildhall.chat/guildhall/"

// The two processes of this binary each leave out the metrics of packages that only the other uses.
var (
	onlyServe  = []string{module + "api/rest", module + "api/call", module + "api/mail"}
	onlyWorker = []string{module + "api/worker", module + "api/outgoing"}
)
