package forecast

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// relevant returns those of a webhook's attempts that tell most about w, of
// every address that was asked: the API server picks any of them.
func relevant(all []facts.Attempt, w bootstrap.Write) []facts.Attempt {
	var kept []facts.Attempt
	for _, of := range byTarget(all) {
		kept = append(kept, relevantOf(of, w)...)
	}
	if told := where(kept, func(a facts.Attempt) bool { return a.Answer != facts.NotAsked }); told != nil {
		return told
	}
	return kept
}

func byTarget(all []facts.Attempt) [][]facts.Attempt {
	var targets []string
	attempts := map[string][]facts.Attempt{}
	for _, a := range all {
		if attempts[a.Target] == nil {
			targets = append(targets, a.Target)
		}
		attempts[a.Target] = append(attempts[a.Target], a)
	}
	var grouped [][]facts.Attempt
	for _, t := range targets {
		grouped = append(grouped, attempts[t])
	}
	return grouped
}

// relevantOf returns the attempts about w itself, else those about writes of the
// same verb and resource. Behind one target may be several backends: where one
// does not answer, each attempt about writes alike may be what w meets, and where
// one could not even be connected to, each attempt at all.
func relevantOf(all []facts.Attempt, w bootstrap.Write) []facts.Attempt {
	asked := where(all, func(a facts.Attempt) bool { return decisive(a.Answer) })
	group := fmt.Sprintf("%s %s ", w.Operation, w.ResourceName())
	alike := where(asked, func(a facts.Attempt) bool { return strings.HasPrefix(a.Write, group) })
	itself := func(a facts.Attempt) bool { return about(a, w) }
	notOfAnother := func(a facts.Attempt) bool { return itself(a) || !judged(a.Answer) }
	switch {
	case slices.ContainsFunc(asked, neverReached):
		return where(asked, notOfAnother)
	case slices.ContainsFunc(alike, func(a facts.Attempt) bool { return a.Answer == facts.Hung }):
		return where(alike, notOfAnother)
	}
	unanswered := where(asked, func(a facts.Attempt) bool { return a.Answer == facts.Hung || a.Answer == facts.NoEndpoints })
	for _, candidates := range [][]facts.Attempt{where(asked, itself), alike, unanswered, where(all, itself)} {
		if candidates != nil {
			return candidates
		}
	}
	return all
}

// about reports whether the question was about w, written by the same user.
func about(a facts.Attempt, w bootstrap.Write) bool {
	return a.Write == w.Key() && cmp.Or(a.As, bootstrap.Loopback.Name) == cmp.Or(w.User.Name, bootstrap.Loopback.Name)
}

func where(all []facts.Attempt, keep func(facts.Attempt) bool) []facts.Attempt {
	var kept []facts.Attempt
	for _, a := range all {
		if keep(a) {
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
	}
	return false
}

// judged reports whether the answer depends on the object that was asked about.
func judged(a facts.Answer) bool { return a == facts.Denied || a == facts.BadAnswer }
