package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/docs"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

const preface = `# Accuracy

Does what is foretold come true? "make test-matrix" asks on real API servers:
for each pair of neighbouring minors it starts a cluster, breaks a webhook, asks
the tool, and then makes the upgrade. What happened is read off the new
replica's process alone: its exit code, its log, its /readyz and its audit log.
This page is generated from that, and nothing is left out: a forecast that was
wrong stays in the tables.

A case is a fault, the failurePolicy of the webhook that has it, and what that
webhook sees. Beside it stands a healthy webhook that sees everything, fails
closed and must not be blamed. The webhooks validate and wait for 3 s unless the
case says otherwise; a slow one takes 1.5 s. On a webhook that sees everything
each pair has all ten faults with both policies; narrower ones have faults that
differ in kind. The tool asks from the Pod network, with the API server's own
dry-runs; on webhooks that see everything it is also asked from outside, through
the service proxy. Some pairs have cases of their own: what only that hop writes,
as IPAddresses and a ServiceCIDR from 1.32 to 1.33, other timeouts, mutating
webhooks alone and in series, and an upgrade within a minor.

A forecast is right if all of this is:

- the outcome is what happened;
- the PostStartHook that it comes from is the one that the process named when it
  exited, whose health check was red last, or whose writes keep failing;
- the webhook that it blames is the broken one, and is named by the replica's own
  log, if that names any;
- the seconds until it is ready or exits lie in the foretold range, or outside it
  by at most 20 % of the nearer bound.

Whether a new replica keeps the host name of an earlier one can't be seen
beforehand. From 1.35 on it depends on that whether it is late, where a webhook
hangs on Leases: with the same name it first deletes a Lease, and waits for that.
Such a forecast says "ready or delayed", or, where writes keep failing as well,
"degraded", and its seconds cover both ways. It is right whichever way it went,
if the seconds lie in the range, with no 20 %.

A replica counts as delayed if /readyz is red for more than 3 s after it first
answered: undisturbed it is for about one. "Undecided" is a forecast of
unknown: the tool said that it could not tell. It counts as not right.

Cases run side by side, but while the tool asks no API server is started: what it
measures are answers, and on a machine that others keep busy every answer is slow.
When that was not so, two healthy cases from 1.32 to 1.33 were foretold to be
delayed: the answers to thirteen writes added up.
`

// render makes the document. The explanations are by the case's ID.
func render(all []Result, explanations map[string]string) []byte {
	var b strings.Builder
	b.WriteString(preface)
	summary(&b, all)
	b.WriteString("\n## What was not right\n\n")
	exceptions(&b, all, explanations)
	for _, pair := range distinct(all, pairOf) {
		fmt.Fprintf(&b, "\n## %s\n\n", pair)
		cases(&b, where(all, func(r Result) bool { return pairOf(r) == pair }))
	}
	return []byte(docs.WithContents(b.String()))
}

func pairOf(r Result) string { return r.From + " to " + r.To }

func summary(b *strings.Builder, all []Result) {
	b.WriteString("\n## Summary\n\n")
	b.WriteString("| | cases | outcome | hook | webhook | seconds | all of it | undecided |\n|---|---|---|---|---|---|---|---|\n")
	row(b, "all", all, inside)
	var outside []Result
	for _, r := range all {
		if r.Outside != nil {
			outside = append(outside, r)
		}
	}
	row(b, "all that were also foretold from outside", outside, fromOutside)
	for _, group := range []struct {
		what string
		of   func(Result) string
	}{
		{"what happened", func(r Result) string { return cmp.Or(string(r.Happened.Outcome), "another exit") }},
		{"from", func(r Result) string { return pairOf(r) }},
		{"fault", func(r Result) string { return strings.Split(r.Fault, ",")[0] }},
		{"failurePolicy", func(r Result) string { return r.Policy }},
		{"scope", func(r Result) string { return r.Scope }},
	} {
		for _, value := range distinct(all, group.of) {
			row(b, group.what+": "+value, where(all, func(r Result) bool { return group.of(r) == value }), inside)
		}
	}
	timing(b, all)
}

func inside(r Result) Judgement      { return judge(r.Foretold, r.Happened) }
func fromOutside(r Result) Judgement { return judge(*r.Outside, r.Happened) }

