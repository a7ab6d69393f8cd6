package admission

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// lifelineNeeds are the facts without which no lifeline can be judged.
func lifelineNeeds() []facts.Fact { return configurations() }

// lifelineUses are the facts whose absence leaves single lines open.
func lifelineUses() []facts.Fact {
	uses := []facts.Fact{facts.Attempts, facts.ServerVersion}
	for _, f := range slices.Concat(StartupUses(), lifeline.Needs()) {
		if !has(lifelineNeeds(), f) && !has(uses, f) {
			uses = append(uses, f)
		}
	}
	return uses
}

func has(fs []facts.Fact, f facts.Fact) bool {
	return slices.ContainsFunc(fs, func(o facts.Fact) bool { return o.ID() == f.ID() })
}

// A cut is one webhook or policy with the lines that it costs.
type cut struct {
	forecast.Blame
	lines []forecast.Lifeline
}

// cuts collects who is at fault for lines with that outcome, of those that
// concern accepts.
func cuts(s *facts.Snapshot, outcome forecast.Fate, concern func(forecast.Lifeline) bool) []cut {
	var cs []cut
	for _, l := range forecast.Of(s).Lifelines {
		if l.Outcome != outcome || !concern(l) {
			continue
		}
		for _, c := range l.AtFault() {
			n := slices.IndexFunc(cs, func(o cut) bool { return o.Culprit == c.Culprit })
			if n < 0 {
				n = len(cs)
				cs = append(cs, cut{Blame: c})
			}
			cs[n].lines = append(cs[n].lines, l)
		}
	}
	return cs
}

func of(groups ...lifeline.Group) func(forecast.Lifeline) bool {
	return func(l forecast.Lifeline) bool { return slices.Contains(groups, lifeline.Group(l.Group)) }
}

// lost are the findings on lines that are lost, of that severity, followed by
// what is open about any. The loss of add-ons, or of what removes
// spare nodes, alone takes no cluster down.
func lost(s *facts.Snapshot, severity preflight.Severity, concern func(forecast.Lifeline) bool) []preflight.Finding {
	var fs []preflight.Finding
	for _, c := range cuts(s, forecast.Lost, concern) {
		fs = append(fs, c.gravestFirst(s, severity).finding(s, c.weight(s, c.lines[0], severity)))
	}
	return append(fs, openLines(s, severity, concern)...)
}

// gravestFirst is c with the line first whose loss weighs most.
func (c cut) gravestFirst(s *facts.Snapshot, severity preflight.Severity) cut {
	slices.SortStableFunc(c.lines, func(a, b forecast.Lifeline) int {
		return cmp.Compare(c.weight(s, b, severity), c.weight(s, a, severity))
	})
	return c
}

// weight is how severe it is that the culprit costs the line, of what may be as severe as
// that.
func (c cut) weight(s *facts.Snapshot, l forecast.Lifeline, severity preflight.Severity) preflight.Severity {
	switch {
	case c.denied(l) == theAutoscaler && c.meant(l) && !autoscalerDrains(s):
		return preflight.Info
	case !graver(l), c.meant(l), c.denied(l) == theAutoscaler && !autoscalerDrains(s):
		return preflight.Warning
	}
	return severity
}

// meant reports whether it is likely on purpose that the line is lost: who denies an
// eviction mostly wants to end the pod himself, and a drain goes on after its limit.
func (c cut) meant(l forecast.Lifeline) bool {
	return l.Name == lifeline.Evictions && c.Answer == string(facts.Denied)
}

// pools are the node pools whose upgrade the culprit costs what weighs most of its lines, of
// what may be as severe as that; none where it may be any.
func (c cut) pools(s *facts.Snapshot, severity preflight.Severity) []string {
	var most preflight.Severity
	for _, l := range c.lines {
		most = max(most, c.weight(s, l, severity))
	}
	var each [][]string
	for _, l := range c.lines {
		if c.weight(s, l, severity) == most {
			each = append(each, l.PoolsLostTo(c.Culprit))
		}
	}
	return lifeline.OnAny(each...)
}

func graver(l forecast.Lifeline) bool {
	return l.Group != string(lifeline.Addons) && l.Name != lifeline.SpareNodes
}

func (c cut) finding(s *facts.Snapshot, severity preflight.Severity) preflight.Finding {
	return preflight.Finding{
		Severity: severity,
		Subject:  preflight.SubjectOf(c.Culprit),
		Summary:  c.does() + c.consequence(s),
		Evidence: c.evidence(),
		Steps:    way(s, c.Culprit),
	}
}

// does says what the culprit does to the writes, and why failing open is no help.
func (c cut) does() string {
	l := c.lines[0]
	switch {
	case c.Answer == string(facts.Denied):
		return fmt.Sprintf("%s denies (%s)", c.Interception, c.Detail)
	case l.Outcome == forecast.Slowed:
		return fmt.Sprintf("%s %s", c.Interception, c.Says())
	case c.Effect == forecast.Undecided:
		return fmt.Sprintf("%s takes %d ms, and together with what else is in the way of the write that is more than %s", c.Interception, c.Milliseconds, patienceFor(l))
	case c.Effect != forecast.Rejects && l.DeadlineSeconds > 0:
		return fmt.Sprintf("%s %s, and its clients give up after %.0f s, before failurePolicy %s is of any help", c.Interception, c.Says(), l.DeadlineSeconds, c.FailurePolicy)
	case c.Effect != forecast.Rejects:
		return fmt.Sprintf("%s %s, and with others in the way the API server gives up", c.Interception, c.Says())
	}
	return fmt.Sprintf("%s %s; failurePolicy %s stops the write", c.Interception, c.Says(), c.FailurePolicy)
}

