package forecast

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// relevant returns those of a webhook's attempts that tell most about w, of
// every address that was asked: the API server picks any of them.
func relevant(all []target, w bootstrap.Write) []facts.Attempt {
	var kept []facts.Attempt
	for _, t := range all {
		kept = append(kept, t.relevant(w)...)
	}
	if told := where(kept, func(a facts.Attempt) bool { return a.Answer != facts.NotAsked }); told != nil {
		return told
	}
	return kept
}

// put reports whether the question was put to where the webhook's calls go now. Pods are
// told apart by whoever knows the Service's endpoints.
func put(a facts.Attempt, i admission.Interception) bool {
	b := i.Backend
	switch a.Vantage {
	case facts.ServiceProxy, facts.DirectURL, facts.PodNetwork:
		ofPod := b.URL == "" && !strings.Contains(a.Target, "/")
		return a.Target == "" || ofPod || b.URL == "" && b.Name == "" || a.Target == probe.Request{Interception: i}.Target()
	case facts.PortForward, facts.ServerDryRun, facts.ServerRead, facts.Evaluated:
	}
	return true
}

// handshakes are those with the Pods that are behind the webhook's Service now; all there
// are where that is not known Pod by Pod.
func (c *caller) handshakes(i admission.Interception) certificates {
	all := c.forwards[i.Culprit()]
	var pods []string
	for _, e := range c.endpoints(i) {
		if e.Forward != "" {
			pods = append(pods, e.Forward)
		}
	}
	if !c.perEndpoint || pods == nil {
		return all
	}
	return where(all, func(a facts.Attempt) bool { return slices.Contains(pods, a.Target) })
}

// relevantOf returns the attempts about w itself, else those about writes of the
// same group. Behind one target may be several backends: where one does not answer,
// each attempt about writes alike may be what w meets. That an endpoint fails,
// whatever it is asked, it tells of every write; what it lets pass of one group says
// nothing of another.
func relevantOf(all []facts.Attempt, w bootstrap.Write) []facts.Attempt {
	asked := where(all, func(a facts.Attempt) bool { return decisive(a.Answer) })
	alike := where(asked, func(a facts.Attempt) bool { return alike(a, w) })
	itself := func(a facts.Attempt) bool { return about(a, w) }
	notOfAnother := func(a facts.Attempt) bool { return itself(a) || !judged(a.Answer) }
	failing := func(a facts.Attempt) bool { return a.EndsConnection() || a.Answer == facts.NoEndpoints }
	switch {
	case slices.ContainsFunc(asked, neverReached):
		return orUnasked(where(asked, func(a facts.Attempt) bool { return failing(a) || slices.Contains(alike, a) && notOfAnother(a) }), asked)
	case slices.ContainsFunc(alike, func(a facts.Attempt) bool { return a.Answer == facts.Hung }):
		return where(alike, notOfAnother)
	}
	for _, candidates := range [][]facts.Attempt{where(asked, itself), alike} {
		if candidates != nil {
			return candidates
		}
	}
	if failed := where(asked, failing); failed != nil {
		return orUnasked(failed, asked)
	}
	told := where(all, func(a facts.Attempt) bool { return !decisive(a.Answer) })
	if mine := where(told, itself); mine != nil {
		return mine
	}
	return told
}

// orUnasked leaves open, beside failures alone, what those say to w that have
// answered about other writes.
func orUnasked(kept, asked []facts.Attempt) []facts.Attempt {
	if failed := func(a facts.Attempt) bool { return a.EndsConnection() || a.Answer == facts.NoEndpoints }; len(where(kept, failed)) == len(kept) && len(where(asked, failed)) < len(asked) {
		return append(kept, facts.Attempt{Answer: facts.NotAsked, Detail: "it answers about other writes, and was not asked about this"})
	}
	return kept
}

// about reports whether the question was about w, written by the same user.
func about(a facts.Attempt, w bootstrap.Write) bool {
	return a.Write == w.Key() && w.AskedAs(a)
}

// alike reports whether the question was about a write of the same verb, resource,
// namespace and user as w.
func alike(a facts.Attempt, w bootstrap.Write) bool {
	name, ok := strings.CutPrefix(a.Write, groupOf(w))
	return ok && (w.Namespace != "" || !strings.Contains(name, "/")) && w.AskedAs(a)
}

// groupOf begins the keys of all writes of the same verb, resource and namespace.
func groupOf(w bootstrap.Write) string {
	group := fmt.Sprintf("%s %s ", w.Operation, w.ResourceName())
	if w.Namespace != "" {
		group += w.Namespace + "/"
	}
	return group
}

func where(all []facts.Attempt, keep func(facts.Attempt) bool) []facts.Attempt {
	var kept []facts.Attempt
	for _, a := range all {
		if keep(a) {
			if kept == nil {
				kept = make([]facts.Attempt, 0, len(all))
			}
			kept = append(kept, a)
		}
	}
	return kept
}

func decisive(a facts.Answer) bool {
	return a != facts.NotAsked && a != facts.CouldNotAsk && a != facts.TLSOnly
}

// neverReached reports whether no backend got to see the object, whatever it was.
func neverReached(a facts.Attempt) bool {
	switch a.Answer {
	case facts.Refused, facts.ConnectTimeout, facts.HungBeforeTLS, facts.BadCertificate:
		return true
	case facts.Allowed, facts.Denied, facts.Hung, facts.NoEndpoints, facts.BadAnswer, facts.TLSOnly, facts.NotAsked, facts.CouldNotAsk:
	}
	return false
}

// judged reports whether the answer depends on the object that was asked about.
func judged(a facts.Answer) bool { return a == facts.Denied || a == facts.BadAnswer }
