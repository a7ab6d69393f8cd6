package forecast

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// writeLimit bounds any single write, admission included.
const writeLimit = clocks.Request

// slow is the time from which a write counts as slowed.
const slow = time.Second

// A write takes this long where nothing holds it up: measured on etcd's own
// disk, from a fast one to a slow one.
const (
	undisturbedMin = time.Millisecond
	undisturbedMax = 5 * time.Millisecond
)

// simulated is a write with what may come of it.
type simulated struct {
	bootstrap.Write
	by          []admission.Interception
	calls       []call
	best, worst bound
	// limit is how long the write may take at most.
	limit time.Duration
}

// simulate takes a write through everything that intercepts it, in the order of
// the API server's plugin chain: mutating policies and webhooks one after the
// other, then validating policies, then validating webhooks all at once.
func (c *caller) simulate(w bootstrap.Write, by []admission.Interception, limit time.Duration) simulated {
	s := simulated{Write: w, by: by, limit: limit}
	for _, i := range by {
		s.calls = append(s.calls, c.of(i, w))
	}
	s.meet()
	c.consultDryRuns(&s)
	s.best.cost += undisturbedMin
	s.worst.cost += undisturbedMax
	return s
}

// meet takes the write through its calls, at best and at worst.
func (s *simulated) meet() {
	s.best = s.admit(1, func(n int) bound { return s.calls[n].best })
	s.worst = s.admit(2, func(n int) bound { return s.calls[n].worst })
}

// admit is the way through admission where each call comes to what end says, and
// where a webhook that may be reinvoked is called that many times.
func (s *simulated) admit(reinvoked time.Duration, end func(n int) bound) bound {
	var serial, parallel time.Duration
	rejected, limit := false, s.limit
	for n, i := range s.by {
		b := end(n)
		switch i.Kind {
		case admission.ValidatingWebhook:
			parallel = max(parallel, b.cost)
			rejected = rejected || b.rejects
			continue
		case admission.ValidatingPolicy:
			if b.rejects {
				return bound{rejects: true, cost: serial, until: b.until}
			}
			continue
		case admission.MutatingPolicy, admission.MutatingWebhook:
		}
		if i.Reinvoked {
			b.cost *= reinvoked
		}
		serial += b.cost
		if serial >= limit || b.rejects {
			return bound{rejects: true, cost: min(serial, limit), until: b.until}
		}
	}
	total := min(serial+parallel, limit)
	return bound{rejects: rejected || total >= limit, cost: total}
}

// consultDryRuns lets the API server's own answer decide what the direct
// questions left open. A dry-run made as another user decides only what does
// not depend on the user: that a backend which this write needs could not be called.
// Where a webhook has several endpoints it met one of them, so that it shows what may
// come and not what will.
func (c *caller) consultDryRuns(s *simulated) {
	for _, a := range c.dryRuns[s.Key()] {
		asLoopback := a.As == s.User.Name
		took := time.Duration(a.Milliseconds) * time.Millisecond
		switch {
		case asLoopback && (a.Answer == facts.Denied || gaveUp(a)), a.Answer == facts.Denied && s.needs(failedCall(a.Detail)):
			s.worst.rejects = true
			if asLoopback && a.Answer == facts.Denied {
				s.worst.cost = min(s.worst.cost, max(s.best.cost, took))
			}
			switch {
			case s.best.rejects:
			case s.several(a):
				s.doubt(a)
			default:
				s.best = bound{rejects: true, cost: min(s.worst.cost, took)}
				s.blame(a)
			}
		case slices.ContainsFunc(s.by, func(i admission.Interception) bool { return c.unapplied(i.Culprit()) }):
			// what was let pass has not met all of them
		case slices.ContainsFunc(s.calls, func(k call) bool { return k.disputed }):
			// it was let pass by a backend that may be gone since
		case a.Answer == facts.Allowed && asLoopback && s.worst.rejects && !s.best.rejects && !(c.perEndpoint && s.several(a)) && !s.drawn():
			s.worst = s.justStarted(max(s.best.cost, took))
		}
	}
}

// justStarted is what a write that the running API server lets pass comes to at worst for
// one that has just started: it may reject what it does not know yet.
func (s *simulated) justStarted(passes time.Duration) bound {
	b := bound{cost: passes}
	for _, k := range s.calls {
		if k.worst.until > b.until {
			b = bound{rejects: true, cost: passes, until: k.worst.until}
		}
	}
	return b
}

// several reports whether the dry-run met one of several endpoints: of the webhook
// that it names, or else of any in its way.
func (s *simulated) several(a facts.Attempt) bool {
	named := cmp.Or(failedCall(a.Detail), deniedBy(a.Detail))
	for n, i := range s.by {
		if (named == "" || i.Webhook == named) && s.calls[n].several {
			return true
		}
	}
	return false
}

