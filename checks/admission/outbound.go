package admission

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// A callee is an object by which the API server calls a backend for other reasons
// than admission, with the attempts to call it.
type callee struct {
	kind admission.Kind
	name string
	// service is namespace/name; empty for a URL, which is then url.
	service, url string
	// fact and path lead to it in the snapshot.
	fact  facts.Fact
	path  string
	tried []tried
}

// A tried is an attempt and its place in the snapshot.
type tried struct {
	facts.Attempt
	path string
}

func converters(s *facts.Snapshot) []callee {
	var all []callee
	for i, c := range facts.Conversions.Of(s) {
		if !probe.Converts(c) {
			continue
		}
		b := admission.BackendOf(c.ClientConfig)
		k := callee{kind: probe.Definition, name: c.Name, url: b.URL, fact: facts.Conversions, path: fmt.Sprintf("/%d", i)}
		if b.URL == "" {
			k.service = b.Namespace + "/" + b.Name
		}
		all = append(all, k.with(s))
	}
	return all
}

func aggregatedAPIs(s *facts.Snapshot) []callee {
	var all []callee
	for i, a := range facts.APIServices.Of(s) {
		if a.Service != "" {
			k := callee{kind: probe.APIService, name: a.Name, service: a.Service, fact: facts.APIServices, path: fmt.Sprintf("/%d", i)}
			all = append(all, k.with(s))
		}
	}
	return all
}

func (k callee) with(s *facts.Snapshot) callee {
	for i, a := range facts.OutboundAttempts.Of(s) {
		if a.Type == string(k.kind) && a.Config == k.name {
			k.tried = append(k.tried, tried{a, "/" + strconv.Itoa(i)})
		}
	}
	return k
}

func (k callee) subject() preflight.Subject {
	return preflight.Subject{Kind: string(k.kind), Name: k.name}
}

// target names the backend for a person.
func (k callee) target() string {
	if k.service == "" {
		return "URL " + k.url
	}
	return "service " + k.service
}

// lookAt is the command that shows the backend.
func (k callee) lookAt() []remedy.Command {
	namespace, name, ok := strings.Cut(k.service, "/")
	if !ok {
		return []remedy.Command{remedy.Sh("curl --verbose --max-time 10 %s", k.url)}
	}
	return []remedy.Command{
		remedy.Sh("kubectl --namespace %s get pods,endpointslices --output wide", namespace),
		remedy.Sh("kubectl --namespace %s get service %s", namespace, name),
	}
}

// provided reports whether GKE itself runs the backend: its metrics-server.
func (k callee) provided() bool { return k.service == "kube-system/metrics-server" }

// failed are the attempts that show that the API server's call fails; what a
// backend itself says first, as it says more than the API server about it.
func (k callee) failed() []tried {
	var bad []tried
	for _, a := range k.tried {
		switch a.Answer {
		case facts.Allowed, facts.TLSOnly, facts.NotAsked, facts.CouldNotAsk:
			continue
		case facts.Denied, facts.HungBeforeTLS, facts.Hung, facts.ConnectTimeout, facts.Refused, facts.NoEndpoints, facts.BadCertificate, facts.BadAnswer:
		}
		bad = append(bad, a)
	}
	slices.SortStableFunc(bad, func(a, b tried) int { return cmp.Compare(rank(a.Attempt), rank(b.Attempt)) })
	return bad
}

// rank puts the most telling attempt first: a certificate that is refused is seen
// by those who verify it, and the running API server says least.
func rank(a facts.Attempt) int {
	switch {
	case a.Answer == facts.BadCertificate:
		return 0
	case a.Vantage == facts.ServerRead:
		return 2
	}
	return 1
}

// fault says what is wrong, as said of the backend: of a call that is no admission
// review by its answer alone.
func (a tried) fault() string {
	if a.Answer == facts.NoEndpoints {
		return a.Defect(a.Answer.Words(a.Fault))
	}
	return a.Defect(a.Answer.Words(""))
}

func (a tried) evidence() preflight.Evidence {
	note := fmt.Sprintf("%s, asked from %s for %s: %s after %d ms", a.Target, a.Vantage, a.Write, a.Answer, a.Milliseconds)
	if a.Detail != "" {
		note += ": " + a.Detail
	}
	return preflight.Evidence{Fact: facts.OutboundAttempts.ID(), Path: a.path + "/answer", Value: a.Answer, Note: note}
}

// open is what could not be asked, empty if all was, or need not be. A
// certificate that no port-forward showed is left to the API server's own call.
func (k callee) open() string {
	for _, a := range k.tried {
		if a.Answer == facts.CouldNotAsk && a.Vantage != facts.PortForward && !k.settled(a.Write) {
			return fmt.Sprintf("%s could not be asked for %s: %s", k.target(), a.Write, a.Detail)
		}
	}
	if len(k.tried) == 0 {
		return k.target() + " was not asked"
	}
	return ""
}

// settled reports whether somebody who verifies the certificate got what was asked for.
func (k callee) settled(write string) bool {
	return slices.ContainsFunc(k.tried, func(a tried) bool {
		return a.Answer == facts.Allowed && a.Write == write && a.Vantage != facts.ServiceProxy
	})
}

// grouped joins what has one backend and one fault of it, in order.
func grouped(ks []callee, key func(callee) string) [][]callee {
	var groups [][]callee
	index := map[string]int{}
	for _, k := range ks {
		at, ok := index[key(k)]
		if !ok {
			at = len(groups)
			index[key(k)] = at
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], k)
	}
	return groups
}

// named are the names of all, or of the first three and how many more there are.
func named(ks []callee) string {
	var names []string
	for _, k := range ks[:min(3, len(ks))] {
		names = append(names, k.name)
	}
	s := strings.Join(names, ", ")
	if more := len(ks) - 3; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// failedEvidence is that of the first attempts that failed on all of ks, five at most.
func failedEvidence(ks []callee) (es []preflight.Evidence) {
	for _, k := range ks {
		for _, a := range k.failed() {
			if len(es) < 5 {
				es = append(es, a.evidence())
			}
		}
	}
	return es
}

// unaskedCallees leaves open what could not be asked, once for each backend and reason.
func unaskedCallees(ks []callee) (fs []preflight.Finding) {
	for _, g := range grouped(ks, callee.open) {
		if why := g[0].open(); why != "" && len(g[0].failed()) == 0 {
			fs = append(fs, preflight.Finding{Severity: preflight.Warning, Subject: g[0].subject(), Undecided: why})
		}
	}
	return fs
}
