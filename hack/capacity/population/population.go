// Package population says how large guilds are.
//
// Sizes of groups that people join freely are log-normal, online and off: A. Vranić, J. Smiljanić, M. Mitrović Dankulov,
// "Universal growth of social groups: empirical analysis and modeling", J. Stat. Mech. 2022, 123402, arXiv:2206.06732 (Reddit,
// Meetup). P. A. Grabowicz and V. M. Eguíluz, "Heterogeneity shapes groups growth in social online communities", EPL 97, 28002
// (2012), find that groups grow linearly, at rates that are log-normal with a sigma of 1.57 (Flickr): so the sizes of groups
// of one age have that sigma too.
package population

import (
	"errors"
	"fmt"
	"math"
)

// Sigma is the spread of guild sizes that was measured elsewhere; see the package's comment.
const Sigma = 1.57

// Population is the guilds of a platform by the sessions that are connected of each.
type Population struct {
	Guilds   int
	Sessions float64 // connected, of all users
	// PerSession is in how many of the guilds a session is.
	PerSession float64
	// Sigma is that of the logarithm of a guild's sessions.
	Sigma float64
	// Activity is the exponent by which a guild's messages grow with its sessions: 1 is proportional. Comments on Reddit, those
	// beyond one a user, grow with 1.27 (arXiv:2503.02661).
	Activity float64

	mu  float64 // of the logarithm of a guild's sessions
	cap float64 // no guild has more sessions than there are
}

// New returns the population with the numbers, or what is wrong with them.
func New(guilds int, sessions, perSession, sigma, activity float64) (Population, error) {
	p := Population{Guilds: guilds, Sessions: sessions, PerSession: perSession, Sigma: sigma, Activity: activity, cap: sessions}
	switch {
	case guilds < 1:
		return p, errors.New("guilds: must be 1 or more")
	case !(sessions >= 1) || math.IsInf(sessions, 0):
		return p, errors.New("sessions: must be 1 or more")
	case !(perSession > 0) || perSession > float64(guilds):
		return p, errors.New("guilds of a session: must be positive, and no more than there are guilds")
	case !(sigma > 0) || sigma > 4:
		return p, errors.New("sigma: must be above 0 and at most 4")
	case !(activity >= 0) || activity > 2:
		return p, errors.New("activity: must be from 0 to 2")
	}
	mean := sessions * perSession / float64(guilds)
	if mean >= p.cap {
		return p, fmt.Errorf("%v sessions in each of the guilds are all that there are", mean)
	}
	p.mu = p.solve(mean)
	return p, nil
}

// solve finds the mu for which guilds have so many sessions on average. What the cap takes from the largest the others get.
func (p Population) solve(mean float64) float64 {
	low, high := math.Log(mean)-p.Sigma*p.Sigma, math.Log(p.cap)+8*p.Sigma
	for range 100 {
		p.mu = (low + high) / 2
		if p.Moment(1) < mean {
			low = p.mu
		} else {
			high = p.mu
		}
	}
	return p.mu
}

// Size returns the sessions of the guild of a rank, 0 to Guilds-1, the smallest first: the middle of its quantile.
func (p Population) Size(rank int) float64 {
	z := quantile((float64(rank) + 0.5) / float64(p.Guilds))
	return min(p.cap, math.Exp(p.mu+p.Sigma*z))
}

// Messages returns what a guild with so many sessions says, in proportion to others.
func (p Population) Messages(size float64) float64 {
	if p.Activity == 1 {
		return size
	}
	return math.Pow(size, p.Activity)
}

// Moment predicts the mean of the k-th power of guilds' sizes: the integral over all guilds but the largest, and that one by itself. A
// smooth law has guilds beyond the largest that there is; few as they are, they would have most of the high moments.
func (p Population) Moment(k float64) float64 {
	n := float64(p.Guilds)
	if p.Guilds < 2 {
		return math.Pow(p.Size(0), k)
	}
	return p.partial(k, quantile(1-1/n)) + math.Pow(p.Size(p.Guilds-1), k)/n
}

// partial is the part of the k-th moment of the law, of min(X, cap) with X log-normal, that comes from guilds up to so many sigmas above
// the median.
func (p Population) partial(k, upTo float64) float64 {
	capped := (math.Log(p.cap) - p.mu) / p.Sigma
	below := math.Exp(k*p.mu+k*k*p.Sigma*p.Sigma/2) * normal(min(upTo, capped)-k*p.Sigma)
	if upTo <= capped {
		return below
	}
	return below + math.Pow(p.cap, k)*(normal(upTo)-normal(capped))
}

// FanOut predicts how many sessions a message goes to. Who is online comes and goes: beside the one that sent the message there are
// as many others in its guild as on average.
func (p Population) FanOut() float64 {
	return 1 + p.Moment(p.Activity+1)/p.Moment(p.Activity)
}

// Following returns how many of so many pods have a session of a guild of that size, when sessions go to pods by chance and one,
// that of the author, is there.
func Following(size float64, pods int) float64 {
	n := float64(pods)
	return n - (n-1)*math.Exp(-size/n)
}

// normal is the distribution function of the standard normal law, and quantile its inverse.
func normal(z float64) float64   { return math.Erfc(-z/math.Sqrt2) / 2 }
func quantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
