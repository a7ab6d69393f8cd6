package render

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// screen is what is read first: each step's verdict, what is lost without any upgrade,
// who is to blame, what cures it or lets the upgrade begin, and then how long that takes.
func (v *view) screen() {
	v.blank()
	for _, a := range answersOf(v.r) {
		v.label(2, a.Label, a.Text)
	}
	v.reasons()
	v.cureFirst()
	for _, a := range scheduleOf(v.r) {
		v.label(2, a.Label, a.Text)
	}
}

// reasons say why there is no answer, a line for each.
func (v *view) reasons() {
	const shown = 5
	all := reasonsOf(v.r)
	for n, a := range all {
		if n == shown && len(all) > shown+1 {
			v.label(2, "And", words.Count(len(all)-shown, "more reason"))
			return
		}
		v.label(2, a.Label, a.Text)
	}
}

// reasonsOf says why there is no answer; none where there is one.
func reasonsOf(r preflight.Report) (all []answer) {
	if r.Verdict != preflight.Inconclusive {
		return nil
	}
	for _, w := range whyOpen(r) {
		all = append(all, answer{"Open", w.text + "."})
	}
	return all
}

// An answer is a line of what is read first.
type answer struct{ Label, Text string }

// answersOf are the lines of what is read first: what becomes of the control plane and
// of the nodes, what is lost now, and why.
func answersOf(r preflight.Report) []answer {
	v := &view{r: r, page: newPage(Options{})}
	all := []answer{{"Control plane", v.foretell(r.Forecast.ControlPlane) + versionsAside(r)}}
	if s := nodesStep(r); s != "" {
		all = append(all, answer{nodesLabel(r), s})
	}
	for _, fate := range []forecast.Fate{forecast.Lost, forecast.Open} {
		if lines := linesOf(r, fate); lines != nil {
			all = append(all, answer{fateLabel(fate), words.Some(lines, fewNamed) + "."})
		}
	}
	return append(all, causesOf(r)...)
}

// scheduleOf are the lines that whoever goes on wants to know: how long the nodes take, and
// how each step is undone.
func scheduleOf(r preflight.Report) []answer { return append(poolsTake(r), waysBack(r)...) }

// versionsAside says that the control plane's step is blocked though its replica starts.
func versionsAside(r preflight.Report) string {
	for _, s := range r.Steps {
		if s.Step == preflight.ControlPlaneStep && s.Blockers > 0 && !r.Forecast.ControlPlane.Outcome.Fails() {
			return " " + words.Count(s.Blockers, "blocker") + " of another kind " + stand(s.Blockers) + " in its way."
		}
	}
	return ""
}

func stand(n int) string {
	if n == 1 {
		return "stands"
	}
	return "stand"
}

// nodesLabel names the nodes that the verdict is about.
func nodesLabel(r preflight.Report) string {
	if r.Pools == nil {
		return "Nodes"
	}
	return "Nodes of " + words.Some(r.Pools, fewNamed)
}

// nodesStep says what stands in the way of the nodes' upgrade; empty for a report that
// does not tell.
func nodesStep(r preflight.Report) string {
	for _, s := range r.Steps {
		if s.Step != preflight.NodesStep {
			continue
		}
		warned := ""
		if s.Warnings > 0 {
			warned = ", " + words.Count(s.Warnings, "warning")
		}
		switch s.Verdict {
		case preflight.NotReady:
			return fmt.Sprintf("%s: %s to their upgrade%s%s.", verdictWords(s.Verdict), words.Count(s.Blockers, "blocker"), blockedPools(s.Pools)+unnamed(r, s.BlockedBy), warned)
		case preflight.Inconclusive:
			return fmt.Sprintf("%s: what could hide a blocker to their upgrade was not seen%s%s.", verdictWords(s.Verdict), leftOpen(r, s.LeftOpen), warned)
		case preflight.Ready:
			return fmt.Sprintf("nothing found that stops their upgrade%s.", warned)
		}
	}
	return ""
}

// blockedPools names those node pools that something stands in the way of, where it does
// not of all.
func blockedPools(all []preflight.PoolStatus) string {
	var blocked []string
	for _, p := range all {
		if p.Verdict == preflight.NotReady {
			blocked = append(blocked, p.Name)
		}
	}
	if len(blocked) == 0 || len(blocked) == len(all) {
		return ""
	}
	return ", of " + words.Some(blocked, fewNamed) + " alone"
}

func fateLabel(f forecast.Fate) string {
	if f == forecast.Lost {
		return "Lost now, without any upgrade"
	}
	return "Perhaps lost now"
}