// drawnWorst is what the write comes to where the worst of the endpoints is called
// that are known to differ.
func (s simulated) drawnWorst() bound {
	return s.admit(1, func(n int) bound {
		b := s.calls[n].best
		for _, a := range s.calls[n].at {
			b = worseOf(b, a.best)
		}
		return b
	})
}

// doubt notes of the webhook which the dry-run names that it may reject.
func (s *simulated) doubt(a facts.Attempt) {
	named := cmp.Or(failedCall(a.Detail), deniedBy(a.Detail))
	for n, i := range s.by {
		if k := &s.calls[n]; i.Webhook == named && k.at == nil && !k.worst.rejects {
			k.worst.rejects = true
			k.detail = "the running API server met one of its endpoints and says: " + a.Detail
		}
	}
}

// drawn reports whether it hangs on which endpoint is called what becomes of the write.
func (s simulated) drawn() bool {
	return slices.ContainsFunc(s.calls, func(k call) bool { return k.at != nil })
}

// blame holds the webhook responsible that the API server says has denied the
// dry-run, else the dry-run itself.
func (s *simulated) blame(a facts.Attempt) {
	k := call{best: s.best, worst: s.worst, answer: a.Answer, attempt: a, detail: a.Detail}
	by := deniedBy(a.Detail)
	n := slices.IndexFunc(s.by, func(i admission.Interception) bool { return by != "" && i.Webhook == by })
	if n >= 0 {
		s.calls[n] = k
		return
	}
	s.calls = append(s.calls, k)
	s.by = append(s.by, admission.Interception{Kind: "server-side dry-run", Fails: true})
}

const gatewayTimeout = 504

// gaveUp reports whether the API server itself ended the dry-run. Without a
// status it is this tool that stopped waiting.
func gaveUp(a facts.Attempt) bool {
	return a.Answer == facts.Hung && a.Status == gatewayTimeout
}

// failedCall returns the webhook that the API server says it could not call,
// empty if it says no such thing (k8s.io/apiserver pkg/admission/plugin/webhook,
// ErrCallingWebhook).
func failedCall(said string) string { return quoted(said, `failed calling webhook "`, `"`) }

// deniedBy returns the webhook that the API server says has denied, empty if it
// says no such thing (k8s.io/apiserver pkg/admission/plugin/webhook/errors,
// ToStatusErr).
func deniedBy(said string) string { return quoted(said, `admission webhook "`, `" denied the request`) }

func quoted(said, before, after string) string {
	_, rest, ok := strings.Cut(said, before)
	name, _, closed := strings.Cut(rest, after)
	if !ok || !closed {
		return ""
	}
	return name
}

func (s *simulated) needs(webhook string) bool {
	return webhook != "" && slices.ContainsFunc(s.by, func(i admission.Interception) bool { return i.Webhook == webhook && i.Fails })
}

func (s simulated) effect() Effect { return effect(s.best, s.worst) }

func effect(best, worst bound) Effect {
	switch {
	case best.rejects != worst.rejects:
		return Undecided
	case best.rejects:
		return Rejects
	case (best.cost >= slow) != (worst.cost >= slow):
		return Undecided
	case best.cost >= slow:
		return Slows
	}
	return Passes
}

func (s simulated) report() Write {
	w := Write{
		Verb: string(s.Operation), Resource: s.ResourceName(), Namespace: s.Namespace, Name: s.Name,
		Condition: s.Condition, Effect: s.effect(), Seconds: seconds(s.best.cost, s.worst.cost),
	}
	for n, i := range s.by {
		k := s.calls[n]
		policy := "Ignore"
		if i.Fails {
			policy = "Fail"
		}
		w.InterceptedBy = append(w.InterceptedBy, Interception{
			Culprit: i.Culprit(), FailurePolicy: policy,
			Answer: string(cmp.Or(k.answer, facts.NotAsked)), Milliseconds: k.attempt.Milliseconds,
			Vantage: string(k.attempt.Vantage), Effect: effect(k.best, k.worst), Detail: k.detail, Shown: k.attempt.Shown, Endpoints: k.endpoints(),
		})
	}
	return w
}

// endpoints is what the endpoints do, where they differ.
func (k call) endpoints() (es []EndpointAnswer) {
	for _, a := range k.at {
		es = append(es, EndpointAnswer{
			Endpoint: a.name, Unsure: a.unsure, Answer: string(cmp.Or(a.answer, facts.NotAsked)), Milliseconds: a.attempt.Milliseconds,
			Effect: effect(a.best, a.worst), Detail: a.detail,
		})
	}
	return es
}

func seconds(a, b time.Duration) Seconds {
	return Seconds{tenth(min(a, b)), tenth(max(a, b))}
}

func tenth(d time.Duration) float64 {
	return float64(d.Round(100*time.Millisecond).Milliseconds()) / 1000
}
