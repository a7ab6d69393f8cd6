package admission

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

var webhookEndpointsDiffer = preflight.Check{
	ID:       "GP107",
	Name:     "webhook-endpoints-differ",
	Title:    "Endpoints of a webhook's Service answer differently, so that a draw decides",
	Severity: preflight.Blocker,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    StartupNeeds(),
	Uses:     StartupUses(),
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for _, d := range drawnOf(s) {
			fs = append(fs, d.finding(s))
		}
		return append(append(append(fs, uncounted(s)...), oneForAll(s)...), OpenWarnings(s)...)
	},
}

// uncounted are the webhooks of which it is not known how many endpoints they have.
func uncounted(s *facts.Snapshot) (fs []preflight.Finding) {
	for _, f := range []facts.Fact{facts.Services, facts.Endpoints} {
		a, absent := s.Absence(f)
		if !absent {
			continue
		}
		for _, w := range webhooks(s) {
			if w.client.Service != nil {
				fs = append(fs, preflight.Finding{Severity: preflight.Warning, Subject: w.subject(), Undecided: fmt.Sprintf("whether its endpoints answer alike: could not read %s (%s)", f.ID(), a)})
			}
		}
		return fs
	}
	return nil
}

// oneForAll names once what a recording of an earlier version has no answers of.
func oneForAll(s *facts.Snapshot) []preflight.Finding {
	several := func(w webhook) bool { return w.client.Service != nil && len(endpointPods(s, w)) > 1 }
	if _, asked := facts.Attempts.Get(s); !asked || s.Meta.PerEndpoint || !slices.ContainsFunc(webhooks(s), several) {
		return nil
	}
	return []preflight.Finding{{
		Severity: preflight.Warning, Subject: preflight.Subject{Kind: "Cluster", Name: s.Meta.Cluster.Name},
		Undecided: "whether the endpoints of a webhook answer alike: the recording is of a version that asked one of them for all",
	}}
}

// A drawn webhook is one whose endpoints differ, with the hooks and lines that hang
// on which of them is called.
type drawn struct {
	forecast.Interception
	hooks []forecast.Hook
	lines []forecast.Lifeline
	// seen is the first write that meets it.
	seen forecast.Write
}

func drawnOf(s *facts.Snapshot) []*drawn {
	var ds []*drawn
	of := func(i forecast.Interception, w forecast.Write) *drawn {
		n := slices.IndexFunc(ds, func(d *drawn) bool { return d.Culprit == i.Culprit })
		if n < 0 {
			n = len(ds)
			ds = append(ds, &drawn{Interception: i, seen: w})
		}
		return ds[n]
	}
	f := forecast.Of(s)
	for _, h := range f.ControlPlane.Hooks {
		for _, w := range h.Writes {
			for _, i := range w.InterceptedBy {
				if i.Endpoints == nil {
					continue
				}
				if d := of(i, w); !slices.ContainsFunc(d.hooks, func(o forecast.Hook) bool { return o.Name == h.Name }) {
					d.hooks = append(d.hooks, h)
				}
			}
		}
	}
	for _, l := range f.Lifelines {
		for _, w := range l.Writes {
			for _, i := range w.InterceptedBy {
				if i.Endpoints == nil {
					continue
				}
				if d := of(i, w.Write); !slices.ContainsFunc(d.lines, func(o forecast.Lifeline) bool { return o.Name == l.Name }) {
					d.lines = append(d.lines, l)
				}
			}
		}
	}
	return ds
}

func (d drawn) finding(s *facts.Snapshot) preflight.Finding {
	f := preflight.Finding{
		Severity: preflight.Warning,
		Subject:  preflight.SubjectOf(d.Culprit),
		Summary:  fmt.Sprintf("%s: %s; %s", d.Interception, d.Says(), d.comes(s)),
		Steps:    d.replace(s),
	}
	cp := forecast.Of(s).ControlPlane
	restarts := cp.UnderKubelet.Worse() && slices.ContainsFunc(d.hooks, cp.Outlasts)
	if restarts || slices.ContainsFunc(d.hooks, forecast.Hook.MayFail) || slices.ContainsFunc(d.lines, mayBeLost) {
		f.Severity = preflight.Blocker
		out := way(s, d.Culprit)
		out[0].Text += ", whether they answer or not"
		f.Steps = append(f.Steps, out...)
	}
	if i, ok := d.seen.By(d.Culprit); ok {
		f.Evidence = answersOf(d.seen, i)
	}
	return f
}

