package probe

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// All returns every write that somebody may intercept. The start's come first: a
// backend that hangs for one of them is not asked about the others.
func All(s *facts.Snapshot) []admission.Intercepted {
	return slices.Concat(admission.Intercept(s), lifeline.Intercept(s))
}

// A DryRun says whether the running API server is asked to try the writes itself.
type DryRun string

const (
	// Auto: each, but waiting for none of them much longer than for the slowest
	// webhook in its way; what the tool may not do is left.
	Auto DryRun = "auto"
	// Never: none.
	Never DryRun = "never"
	// Always: each, waiting until the API server itself gives up.
	Always DryRun = "always"
)

// Options are what a user may choose. Zero values are as stated.
type Options struct {
	// Vantage is where the backends of Services are asked from, ServiceProxy or
	// PodNetwork; empty for ServiceProxy. URLs are always asked directly.
	Vantage facts.Vantage
	// PortForward says to ask each of a Service's Pods too, and to look at their
	// certificates, through port-forwards, where Vantage is ServiceProxy, which does
	// not show them.
	PortForward bool
	// ServerDryRun is empty for Auto.
	ServerDryRun DryRun
	// Sample is how many writes of one hook, operation and resource each webhook
	// is asked about, and how many are dry-run; zero for 20.
	Sample int
}

const (
	defaultSample  = 20
	defaultTimeout = 10 * time.Second
	// writeLimit bounds every write in the API server, which says so itself, a little
	// later.
	writeLimit = clocks.Request + time.Second
)

// Plan returns the questions to ask about the writes: to each webhook that would
// intercept one, and to the running API server. Policies are not asked, and
// neither is a webhook that the API server itself would not call. Only start-up
// writes are dry-run: nobody but a kubelet may write as one.
func Plan(s *facts.Snapshot, intercepted []admission.Intercepted, o Options) []Request {
	o.Vantage = cmp.Or(o.Vantage, facts.ServiceProxy)
	o.ServerDryRun = cmp.Or(o.ServerDryRun, Auto)
	o.Sample = cmp.Or(o.Sample, defaultSample)
	p := planner{options: o, backends: backendsOf(s), asked: map[asked]int{}, settled: map[asked]bool{}, forwarded: map[asked]bool{}}
	for _, i := range intercepted {
		if o.ServerDryRun != Never && !i.Write.NewKind && i.Write.AtStart() {
			p.add(dryRun(i, o.ServerDryRun))
		}
		for _, by := range i.By {
			if isWebhook(by) && by.Denial == "" {
				r := p.question(i.Write, by)
				p.limit(&r)
				p.add(r)
				p.forward(r)
			}
		}
	}
	return p.requests
}

func isWebhook(i admission.Interception) bool { return i.Kind.IsWebhook() }

type planner struct {
	options  Options
	backends backends
	requests []Request
	// asked counts the questions to one webhook about one group of writes.
	asked map[asked]int
	// settled are the reasons, by webhook, that have been given for not asking.
	settled map[asked]bool
	// forwarded are the webhooks, and the groups of writes, about which each of the
	// Pods is asked already.
	forwarded map[asked]bool
}

// asked is who is asked, and about what or why not; nobody for a dry-run.
type asked struct {
	admission.Culprit
	about, why string
}

// limit leaves out endpoints beyond [MaxEndpoints], and says so.
func (p *planner) limit(r *Request) {
	if r.Vantage != facts.PodNetwork || len(r.Addresses) <= MaxEndpoints {
		return
	}
	left := *r
	left.Review, left.Known, left.Addresses = nil, nil, nil
	left.Skip = fmt.Sprintf("of its %d ready endpoints only %d are asked", len(r.Addresses), MaxEndpoints)
	p.add(left)
	r.Addresses = r.Addresses[:MaxEndpoints]
}

// add appends r, unless enough of its like are asked. What need not or may not
// be asked is noted once for each webhook and reason, and a handshake, which no
// write changes, is made once.
func (p *planner) add(r Request) {
	whom := asked{Culprit: r.Interception.Culprit()}
	if r.DryRun() {
		whom = asked{about: r.Group()}
	}
	reason := r.Skip
	if r.Known != nil {
		reason = r.Known.Detail
	}
	if reason != "" || r.Review == nil && !r.DryRun() {
		whom.why = reason
		if p.settled[whom] {
			return
		}
		p.settled[whom] = true
	} else {
		whom.about = r.Group()
		if p.asked[whom] == p.options.Sample {
			return
		}
		p.asked[whom]++
	}
	p.requests = append(p.requests, r)
}

// dryRun returns the request that the API server try the write itself.
func dryRun(i admission.Intercepted, d DryRun) Request {
	r := Request{Write: i.Write, Vantage: facts.ServerDryRun, Timeout: writeLimit}
	slowest := defaultTimeout
	for _, by := range i.By {
		slowest = max(slowest, by.Timeout)
		if isWebhook(by) && !by.DryRunnable && by.Denial == "" && by.Undecided == "" {
			r.Skip = fmt.Sprintf("the API server refuses a dry-run through webhook %s of %s, whose sideEffects are not declared as None or NoneOnDryRun", by.Webhook, by.Name)
		}
	}
	if d == Auto {
		r.Timeout = min(r.Timeout, slowest+slowest/10+time.Second/4)
	}
	return r
}

// question returns what to ask the webhook about the write.
func (p *planner) question(w bootstrap.Write, i admission.Interception) Request {
	r := Request{Interception: i, Write: w, Vantage: p.options.Vantage, Timeout: cmp.Or(i.Timeout, defaultTimeout)}
	p.backends.resolve(&r)
	if r.Skip != "" || r.Known != nil {
		return r
	}
	switch version := reviewVersion(i); {
	case version == "":
		r.know(facts.BadAnswer, facts.WrongVersion, fmt.Sprintf("it takes AdmissionReview %v and the API server sends only v1 and v1beta1, so that every call fails", i.ReviewVersions))
	case !i.DryRunnable:
		if r.Vantage == facts.ServiceProxy {
			r.Skip = "its sideEffects are not declared as None or NoneOnDryRun, so no review may be sent, and the service proxy can't make a TLS handshake alone"
		}
	case (i.Object == nil) != (w.Object == nil) || (i.OldObject == nil) != (w.OldObject == nil):
		r.Skip = fmt.Sprintf("it is called with the object as %s, into which it can't be converted here", i.ObjectKind)
	default:
		r.Review = review(version, i, w)
	}
	return r
}

func (r *Request) know(a facts.Answer, f facts.Fault, detail string) {
	known := r.Attempt(a, f, detail)
	r.Known = &known
}
