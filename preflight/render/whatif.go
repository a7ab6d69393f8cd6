package render

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/whatif"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// WhatIf writes the smallest events that would turn today's state into a
// crash-loop, backend by backend, each as the steps that lead there.
func WhatIf(w io.Writer, r whatif.Result, o Options) error {
	p := newPage(o)
	p.text(0, bold.of(fmt.Sprintf("What would turn the upgrade of %s to %s into a crash-loop", cmp.Or(r.Cluster.Name, "this cluster"), cmp.Or(r.TargetVersion, "an unknown version"))))
	p.blank()
	p.text(0, p.judgement(r))
	if len(r.Already) > 0 {
		p.text(2, "Already today "+already(r.Already)+": gke-preflight check says why. Further harm alone is searched for.")
	}
	for _, k := range r.Risks {
		p.risk(k)
	}
	if len(r.Gaps) > 0 {
		p.heading("Not looked at")
		for _, g := range r.Gaps {
			p.item(2, "- ", g)
		}
	}
	p.blank()
	p.text(0, fmt.Sprintf("%s of at most %d events tried; certificates are looked at until %s, %s. What is in the model and what is not: gke-preflight explain whatif",
		words.Count(r.Tried, "set"), r.Largest, r.Until.Format("2006-01-02"), r.UntilReason))
	return p.writeTo(w)
}

// already says what fails with no event, the hooks by name.
func already(hs []whatif.Harm) string {
	var hooks []string
	lines := 0
	for _, h := range hs {
		if h.Lifeline != "" {
			lines++
		} else {
			hooks = append(hooks, h.Hook+" comes out as "+h.Outcome)
		}
	}
	if lines > 0 {
		hooks = append(hooks, words.Count(lines, "lifeline")+" would be lost")
	}
	return strings.Join(hooks, ", ")
}

func (p *page) judgement(r whatif.Result) string {
	verdict := strings.ToUpper(string(r.Verdict))
	switch r.Verdict {
	case whatif.Endangered:
		if single(r) {
			return red.of(verdict) + ": one event is enough."
		}
		return red.of(verdict) + ": it needs no event."
	case whatif.Undecided:
		return yellow.of(verdict) + ": no single event was found that is enough, and not everything could be looked at."
	case whatif.Exposed:
		return yellow.of(verdict) + ": no single event takes the control plane or all nodes down, of those in the model, but one is enough to lose what is named below."
	case whatif.Tolerant:
		return green.of(verdict) + ": no single event is enough of those in the model; two at the same time are."
	case whatif.Robust:
		return green.of(verdict) + ": no event is enough of those in the model, and no two at the same time."
	}
	return verdict
}

func single(r whatif.Result) bool {
	for _, k := range r.Risks {
		if k.Grave() && k.Size == 1 {
			return true
		}
	}
	return false
}

func (p *page) risk(k whatif.Risk) {
	p.heading(k.Backend)
	var names []string
	for _, w := range k.Webhooks {
		names = append(names, w.Name)
	}
	p.text(2, "Backend of "+strings.Join(names, ", ")+".")
	if n := len(k.Endpoints); n > 0 {
		var places []string
		for _, e := range k.Endpoints[:min(n, maxShown)] {
			places = append(places, place(e))
		}
		if n > maxShown {
			places = append(places, fmt.Sprintf("and %d more", n-maxShown))
		}
		p.text(2, "Ready: "+strings.Join(places, "; ")+".")
	}
	size := "One event is enough:"
	if k.Size > 1 {
		size = fmt.Sprintf("%d events at the same time are enough:", k.Size)
	}
	p.text(2, size)
	for n, s := range k.Scenarios[:min(len(k.Scenarios), maxShown)] {
		p.blank()
		p.scenario(n+1, s)
	}
	if more := len(k.Scenarios) - maxShown; more > 0 {
		p.blank()
		p.text(2, fmt.Sprintf("and %d more: see -o json", more))
	}
}

func (p *page) scenario(n int, s whatif.Scenario) {
	bullet := fmt.Sprintf("%d. ", n)
	indent := 2 + len(bullet)
	for i, step := range s.Steps {
		if i == 0 {
			p.item(2, bullet, step)
			continue
		}
		p.item(indent, "→ ", step)
	}
	lasts := "lasts " + s.Lasts
	if s.ForGood {
		lasts = red.of(lasts)
	}
	p.text(indent, lasts)
}

func place(e whatif.Place) string {
	s := cmp.Or(e.Pod, e.Address)
	if e.Node != "" {
		s += " on " + e.Node
	}
	var in []string
	for _, v := range []string{e.Pool, e.Zone} {
		if v != "" {
			in = append(in, v)
		}
	}
	if in != nil {
		s += " (" + strings.Join(in, ", ") + ")"
	}
	return s
}