// mayBeLost reports whether the line is lost by some draws, and all nodes or the
// control plane's leaders with it. Other clients try again.
func mayBeLost(l forecast.Lifeline) bool {
	return l.Draws && l.AtWorst == forecast.Lost && of(lifeline.Heartbeats, lifeline.Elections)(l)
}

func answersOf(w forecast.Write, i forecast.Interception) (es []preflight.Evidence) {
	for _, e := range i.Endpoints {
		name := e.Endpoint
		if e.Unsure {
			name += " or another"
		}
		note := fmt.Sprintf("to %s: %s in %d ms", writeName(w), e.Answer, e.Milliseconds)
		if e.Detail != "" {
			note += ": " + e.Detail
		}
		es = append(es, preflight.Evidence{Value: name, Note: note})
	}
	return es
}

// comes says what may come of it: of the start, and else of what the cluster lives by.
func (d drawn) comes(s *facts.Snapshot) string {
	each := "by the connection, which an API server before 1.37 keeps for as long as it lives,"
	if version.EndpointPerCall.In(s.Meta.Target) {
		each = "by the call, for each of which an API server from 1.37 on picks an endpoint,"
	}
	var says []string
	for _, h := range d.hooks {
		if len(h.Possible) > 1 || h.Outcome == forecast.Delayed {
			says = append(says, h.Name+" "+chances(h))
		}
	}
	for _, l := range d.lines {
		if mayBeLost(l) {
			says = append(says, fmt.Sprintf("%s may be lost: %s", l.Name, l.Consequence))
		}
	}
	switch {
	case len(says) > 3:
		says = append(says[:3], fmt.Sprintf("and so do %s", finding.Count(len(says)-3, "other")))
	case says == nil:
		return "calls that go there fail and are tried again, so that the new replica gets ready all the same"
	}
	after := ""
	if cp := forecast.Of(s).ControlPlane; slices.ContainsFunc(d.hooks, cp.Outlasts) {
		after = restarted(cp)
	}
	return each + " " + strings.Join(says, "; ") + after
}

// chances says what may come of the hook, the worst first.
func chances(h forecast.Hook) string {
	var says []string
	for _, p := range slices.Backward(h.Possible) {
		said := map[forecast.Outcome]string{
			forecast.CrashLoop:  "ends the process after " + span(p.Seconds),
			forecast.NeverReady: "never gets done, so that the new replica stays red",
			forecast.Delayed:    "is done after " + span(p.Seconds),
			forecast.Degraded:   "is done, with writes that keep failing in the background",
			forecast.Ready:      "is done as usual",
			forecast.Unknown:    "comes out in a way that can't be told",
		}[p.Outcome]
		if p.Chance != nil {
			said += fmt.Sprintf(" (%s of the starts)", p.Chance)
		}
		says = append(says, said)
	}
	return strings.Join(says, ", or ")
}

// replace is how the endpoints at fault are replaced: the Pods' controller makes new
// ones.
func (d drawn) replace(s *facts.Snapshot) remedy.Steps {
	n := slices.IndexFunc(webhooks(s), func(w webhook) bool { return w.Culprit() == d.Culprit })
	if n < 0 {
		return remedy.Do("replace the Pods at fault")
	}
	w := webhooks(s)[n]
	var bad []string
	known := endpointPods(s, w)
	for _, e := range d.Endpoints {
		if e.Effect != forecast.Passes && !e.Unsure && known[e.Endpoint] {
			bad = append(bad, e.Endpoint)
		}
	}
	if bad == nil {
		return mend(s, w, nil, "find out which of its Pods it is, by port-forwards, which gke-preflight does itself where it is permitted, and replace that one", pods, logs)
	}
	return remedy.Do(fmt.Sprintf("replace %s, of which its controller makes a new one", strings.Join(bad, ", ")), inNamespace(w, append([]string{"delete", "pod"}, bad...)...))
}

// endpointPods are the names of the Pods behind w's Service.
func endpointPods(s *facts.Snapshot, w webhook) map[string]bool {
	names := map[string]bool{}
	endpoints, _ := facts.Endpoints.Get(s)
	for _, e := range endpoints {
		for _, a := range e.Endpoints {
			if e.Namespace+"/"+e.Service == w.service() && a.Pod != "" {
				names[a.Pod] = true
			}
		}
	}
	return names
}
