package forecast

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// tlsHandshakeTimeout bounds the handshake with a backend.
const tlsHandshakeTimeout = clocks.Handshake

// A bound is one end of what may come of a call or a write.
type bound struct {
	rejects bool
	cost    time.Duration
	// until is when, after the hooks begin, a rejection ends by itself; zero for never.
	until time.Duration
}

// A call is what a new replica's call to one webhook, or evaluation of one
// policy, would come to: at best and at worst.
type call struct {
	best, worst bound
	answer      facts.Answer
	attempt     facts.Attempt
	detail      string
}

func certain(b bound) call { return call{best: b, worst: b} }

// caller knows every attempt, by whom it was put to.
type caller struct {
	byWebhook map[admission.Culprit][]facts.Attempt
	dryRuns   map[string][]facts.Attempt
	// proven are the webhooks that the API server itself called successfully.
	proven map[admission.Culprit]bool
	// forwards are the handshakes through port-forwards.
	forwards map[admission.Culprit]certificates
}

func newCaller(attempts []facts.Attempt) *caller {
	c := &caller{map[admission.Culprit][]facts.Attempt{}, map[string][]facts.Attempt{}, map[admission.Culprit]bool{}, map[admission.Culprit]certificates{}}
	for _, a := range attempts {
		if a.Vantage == facts.ServerDryRun {
			c.dryRuns[a.Write] = append(c.dryRuns[a.Write], a)
			continue
		}
		k := admission.CulpritOf(a)
		if a.Vantage == facts.PortForward {
			c.forwards[k] = append(c.forwards[k], a)
		} else {
			c.byWebhook[k] = append(c.byWebhook[k], a)
		}
	}
	for k, seen := range c.forwards {
		c.byWebhook[k] = seen.amend(c.byWebhook[k])
	}
	return c
}

// prove notes the webhooks that an admitted dry-run went through. A webhook
// whose failurePolicy is Ignore may have failed on the way, so it is not proven.
func (c *caller) prove(w bootstrap.Write, by []admission.Interception) {
	for _, a := range c.dryRuns[w.Key()] {
		if a.Answer != facts.Allowed {
			continue
		}
		for _, i := range by {
			if i.Fails && (a.As == w.User.Name || !i.UserDependent) {
				c.proven[i.Culprit()] = true
			}
		}
	}
}

// of returns what the call that i stands for would come to for w.
func (c *caller) of(i admission.Interception, w bootstrap.Write) call {
	switch {
	case i.Undecided != "":
		return call{worst: bound{rejects: true}, answer: "undecided", detail: i.Undecided}
	case i.Denial != "":
		return call{best: bound{rejects: true}, worst: bound{rejects: true}, answer: facts.Denied, detail: i.Denial}
	case i.AtStart != "":
		return call{worst: bound{rejects: true, until: admission.LearnsKindsWithin}, answer: facts.Allowed, detail: i.AtStart}
	case i.Kind.IsPolicy():
		return call{answer: facts.Allowed}
	}
	attempts := relevant(c.byWebhook[i.Culprit()], w)
	if len(attempts) == 0 {
		return c.unasked(i, facts.Attempt{Answer: facts.NotAsked, Detail: "no question was put to it"})
	}
	calls := make([]call, len(attempts))
	for n, a := range attempts {
		calls[n] = c.after(i, a)
	}
	r := combine(calls)
	if len(attempts) > 1 && !slices.ContainsFunc(attempts, func(a facts.Attempt) bool { return a.Write == w.Key() || a.Answer != facts.Allowed }) {
		r.estimate(calls)
	}
	return r
}

