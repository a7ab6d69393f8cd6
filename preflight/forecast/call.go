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
	"github.com/gke-preflight/gke-preflight/preflight/probe"
	"github.com/gke-preflight/gke-preflight/preflight/version"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// tlsHandshakeTimeout bounds the handshake with a backend.
const tlsHandshakeTimeout = clocks.Handshake

// A bound is one end of what may come of a call or a write.
type bound struct {
	rejects bool
	cost    time.Duration
	// until is when, after the hooks begin, a rejection ends by itself; zero for never.
	until time.Duration
	// breaks says that the connection ends with the call, so that the next one is over
	// another.
	breaks bool
}

// A call is what a new replica's call to one webhook, or evaluation of one
// policy, would come to: at best and at worst.
type call struct {
	best, worst bound
	answer      facts.Answer
	attempt     facts.Attempt
	detail      string
	// several says that there is more than one endpoint; at is what the call comes to
	// at each of them, nil unless they are known to differ.
	several bool
	at      []at
	// disputed says that what the cluster says of the backend and what that answered
	// exclude each other, so that one of the two does not hold any more.
	disputed bool
}

func certain(b bound) call { return call{best: b, worst: b} }

// caller knows every attempt, by whom it was put to.
type caller struct {
	byWebhook map[admission.Culprit][]facts.Attempt
	dryRuns   map[string][]facts.Attempt
	// proven are the webhooks that the API server itself called successfully, for
	// whatever write, so that their certificates are accepted.
	proven map[admission.Culprit]bool
	// admitted are the webhooks that have let a dry-run pass, with the group of its
	// write: for writes of others that says nothing.
	admitted map[admitted]bool
	// endpoints are those of the Service that is called.
	endpoints func(admission.Interception) []probe.Endpoint
	// nobody is what a call meets whose Service is missing, or has nobody behind it.
	nobody func(admission.Interception) (facts.Attempt, bool)
	// perEndpoint is that of [facts.Meta], and uncounted why it is not known what
	// endpoints Services have; empty if it is.
	perEndpoint bool
	uncounted   string
	// eachCall says that an endpoint is picked for each call, and not for each
	// connection.
	eachCall bool
	// unapplied reports whether no dry-run can have met it.
	unapplied func(admission.Culprit) bool
	// evaluated is what the API server's own code came to for real objects.
	evaluated map[admission.Culprit][]facts.Attempt
	// forwards are the handshakes through port-forwards.
	forwards map[admission.Culprit]certificates
	// asked holds what [caller.askedOf] has returned.
	asked map[admission.Culprit]*questioned
}

func newCaller(s *facts.Snapshot, attempts []facts.Attempt) *caller {
	c := &caller{
		byWebhook: map[admission.Culprit][]facts.Attempt{}, dryRuns: map[string][]facts.Attempt{},
		proven: map[admission.Culprit]bool{}, admitted: map[admitted]bool{}, forwards: map[admission.Culprit]certificates{}, evaluated: map[admission.Culprit][]facts.Attempt{},
		asked:       map[admission.Culprit]*questioned{},
		perEndpoint: s.Meta.PerEndpoint, eachCall: version.EndpointPerCall.In(s.Meta.Target),
		endpoints: func(i admission.Interception) []probe.Endpoint { return probe.Endpoints(s, i) },
		nobody:    func(i admission.Interception) (facts.Attempt, bool) { return probe.Nobody(s, i) },
		unapplied: func(k admission.Culprit) bool { return k.Unapplied(s) },
	}
	for _, f := range []facts.Fact{facts.Services, facts.Endpoints} {
		if a, absent := s.Absence(f); absent && c.uncounted == "" {
			c.uncounted = fmt.Sprintf("how many endpoints its Service has is not known: could not read %s (%s)", f.ID(), a)
		}
	}
	for _, a := range attempts {
		if a.Vantage == facts.ServerDryRun {
			c.dryRuns[a.Write] = append(c.dryRuns[a.Write], a)
			continue
		}
		k := admission.CulpritOf(a)
		if a.Vantage == facts.Evaluated {
			c.evaluated[k] = append(c.evaluated[k], a)
			continue
		}
		c.byWebhook[k] = append(c.byWebhook[k], a)
		if a.Vantage == facts.PortForward {
			c.forwards[k] = append(c.forwards[k], a)
		}
	}
	return c
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
	asked := c.askedOf(i)
	if a, none := c.nobody(i); none {
		k := c.after(i, w, a, "")
		if len(asked.own) > 0 {
			k = c.answers(i, w, asked).contradicted(k)
		}
		return k
	}
	return c.answers(i, w, asked)
}

