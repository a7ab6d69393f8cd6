package rehearsal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// Path is the URL path by which a webhook is called in a rehearsal. That of a Service may
// hold lower case alone.
func Path(c admission.Culprit) string {
	return "/" + strings.ToLower(c.Kind.Type()) + "/" + c.Name + "/" + c.Webhook
}

// An Answer is what a stand-in does.
type Answer struct {
	facts.Answer
	Fault        facts.Fault
	Milliseconds int64
	// Status is the HTTP status, or the code of a denial; zero if there was none.
	Status int32
	Detail string
	// Patch is the JSON Patch that comes with it; empty for none, and where it is not
	// known. Unpatched says why a patch that the backend makes is left out; empty for none.
	Patch, Unpatched string
	// Assumed says why this was not seen; empty if it was.
	Assumed string
}

// A StandIn answers in place of a webhook's backends, as they were seen to.
type StandIn struct {
	admission.Culprit
	// Endpoints are host:port among which the API server picks.
	Endpoints []string

	own      map[string][]facts.Attempt
	some     []facts.Attempt
	admitted map[string]bool
	provider bool
}

// StandIns are those of all webhooks of the snapshot, in order.
func StandIns(s *facts.Snapshot) []*StandIn {
	attempts, _ := facts.Attempts.Get(s)
	admitted := map[string]bool{}
	for _, a := range attempts {
		if a.Vantage == facts.ServerDryRun && a.As == bootstrap.Loopback.Name && a.Answer == facts.Allowed {
			admitted[a.Write] = true
		}
	}
	var all []*StandIn
	for _, i := range webhooks(s) {
		in := &StandIn{Culprit: i.Culprit(), own: map[string][]facts.Attempt{}, provider: i.ProviderManaged()}
		if !in.Unapplied(s) {
			in.admitted = admitted
		}
		targets := map[string]string{}
		for _, e := range probe.Endpoints(s, i) {
			in.Endpoints = append(in.Endpoints, e.Address)
			targets[e.Address] = e.Address
			if e.Forward != "" {
				targets[e.Forward] = e.Address
			}
		}
		if i.Backend.URL != "" {
			in.Endpoints = []string{i.Backend.HostPort()}
		}
		for _, a := range attempts {
			mine := admission.CulpritOf(a) == in.Culprit && (a.As == "" || a.As == bootstrap.Loopback.Name) && decisive(a.Answer)
			if e, ok := targets[a.Target]; ok && mine {
				in.own[e] = append(in.own[e], a)
			} else if mine {
				in.some = append(in.some, a)
			}
		}
		all = append(all, in)
	}
	return all
}

// webhooks are those of the snapshot as who would see a write.
func webhooks(s *facts.Snapshot) (all []admission.Interception) {
	validating, _ := facts.ValidatingWebhooks.Get(s)
	for _, c := range validating {
		for _, h := range c.Webhooks {
			all = append(all, admission.Interception{Kind: admission.ValidatingWebhook, Name: c.Name, Webhook: h.Name, Backend: admission.BackendOf(h.ClientConfig)})
		}
	}
	mutating, _ := facts.MutatingWebhooks.Get(s)
	for _, c := range mutating {
		for _, h := range c.Webhooks {
			all = append(all, admission.Interception{Kind: admission.MutatingWebhook, Name: c.Name, Webhook: h.Name, Backend: admission.BackendOf(h.ClientConfig)})
		}
	}
	return all
}

// At is what becomes of a connection to the endpoint before anything is asked: an
// answer of a backend that nobody gets through to, whatever the write; false where one
// does.
func (in *StandIn) At(endpoint string) (Answer, bool) {
	if a, ok := firstOf(in.own[endpoint], facts.Attempt.EndsConnection); ok {
		return seen(a), true
	}
	if len(in.own[endpoint]) > 0 {
		return Answer{}, false
	}
	bad, ok := firstOf(in.some, facts.Attempt.EndsConnection)
	if !ok {
		return Answer{}, false
	}
	if slices.ContainsFunc(in.some, func(a facts.Attempt) bool { return !a.EndsConnection() }) {
		open := slices.IndexFunc(in.Endpoints, func(e string) bool { return len(in.own[e]) == 0 })
		if len(in.Endpoints) < 2 || in.Endpoints[open] != endpoint {
			return Answer{}, false
		}
		r := seen(bad)
		r.Detail = "one of its endpoints was seen to, and not which: taken to be " + endpoint
		return r, true
	}
	return seen(bad), true
}

// To is the answer to a write, by its key, at an endpoint.
func (in *StandIn) To(write, endpoint string) Answer {
	if a, ok := in.At(endpoint); ok {
		return a
	}
	some := in.some
	if len(in.Endpoints) > 1 {
		some = slices.DeleteFunc(slices.Clone(some), facts.Attempt.EndsConnection)
	}
	itself := func(a facts.Attempt) bool { return a.Write == write }
	alike := func(a facts.Attempt) bool { return admission.GroupOf(a.Write) == admission.GroupOf(write) }
	for _, about := range []func(facts.Attempt) bool{itself, alike} {
		for _, attempts := range [][]facts.Attempt{in.own[endpoint], some} {
			if a, ok := firstOf(attempts, about); ok {
				return in.patched(seen(a), write, endpoint)
			}
		}
	}
	switch {
	case in.admitted[write]:
		return Answer{Answer: facts.Allowed, Detail: "a server-side dry-run of the write was admitted"}
	case in.provider:
		return Answer{Answer: facts.Allowed, Detail: "run by GKE beside each replica"}
	}
	return Answer{Answer: facts.Allowed, Assumed: fmt.Sprintf("%s was not seen to answer about %q", in.Culprit, write)}
}

// Provider reports whether GKE itself runs the webhook, beside each API server.
func (in *StandIn) Provider() bool { return in.provider }

// patched adds the patch to an answer to the write.
func (in *StandIn) patched(r Answer, write, endpoint string) Answer {
	if in.Kind != admission.MutatingWebhook || r.Answer != facts.Allowed {
		return r
	}
	patch, changes := admission.PatchOf(slices.Concat(in.own[endpoint], in.some), write)
	if r.Patch = patch; changes && patch == "" {
		r.Unpatched = "the patch that it makes is not in the recording"
	}
	return r
}

func seen(a facts.Attempt) Answer {
	return Answer{Answer: a.Answer, Fault: a.Fault, Milliseconds: a.Milliseconds, Status: a.Status, Detail: a.Detail}
}

func firstOf(all []facts.Attempt, holds func(facts.Attempt) bool) (facts.Attempt, bool) {
	if n := slices.IndexFunc(all, holds); n >= 0 {
		return all[n], true
	}
	return facts.Attempt{}, false
}

// decisive reports whether a backend was asked and something came of it.
func decisive(a facts.Answer) bool {
	switch a {
	case facts.NotAsked, facts.CouldNotAsk, facts.TLSOnly, facts.NoEndpoints:
		return false
	case facts.Allowed, facts.Denied, facts.HungBeforeTLS, facts.Hung, facts.ConnectTimeout, facts.Refused, facts.BadCertificate, facts.BadAnswer:
	}
	return true
}