// linesOf are the names of the lifelines that have the fate, but for those that only an
// upgrade of nodes needs. Of what is only perhaps lost, add-ons take no cluster down.
func linesOf(r preflight.Report, fate forecast.Fate) (names []string) {
	for _, l := range r.Forecast.Lifelines {
		g := lifeline.Group(l.Group)
		if l.Outcome == fate && !g.OfNodes() && !(fate == forecast.Open && g == lifeline.Addons) {
			names = append(names, l.Name)
		}
	}
	return names
}

// causesOf names what blocks, the first few of it.
func causesOf(r preflight.Report) []answer {
	const shown = 3
	all := blockingOf(r)
	if more := len(all) - shown; more > 1 {
		return append(all[:shown], answer{"And", words.Count(more, "more cause")})
	}
	return all
}

// blockingOf names what blocks: who is to blame where it is a webhook or policy, once
// however much that is at fault for, and what is wrong with what else.
func blockingOf(r preflight.Report) (all []answer) {
	for _, c := range r.Blocking() {
		if a := accused(r, c); !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// accused names the cause, and what it does.
func accused(r preflight.Report, c preflight.Cause) answer {
	if b, ok := blamed(r.Forecast.Forecast, c.Lead.Subject); ok {
		return answer{"Culprit", full(b.Culprit) + " " + answered(b) + "."}
	}
	if who := holdingUp(r.Forecast.ControlPlane, c.Lead.Subject); who != nil {
		return answer{"Culprit", fmt.Sprintf("%s; %s: %s.", words.Some(who, fewNamed), c.Lead.Subject, lowerFirst(titleOf(r, c.Lead.Check)))}
	}
	return answer{"Cause", fmt.Sprintf("%s (%s).", named(c.Lead), c.Lead.Check)}
}

// blamed is what the subject answers where the forecast blames it: for what becomes of
// a hook, or else of a lifeline, and for what it only may do where it does nothing else.
func blamed(f forecast.Forecast, who preflight.Subject) (first forecast.Interception, found bool) {
	for _, b := range f.AtFault() {
		switch {
		case who != preflight.SubjectOf(b.Culprit):
		case b.Effect != forecast.Undecided:
			return b.Interception, true
		case !found:
			first, found = b.Interception, true
		}
	}
	return first, found
}

// holdingUp are those at fault for the hook that the subject is; none for any other subject.
func holdingUp(cp forecast.ControlPlane, of preflight.Subject) (who []string) {
	for _, h := range cp.Hooks {
		if of != (preflight.Subject{Kind: "PostStartHook", Name: h.Name}) {
			continue
		}
		for _, b := range cp.AtFault(h) {
			who = append(who, full(b.Culprit))
		}
	}
	return who
}

// cureFirst writes the commands of the step that comes first: what cures the first
// cause, what lets an undecided run decide, or what begins the upgrade.
func (v *view) cureFirst() {
	label, step, ok := firstStep(v.r)
	words, begin := v.begin()
	switch {
	case ok && len(step.Commands) > 0:
		v.text(2, label+":")
		for _, c := range step.Commands {
			v.copied(c)
		}
		v.atTop = (remedy.Steps{step}).String()
	case ok:
		v.label(2, label, step.Sentence())
	case begin != "":
		v.text(2, words+":")
		v.command(8, begin)
	}
}

// firstSteps are what comes first for a view that shows it as a step: that of firstStep,
// or how to begin the upgrade, with begun for its label; none where neither is known.
func (v *view) firstSteps(begun string) (label string, steps remedy.Steps) {
	if label, step, ok := firstStep(v.r); ok {
		return label, remedy.Steps{step}
	}
	if words, command := v.begin(); command != "" {
		return begun, remedy.Do(words, remedy.Command{Kind: remedy.Shell, Text: command})
	}
	return "", nil
}

// firstStep is what to do first about what blocks, or hides a blocker.
func firstStep(r preflight.Report) (label string, step remedy.Step, ok bool) {
	if causes := r.Blocking(); len(causes) > 0 {
		steps := causes[0].Lead.ToDo()
		if len(steps) == 0 {
			return "", remedy.Step{}, false
		}
		return "Do first", steps[0], true
	}
	if r.Verdict == preflight.Inconclusive {
		for _, w := range whyOpen(r) {
			if len(w.step.Commands) > 0 {
				return "To see what is missing", w.step, true
			}
		}
	}
	return "", remedy.Step{}, false
}