// patienceFor is how long a write of the line is waited for, and by whom.
func patienceFor(l forecast.Lifeline) string {
	if l.DeadlineSeconds > 0 {
		return fmt.Sprintf("its clients wait for (%.0f s)", l.DeadlineSeconds)
	}
	return "the API server waits for"
}

func (c cut) consequence(s *facts.Snapshot) string {
	l := c.lines[0]
	if l.Outcome == forecast.Slowed {
		return fmt.Sprintf(" and slows %s, whose clients wait for %.0f s; with a longer timeout, or a second webhook like it, they are lost: %s", c.named(), l.DeadlineSeconds, l.Consequence)
	}
	return fmt.Sprintf(", so that the cluster loses %s: %s", c.named(), c.follows(s, l))
}

func (c cut) named() string {
	var names []string
	for _, l := range c.lines {
		names = append(names, l.Name+c.denied(l).words()+c.among(l))
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return names[0]
}

// among says of which namespaces, for a line that has writes of several.
func (c cut) among(l forecast.Lifeline) string {
	var in []string
	for _, w := range l.Writes {
		if i, ok := w.By(c.Culprit); ok && i.Effect == c.Effect {
			in = append(in, w.Namespaces...)
		}
	}
	slices.Sort(in)
	switch in = slices.Compact(in); len(in) {
	case 0:
		return ""
	case 1:
		return " in namespace " + in[0]
	}
	return fmt.Sprintf(" in %d namespaces (%s)", len(in), words.Some(in, finding.MostAlike))
}

func (c cut) evidence() []preflight.Evidence {
	var es []preflight.Evidence
	for _, l := range c.lines {
		for _, w := range l.Writes {
			if i, ok := w.By(c.Culprit); ok && i.Effect == c.Effect {
				es = append(es, preflight.Evidence{Value: writeName(w.Write), Note: seen(l, w, i)})
			}
		}
	}
	return es
}

// seen says whose write it is, and what was answered about it.
func seen(l forecast.Lifeline, w forecast.LifelineWrite, i forecast.Interception) string {
	n := fmt.Sprintf("%s, by %s: %s", l.Name, w.User, i.Answer)
	if i.Vantage != "" && i.Milliseconds > 0 {
		n += fmt.Sprintf(" in %d ms seen from %s", i.Milliseconds, i.Vantage)
	}
	if i.Shown != "" {
		n += " about " + i.Shown
	}
	if i.Detail != "" {
		n += ": " + i.Detail
	}
	return n
}

// openLines are the lines of which it can't be told what becomes of them. Where
// that hangs on what differs from one write to the next, or on a certificate that
// could not be seen, the running cluster tells: it writes the same all the time.
// For nodes that is no comfort: that the cluster writes the same today says nothing of
// nodes and pods that are yet to be made. Where a draw decides, GP107 has it. What a
// recording of an earlier version asked nobody about stays a warning to the control plane. Where
// the labels of namespaces could not be read, or the pods that an upgrade of nodes moves,
// nobody could be asked about them.
func openLines(s *facts.Snapshot, severity preflight.Severity, concern func(forecast.Lifeline) bool) (fs []preflight.Finding) {
	_, unlabelled := s.Absence(facts.Namespaces)
	for _, l := range forecast.Of(s).Lifelines {
		if l.Outcome != forecast.Open || l.Draws || !concern(l) {
			continue
		}
		mine := preflight.Warning
		later := lifeline.Group(l.Group).OfNodes()
		asked := s.Meta.NodeWrites || !later
		blind := unlabelled || later && len(l.AtFault()) == 0
		whose := openTo(s, l)
		if l.AtWorst == forecast.Lost && (of(lifeline.Heartbeats, lifeline.Elections)(l) || asked && graver(l) && whose != theAutoscaler && (blind || slices.ContainsFunc(l.AtFault(), unasked))) {
			mine = severity
		}
		ofNodes := preflight.Info
		if l.AtWorst == forecast.Lost && graver(l) && whose != theAutoscaler && !meantOpen(l) {
			ofNodes = severity
		}
		fs = append(fs, preflight.Finding{
			Severity:  mine,
			OfNodes:   ofNodes,
			Pools:     l.PoolsOpen(),
			Subject:   preflight.Subject{Kind: "Lifeline", Name: l.Name},
			Undecided: fmt.Sprintf("at worst %s%s: %s", l.AtWorst, whose.words(), l.Reason),
			Cause:     fmt.Sprintf("at worst %s%s: %s", l.AtWorst, whose.words(), l.Cause),
		})
	}
	return fs
}

// meantOpen reports whether the line is open by denials alone that are likely on purpose.
func meantOpen(l forecast.Lifeline) bool {
	return l.Name == lifeline.Evictions && len(l.AtFault()) > 0 && !slices.ContainsFunc(l.AtFault(), func(b forecast.Blame) bool { return b.Answer != string(facts.Denied) })
}

// unasked reports whether nothing is known of the culprit, or of a webhook that does not
// answer whether it sees the write, rather than what a policy makes of it.
func unasked(b forecast.Blame) bool {
	return b.Answer != string(facts.Allowed) && b.Answer != string(facts.Denied) && (b.Answer != "undecided" || !b.Kind.IsPolicy())
}