// estimate takes the cost of a call that was not tried from those of calls
// alike: their average, with twice its standard error to both sides. What many
// such calls take together is then in that range, though single ones are not.
func (k *call) estimate(alike []call) {
	var sum, squares float64
	n := float64(len(alike))
	for _, a := range alike {
		cost := a.worst.cost.Seconds()
		sum += cost
		squares += cost * cost
	}
	mean := sum / n
	spread := 2 * math.Sqrt(max(0, squares-n*mean*mean)/(n-1)/n)
	k.best.cost = time.Duration(max(0, mean-spread) * float64(time.Second))
	k.worst.cost = time.Duration((mean + spread) * float64(time.Second))
	k.attempt.Milliseconds = int64(math.Round(mean * 1000))
	k.detail = cmp.Or(k.detail, fmt.Sprintf("the average of %s alike", plural(len(alike), "write")))
}

// combine returns what one of several calls may come to: the API server picks
// any ready endpoint.
func combine(calls []call) call {
	worst := slices.MaxFunc(calls, func(a, b call) int { return compareBounds(a.worst, b.worst) })
	best := slices.MinFunc(calls, func(a, b call) int { return compareBounds(a.best, b.best) })
	worst.best = best.best
	return worst
}

func compareBounds(a, b bound) int {
	if a.rejects != b.rejects {
		if a.rejects {
			return 1
		}
		return -1
	}
	return cmp.Compare(a.cost, b.cost)
}

// after returns what a call comes to whose backend answered as in the attempt.
func (c *caller) after(i admission.Interception, a facts.Attempt) call {
	took := time.Duration(a.Milliseconds) * time.Millisecond
	var r call
	switch a.Answer {
	case facts.Allowed:
		r = certain(bound{cost: took})
		k := i.Culprit()
		if open := c.forwards[k].open(); a.Vantage == facts.ServiceProxy && i.Fails && open != "" && !c.proven[k] {
			r.worst.rejects = true
			r.detail = open
		}
	case facts.Denied:
		r = certain(bound{rejects: true, cost: took})
	case facts.HungBeforeTLS:
		r = certain(bound{rejects: i.Fails, cost: min(i.Timeout, tlsHandshakeTimeout)})
	case facts.Hung:
		r = certain(bound{rejects: i.Fails, cost: i.Timeout})
		r.best.cost = min(i.Timeout, tlsHandshakeTimeout)
	case facts.ConnectTimeout:
		r = certain(bound{rejects: i.Fails, cost: i.Timeout})
		r.elsewhere(a)
	case facts.Refused:
		r = certain(bound{rejects: i.Fails, cost: min(took, i.Timeout)})
		r.elsewhere(a)
	case facts.NoEndpoints, facts.BadCertificate, facts.BadAnswer:
		r = certain(bound{rejects: i.Fails, cost: min(took, i.Timeout)})
		r.unread(a)
	default:
		return c.unasked(i, a)
	}
	r.answer, r.attempt = a.Answer, a
	r.detail = cmp.Or(r.detail, a.Detail)
	return r
}

// elsewhere leaves open whether the control plane can connect to a URL that can't
// be connected to from here: it may be let through where this tool is not.
func (k *call) elsewhere(a facts.Attempt) {
	if a.Vantage == facts.DirectURL {
		k.best = bound{}
		k.detail = "whether the control plane can connect to it can't be seen from here: " + a.Detail
	}
}

// unread leaves open what an answer says that this tool did not read to its end:
// the API server reads on.
func (k *call) unread(a facts.Attempt) {
	if a.Fault == facts.TooLarge {
		k.best = bound{}
		k.detail = "whether the API server can use it can't be told: " + a.Detail
	}
}

// unasked returns what may come of a call about which nothing is known. GKE's
// own webhooks run beside each replica and are taken to work.
func (c *caller) unasked(i admission.Interception, a facts.Attempt) call {
	if i.ProviderManaged() {
		return call{answer: facts.NotAsked, attempt: a, detail: "run by GKE beside each replica"}
	}
	r := call{answer: a.Answer, attempt: a, detail: a.Detail}
	if c.proven[i.Culprit()] {
		return r
	}
	r.worst = bound{rejects: i.Fails, cost: i.Timeout}
	return r
}
