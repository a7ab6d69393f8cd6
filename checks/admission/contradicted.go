package admission

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// answeredOf is the place of the first attempt to which a webhook's backend answered by way
// of its Service; -1 for none.
func answeredOf(s *facts.Snapshot, w webhook) int {
	attempts, _ := facts.Attempts.Get(s)
	return slices.IndexFunc(attempts, func(a facts.Attempt) bool {
		return w.asked(a) && (a.Vantage == facts.ServiceProxy || a.Vantage == facts.PodNetwork) && (a.Answer == facts.Allowed || a.Answer == facts.Denied)
	})
}

// foundNobody is the finding where nobody was there to be asked, and the cluster is not
// seen to say so too, as GP112 tells; nil where somebody was.
func foundNobody(s *facts.Snapshot, w webhook) *preflight.Finding {
	attempts := facts.Attempts.Of(s)
	n := slices.IndexFunc(attempts, func(a facts.Attempt) bool {
		return w.asked(a) && a.Answer == facts.NoEndpoints && (a.Fault == facts.NoEndpoint || a.Fault == facts.NoneReady)
	})
	if n < 0 || w.client.Service == nil {
		return nil
	}
	ready, known, seen := endpointsSeen(s, w)
	if seen && ready == 0 {
		return nil
	}
	f := &preflight.Finding{
		Severity: preflight.Warning, Subject: w.subject(),
		Summary:  fmt.Sprintf("service %s had no ready endpoint when it was asked", w.service()),
		Evidence: []preflight.Evidence{attemptEvidence(attempts[n], fmt.Sprintf("/%d", n))},
		Steps:    mend(s, w, nil, "see whether its pods come and go (readiness probe, restarts, image, node)", pods, described, logs),
	}
	if seen {
		f.Summary += fmt.Sprintf(", and had %d of %d when the cluster was read, so that it comes and goes, or one of the two is over", ready, known)
	}
	f.Summary += "; " + w.effect()
	return f
}

// thoughReady adds to what is wrong with a backend that refuses connections by way of its
// Service that its endpoints are ready: Kubernetes takes it for well.
func thoughReady(s *facts.Snapshot, w webhook) string {
	if !slices.ContainsFunc(facts.Attempts.Of(s), func(a facts.Attempt) bool {
		return w.asked(a) && a.Answer == facts.Refused && (a.Vantage == facts.ServiceProxy || a.Vantage == facts.PodNetwork)
	}) {
		return ""
	}
	ready, all, seen := endpointsSeen(s, w)
	if !seen || ready == 0 {
		return ""
	}
	return fmt.Sprintf("; yet the cluster has %d of %d endpoints as ready", ready, all)
}

// endpointsSeen counts the endpoints of the webhook's Service, ready and altogether; false
// where they were not seen, or have no such port.
func endpointsSeen(s *facts.Snapshot, w webhook) (ready, all int, seen bool) {
	for _, f := range []facts.Fact{facts.Services, facts.Endpoints} {
		if _, absent := s.Absence(f); absent {
			return 0, 0, false
		}
	}
	i := findService(s, w)
	if i < 0 {
		return 0, 0, false
	}
	port := servicePort(facts.Services.Of(s)[i], w.port())
	if port == nil {
		return 0, 0, false
	}
	ready, all = readyEndpoints(s, w, port.Name)
	return ready, all, true
}
