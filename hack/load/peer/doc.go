// Package peer has the servers that Guildhall's are held against: each does only what can't be left out.
package peer
