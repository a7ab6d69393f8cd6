package render

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// A why is one reason for which there is no answer, and the step that mends it; no
// commands where there are none.
type why struct {
	text string
	step remedy.Step
}

// openReasons are the reasons that many questions have in common.
type openReasons struct {
	unread  []why
	unasked []unaskedCulprit
}

func reasonsOpen(r preflight.Report) openReasons { return openReasons{unreadWhy(r), unasked(r)} }

// cover reports whether the question is open for one of the reasons.
func (o openReasons) cover(q question) bool {
	return o.unread != nil && q.unread || (o.unread != nil || o.unasked != nil) && q.hangsOn(o.unasked)
}

// whyOpen are the reasons for which what could hide a blocker has no answer, each
// once: facts that could not be read, who was not asked, and what else is open.
func whyOpen(r preflight.Report) []why {
	reasons := reasonsOpen(r)
	all := reasons.unread
	for _, u := range reasons.unasked {
		all = append(all, u.why)
	}
	for _, q := range append(openQuestions(r), undecided(r)...) {
		if q.severity == preflight.Blocker && !reasons.cover(q) {
			all = append(all, why{text: fmt.Sprintf("%s: %s", words.Some(q.checks, maxShown), q.said(false))})
		}
	}
	if n := len(r.Skipped); slices.ContainsFunc(r.Skipped, func(s preflight.Skipped) bool { return !s.Waived }) {
		all = append(all, why{text: words.Count(n, "answer") + " skipped on request; a waiver accepts that"})
	}
	return all
}

// hangsOn reports whether the question is that of a hook or lifeline, whose answer
// hangs on the others', or on somebody who was not asked.
func (q question) hangsOn(all []unaskedCulprit) bool {
	for _, s := range q.about {
		known := s.Kind == "PostStartHook" || s.Kind == "Lifeline"
		for _, u := range all {
			known = known || s == preflight.SubjectOf(u.Culprit)
		}
		if !known {
			return false
		}
	}
	return q.about != nil
}

// An origin is where a fact comes from, and so who can grant or open it.
type origin int

const (
	fromKubernetes origin = iota
	fromGoogle
)

func originOf(id string) origin {
	for _, f := range facts.All() {
		if f.ID() == id && len(f.Access().Permissions) > 0 {
			return fromGoogle
		}
	}
	return fromKubernetes
}

// unreadWhy are the facts that were asked for in vain, by the reason and by who keeps them.
func unreadWhy(r preflight.Report) []why {
	type group struct {
		reason facts.Reason
		origin origin
	}
	var order []group
	ids, details := map[group][]string{}, map[group]string{}
	for _, f := range r.Facts {
		if !f.Reason.Sought() {
			continue
		}
		g := group{f.Reason, originOf(f.ID)}
		if ids[g] == nil {
			order = append(order, g)
			details[g] = f.Detail
		}
		ids[g] = append(ids[g], f.ID)
	}
	var all []why
	for _, g := range order {
		text := fmt.Sprintf("%s %s: %s", words.Count(len(ids[g]), "fact"), unreadFor(g.reason, len(ids[g])), words.Some(ids[g], fewNamed))
		if g.reason != facts.Forbidden && details[g] != "" {
			text += ": " + short(details[g])
		}
		all = append(all, why{text, mend(g.reason, g.origin)})
	}
	return all
}

func unreadFor(r facts.Reason, n int) string {
	are, were := "are", "were"
	if n == 1 {
		are, were = "is", "was"
	}
	switch r {
	case facts.Forbidden:
		return are + " forbidden to you"
	case facts.Unauthenticated:
		return were + " refused to your credentials"
	case facts.Timeout:
		return were + " not told in time"
	case facts.Truncated:
		return were + " told in part"
	case facts.Unreachable:
		return were + " out of reach"
	case facts.Failed:
		return were + " answered with an error"
	case facts.NotFound:
		return were + " not found"
	case facts.LeftOut, facts.NotCollected, facts.EarlierVersion:
		return were + " not asked for"
	}
	return were + " not read"
}

// mend is the step that lets a fact be read; without commands where only the reader
// can know it.
func mend(r facts.Reason, o origin) remedy.Step {
	shell := func(text, command string) remedy.Step {
		return remedy.Do(text, remedy.Command{Kind: remedy.Shell, Text: command})[0]
	}
	switch {
	case r == facts.Forbidden && o == fromGoogle:
		return shell("grant what the role holds", "gke-preflight rbac --gcp")
	case r == facts.Forbidden:
		return shell("grant what the role holds, and bind it to yourself", "gke-preflight rbac | kubectl apply -f -")
	case r == facts.Unauthenticated && o == fromGoogle:
		return shell("log in to Google Cloud", "gcloud auth application-default login")
	case r == facts.Unauthenticated:
		return shell("log in", "gcloud auth login")
	}
	return remedy.Step{}
}

// An unaskedCulprit was not asked, or gave no answer to go by.
type unaskedCulprit struct {
	admission.Culprit
	why
}

// unasked are those of whom writes of the start, or on which the cluster lives, hang.
func unasked(r preflight.Report) []unaskedCulprit {
	var all []unaskedCulprit
	first := map[admission.Culprit]forecast.Interception{}
	hooks, lines := map[admission.Culprit]int{}, map[admission.Culprit][]string{}
	add := func(b forecast.Blame) bool {
		if b.Effect != forecast.Undecided {
			return false
		}
		if _, ok := first[b.Culprit]; !ok {
			all, first[b.Culprit] = append(all, unaskedCulprit{Culprit: b.Culprit}), b.Interception
		}
		return true
	}
	for _, h := range r.Forecast.ControlPlane.Hooks {
		for _, b := range r.Forecast.ControlPlane.AtFault(h) {
			if add(b) {
				hooks[b.Culprit]++
			}
		}
	}
	for _, l := range r.Forecast.Lifelines {
		for _, b := range l.AtFault() {
			if add(b) {
				lines[b.Culprit] = append(lines[b.Culprit], l.Name)
			}
		}
	}
	for n, u := range all {
		all[n].text = fmt.Sprintf("%s %s; that leaves open %s", full(u.Culprit), answered(first[u.Culprit]), on(hooks[u.Culprit], lines[u.Culprit]))
	}
	return all
}

// on counts what hangs on an answer, and names the first of the lifelines.
func on(hooks int, lines []string) string {
	if lines == nil {
		return words.Count(hooks, "hook")
	}
	named := fmt.Sprintf("%s (%s)", words.Count(len(lines), "lifeline"), words.Some(lines, fewNamed))
	if hooks == 0 {
		return named
	}
	return words.Count(hooks, "hook") + " and " + named
}