// answers is what the call comes to by what its backend has answered.
func (c *caller) answers(i admission.Interception, w bootstrap.Write, asked *questioned) call {
	if es := c.behind(i, asked.own); es != nil {
		return several(c.among(es, i, w, asked.own))
	}
	attempts := asked.about(w)
	if len(attempts) == 0 {
		return c.unasked(i, w, facts.Attempt{Answer: facts.NotAsked, Detail: "no question was put to it"})
	}
	r := c.combined(i, w, attempts, func(a facts.Attempt) string { return c.unproven(i, a) })
	if c.perEndpoint && c.uncounted != "" && i.Backend.URL == "" && !slices.ContainsFunc(attempts, func(a facts.Attempt) bool { return a.Answer == facts.NoEndpoints }) {
		u := c.unknown(i, facts.Attempt{})
		r.best, r.worst, r.several, r.detail = bound{}, worseOf(r.worst, u.worst), true, c.uncounted
	}
	return r
}

// combined returns what the call comes to that was answered so, now and then. A write
// that was not asked about itself is judged by a sample of its like. open is why the
// certificate is not known to be accepted, empty if it is.
func (c *caller) combined(i admission.Interception, w bootstrap.Write, attempts []facts.Attempt, open func(facts.Attempt) string) call {
	calls := make([]call, len(attempts))
	for n, a := range attempts {
		calls[n] = c.after(i, w, a, open(a))
	}
	r := combine(calls)
	if len(calls) > 1 && !slices.ContainsFunc(calls, func(k call) bool { return k.attempt.Write == w.Key() || k.answer != facts.Allowed }) {
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
	k.detail = cmp.Or(k.detail, fmt.Sprintf("the average of a sample of %s alike", words.Count(len(alike), "write")))
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
//
// open is why it is not known whether the API server would accept the certificate;
// empty if it would, or the answer has told.
func (c *caller) after(i admission.Interception, w bootstrap.Write, a facts.Attempt, open string) call {
	took := time.Duration(a.Milliseconds) * time.Millisecond
	breaks := a.EndsConnection()
	var r call
	switch a.Answer {
	case facts.Allowed:
		r = certain(bound{cost: took})
		if open != "" {
			r.worst.rejects = true
			r.detail = open
		}
		r, a = r.inTime(i, a)
	case facts.Denied:
		r, a = certain(bound{rejects: true, cost: took}).inTime(i, a)
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
	case facts.TLSOnly, facts.NotAsked, facts.CouldNotAsk:
		return c.unasked(i, w, a)
	default: // an answer of a later version's recording
		return c.unasked(i, w, a)
	}
	if judged(a.Answer) && !breaks && i.Unseen != "" && r.best.rejects {
		r.best.rejects, r.detail = false, i.Unseen
	}
	r.best.breaks, r.worst.breaks = breaks, breaks
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

// unproven is why it is not known whether the API server would accept the certificate
// of what has answered; empty if it would, or does not need to.
func (c *caller) unproven(i admission.Interception, a facts.Attempt) string {
	k := i.Culprit()
	if a.Vantage != facts.ServiceProxy || !i.Fails || c.proven[k] {
		return ""
	}
	return c.handshakes(i).open()
}

// unasked returns what may come of a call about which nothing is known but that the
// API server let a write alike pass, if it did. GKE's own webhooks run beside each
// replica and are taken to work.
func (c *caller) unasked(i admission.Interception, w bootstrap.Write, a facts.Attempt) call {
	switch {
	case i.ProviderManaged():
		return call{answer: facts.NotAsked, attempt: a, detail: "run by GKE beside each replica"}
	case c.admitted[admittance(i, w)]:
		return call{answer: a.Answer, attempt: a, detail: a.Detail}
	}
	return c.unknown(i, a)
}

// unknown returns what may come of a call about which nothing is known: also a
// webhook that fails open may deny.
func (c *caller) unknown(i admission.Interception, a facts.Attempt) call {
	return call{worst: bound{rejects: true, cost: i.Timeout}, answer: a.Answer, attempt: a, detail: a.Detail}
}