// row says of how many cases each part was right.
func row(b *strings.Builder, name string, of []Result, judged func(Result) Judgement) {
	var outcome, hook, webhook, timed, inTime, right, undecided int
	for _, r := range of {
		j := judged(r)
		outcome += count(j.Outcome)
		hook += count(j.Outcome && j.Hook)
		webhook += count(j.Outcome && j.Webhook)
		timed += count(j.Timed)
		inTime += count(j.Timed && j.InTime())
		right += count(j.Right())
		undecided += count(j.Undecided)
	}
	n := len(of)
	fmt.Fprintf(b, "| %s | %d | %s | %s | %s | %s | %s | %d |\n", name, n,
		share(outcome, n), share(hook, n), share(webhook, n), share(inTime, timed), share(right, n), undecided)
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func share(part, of int) string {
	switch {
	case of == 0:
		return "-"
	case part == of:
		return "100 %"
	}
	return fmt.Sprintf("%.1f %% (%d of %d)", min(99.9, 100*float64(part)/float64(of)), part, of)
}

// timing says how far off the seconds were where something waited: on a replica
// that is ready as usual they only tell how fast the machine is.
func timing(b *strings.Builder, all []Result) {
	t := measure(all, func(r Result) *Foretold { return &r.Foretold })
	if len(t.off) == 0 {
		return
	}
	fmt.Fprintf(b, `
Seconds, of the %d replicas that exited or were late as foretold: %d lie in the
foretold range, and the farthest outside it is off by %.0f %%. The ranges are %.1f s
wide at the median and %.1f s at most, since nobody knows how fast the machine is
that the replica will run on. From the middle of its range the measured time is
off by %.0f %% at the median and by %.0f %% at most.
`, len(t.off), t.inside(), 100*slices.Max(t.off), median(t.width), slices.Max(t.width), 100*median(t.fromMiddle), 100*slices.Max(t.fromMiddle))
	t = measure(all, func(r Result) *Foretold { return r.Outside })
	if len(t.off) == 0 {
		return
	}
	fmt.Fprintf(b, `
From outside the ranges are %.1f s wide at the median and %.1f s at most: a webhook
that could not be asked, because the broken one stands in the way of the service
proxy too, may be quick or take all of its timeout.
`, median(t.width), slices.Max(t.width))
}

// timed are the relative errors and the widths, in seconds, of ranges foretold.
type timed struct{ off, fromMiddle, width []float64 }

func measure(all []Result, foretold func(Result) *Foretold) (t timed) {
	for _, r := range all {
		f := foretold(r)
		if f == nil || f.Seconds == nil || f.AtBest != "" || f.Outcome != r.Happened.Outcome || f.Outcome != forecast.CrashLoop && f.Outcome != forecast.Delayed {
			continue
		}
		middle, got := (f.Seconds.Min+f.Seconds.Max)/2, r.Happened.Seconds
		t.off = append(t.off, judge(*f, r.Happened).Off)
		t.fromMiddle = append(t.fromMiddle, math.Abs(middle-got)/got)
		t.width = append(t.width, f.Seconds.Max-f.Seconds.Min)
	}
	return t
}

func (t timed) inside() int {
	n := 0
	for _, off := range t.off {
		n += count(off == 0)
	}
	return n
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// exceptions lists each case that was not right, with its explanation, and those
// that were not right from outside alone.
func exceptions(b *strings.Builder, all []Result, explanations map[string]string) {
	n := 0
	for _, r := range all {
		judgements := []string{}
		if j := inside(r); !j.Right() {
			judgements = append(judgements, j.String())
		}
		if r.Outside != nil {
			if j := fromOutside(r); !j.Right() {
				judgements = append(judgements, "from outside: "+j.String()+", "+r.Outside.String())
			}
		}
		if len(judgements) == 0 {
			continue
		}
		n++
		fmt.Fprintf(b, "- %s: %s. %s\n", r.ID, strings.Join(judgements, "; "), cmp.Or(strings.TrimSpace(explanations[r.ID]), "Not explained."))
	}
	if n == 0 {
		b.WriteString("Nothing.\n")
	}
}

func cases(b *strings.Builder, of []Result) {
	b.WriteString("| sees | policy | fault | foretold | happened | in | foretold, s | measured, s | |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range of {
		seconds := "-"
		if s := r.Foretold.Seconds; s != nil {
			seconds = fmt.Sprintf("%.1f to %.1f", s.Min, s.Max)
		}
		happened := string(r.Happened.Outcome)
		if len(r.Afterwards) > 0 {
			happened += ", then " + strings.Join(r.Afterwards, ", then ")
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %.1f | %s |\n", r.Scope, r.Policy, r.Fault,
			r.Foretold.called(), happened, strings.Join(r.Happened.Hooks, ", "), seconds, r.Happened.Seconds, inside(r))
	}
}

// called is the outcome as the tables have it.
func (f Foretold) called() string {
	if f.AtBest != "" {
		return fmt.Sprintf("%s or %s", f.AtBest, f.Outcome)
	}
	return string(f.Outcome)
}

func distinct(all []Result, of func(Result) string) []string {
	var found []string
	for _, r := range all {
		if v := of(r); !slices.Contains(found, v) {
			found = append(found, v)
		}
	}
	return found
}

func where(all []Result, keep func(Result) bool) []Result {
	var kept []Result
	for _, r := range all {
		if keep(r) {
			kept = append(kept, r)
		}
	}
	return kept
}
