package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// outlook says what would become of the new replica, and through whom.
func (v *view) outlook() error {
	cp := v.r.Forecast.ControlPlane
	hooks, blind := troubled(cp)
	if !v.Wide && hooks == nil && cp.CoveredTarget == "" && cp.Notes == nil && (blind == 0 || cp.Problem != "") {
		return nil
	}
	v.heading(outlookHeading(v.r))
	if v.Wide {
		v.text(2, v.foretell(cp))
	}
	if cp.CoveredTarget != "" {
		v.text(2, "The newest step that can be foretold:")
		v.command(4, "gke-preflight check --target-version "+cp.CoveredTarget)
	}
	v.blame(hooks)
	for _, n := range cp.Notes {
		v.blank()
		v.text(2, "Note: "+n+".")
	}
	if err := v.hooks(hooks); err != nil {
		return err
	}
	if blind > 0 && cp.Problem == "" {
		v.blank()
		v.text(2, fmt.Sprintf("%s can't be judged for what could not be read.", plural(blind, "hook")))
	}
	if v.Wide {
		return v.writes(hooks)
	}
	return nil
}

func outlookHeading(r preflight.Report) string {
	if r.Verdict == preflight.NotReady && r.Forecast.ControlPlane.Outcome.Fails() {
		return "Why not"
	}
	return "What the new replica would do"
}

// hooks is the table of the hooks that are in trouble, by culprit.
func (v *view) hooks(hooks []forecast.Hook) error {
	if len(hooks) == 0 {
		return nil
	}
	v.blank()
	rows := hookRows(v.r.Forecast.ControlPlane, hooks)
	if !v.Wide {
		rows = alikeJoined(rows)
	}
	shown := rows
	if !v.Wide && len(rows) > 2*maxShown {
		shown = rows[:2*maxShown]
	}
	header := []string{"HOOK", "OUTCOME", "CULPRIT", "WRITES"}
	if !v.Wide && v.r.Forecast.ControlPlane.Outcome.Fails() && oneCulprit(rows) {
		// The text above names it.
		header, shown = withoutCulprit(header, shown)
	}
	if err := v.columns(2, header, shown); err != nil {
		return err
	}
	if n := len(rows) - len(shown); n > 0 {
		v.text(2, fmt.Sprintf("(and %s, see -o wide)", plural(n, "more row")))
	}
	ready := 0
	for _, h := range v.r.Forecast.ControlPlane.Hooks {
		if h.Outcome == forecast.Ready {
			ready++
		}
	}
	if ready > 0 && v.r.Forecast.ControlPlane.Problem == "" {
		v.text(2, fmt.Sprintf("(%s ready as usual)", are(ready, "other hook")))
	}
	return nil
}

// foretell puts the outcome into a sentence.
func (v *view) foretell(cp forecast.ControlPlane) string {
	replica := "A new control-plane replica of " + release(v.r.TargetVersion)
	names := decisive(cp)
	hooks := strings.Join(names, ", ")
	if n := len(names); n > 1 {
		hooks = strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	switch cp.Outcome {
	case forecast.CrashLoop:
		return fmt.Sprintf("%s would crash-loop: its process exits%s each start, because %s.", replica, after(cp.ExitsAfterSeconds), fails(len(names), hooks))
	case forecast.NeverReady:
		return fmt.Sprintf("%s would run on and never get ready: %s can't do its work, and its health check stays red.", replica, hooks)
	case forecast.Delayed:
		if cp.AtBest == forecast.Ready {
			return fmt.Sprintf("%s would get ready as usual or late,%s its start: %s.", replica, after(cp.ReadyAfterSeconds), lateIf(cp))
		}
		return fmt.Sprintf("%s would get ready late,%s its start, held up by %s.", replica, after(cp.ReadyAfterSeconds), hooks)
	case forecast.Degraded:
		if !cp.Punctual() {
			return fmt.Sprintf("%s would get ready,%s its start, but writes of %s would keep failing in the background.", replica, after(cp.ReadyAfterSeconds), hooks)
		}
		return fmt.Sprintf("%s would get ready as usual,%s its start, but writes of %s would keep failing in the background.", replica, after(cp.ReadyAfterSeconds), hooks)
	case forecast.Ready:
		return fmt.Sprintf("%s would get ready as usual,%s its start. %s", replica, after(cp.ReadyAfterSeconds), passage(cp))
	case forecast.Unknown:
	}
	if cp.Possible != nil {
		return fmt.Sprintf("%s would draw an endpoint, and by that %s.", replica, chances(cp.Possible))
	}
	if cp.Problem != "" {
		return "What " + strings.Replace(replica, "A new", "a new", 1) + " would do can't be foretold: " + cp.Problem + "."
	}
	return "Whether " + strings.Replace(replica, "A new", "a new", 1) + " would get ready can't be told: that depends on " + hooks + "."
}

// lateIf says what it depends on whether the replica is late, and through which
// hooks.
func lateIf(cp forecast.ControlPlane) string {
	var late []string
	for _, h := range cp.Hooks {
		if h.AtBest != forecast.Ready {
			continue
		}
		if cs := h.Conditions(); cs != nil {
			late = append(late, fmt.Sprintf("late %s, held up by %s", strings.Join(cs, ", or "), h.Name))
		} else {
			late = append(late, "that depends on how long the writes of "+h.Name+" take")
		}
	}
	return strings.Join(late, ", and ")
}

// chances says what may come of a start, the worst first.
func chances(ps []forecast.Possibility) string {
	var says []string
	for _, p := range slices.Backward(ps) {
		var said string
		switch p.Outcome {
		case forecast.CrashLoop:
			said = fmt.Sprintf("exit%s its start, to be started and to draw anew", after(p.Seconds))
		case forecast.NeverReady:
			said = "run on and never get ready"
		case forecast.Delayed, forecast.Ready:
			said = fmt.Sprintf("get ready%s its start", after(p.Seconds))
		case forecast.Degraded:
			said = fmt.Sprintf("get ready%s its start, with writes that keep failing in the background", after(p.Seconds))
		case forecast.Unknown:
			said = "come out in a way that can't be told"
		}
		if p.Chance != nil {
			said += fmt.Sprintf(" (%s of the starts)", p.Chance)
		}
		says = append(says, said)
	}
	return strings.Join(says, ", or ")
}

// decisive names the hooks from which the outcome comes: where it is unknown,
// those that could fail, if any could, and no more than a few.
func decisive(cp forecast.ControlPlane) []string {
	var names, failing []string
	for _, h := range cp.Hooks {
		if h.Outcome != cp.Outcome {
			continue
		}
		name := h.Name
		if h.AtWorst != "" {
			name += fmt.Sprintf(" (at worst %s)", h.AtWorst)
		}
		names = append(names, name)
		if h.AtWorst.Fails() {
			failing = append(failing, name)
		}
	}
	if failing != nil {
		names = failing
	}
	if n := len(names); n > 3 {
		names = append(names[:2:2], plural(n-2, "more hook"))
	}
	return names
}

func fails(n int, hooks string) string {
	if n > 1 {
		return "PostStartHooks " + hooks + " fail"
	}
	return "PostStartHook " + hooks + " fails"
}

// passage says how the writes of a replica that gets ready fare.
func passage(cp forecast.ControlPlane) string {
	writes, seen := 0, 0
	by := map[string]bool{}
	for _, h := range cp.Hooks {
		for _, w := range h.Writes {
			writes++
			if len(w.InterceptedBy) > 0 {
				seen++
			}
			for _, i := range w.InterceptedBy {
				by[i.String()] = true
			}
		}
	}
	if seen == 0 {
		return fmt.Sprintf("No webhook or policy sees any of the %s of its start.", plural(writes, "write"))
	}
	through := "1 webhook or policy"
	if len(by) > 1 {
		through = fmt.Sprintf("%d webhooks or policies", len(by))
	}
	return fmt.Sprintf("Of the %s of its start, %s through %s; all are admitted.", plural(writes, "write"), pass(seen, writes), through)
}

func pass(n, of int) string {
	switch {
	case n == of:
		return "all pass"
	case n == 1:
		return "1 passes"
	}
	return fmt.Sprintf("%d pass", n)
}

// troubled returns the hooks that are not ready, the worst first, and apart from
// them the number of those that are unknown and have nobody to blame.
func troubled(cp forecast.ControlPlane) (t []forecast.Hook, blind int) {
	rank := []forecast.Outcome{forecast.CrashLoop, forecast.NeverReady, forecast.Unknown, forecast.Delayed, forecast.Degraded}
	for _, o := range rank {
		for _, h := range cp.Hooks {
			switch {
			case h.Outcome != o:
			case o == forecast.Unknown && len(cp.AtFault(h)) == 0:
				blind++
			default:
				t = append(t, h)
			}
		}
	}
	return t, blind
}

// blame says who does what to which writes: the first few culprits, each with
// the worst hook that it meets.
func (v *view) blame(hooks []forecast.Hook) {
	lines := accusations(v.r.Forecast.ControlPlane, hooks, v.Wide)
	shown := lines
	if !v.Wide && len(lines) > 4 {
		shown = lines[:3]
	}
	for n, l := range shown {
		if n > 0 || v.Wide {
			v.blank()
		}
		v.text(2, l)
	}
	if n := len(lines) - len(shown); n > 0 {
		v.blank()
		v.text(2, fmt.Sprintf("And %d more such.", n))
	}
}

// accusations say who does what to which writes of the hooks, each of them once, and
// why a hook comes out as it does where nobody does it alone.
// whole quotes what was seen or said as well.
func accusations(cp forecast.ControlPlane, hooks []forecast.Hook, whole bool) []string {
	type deed struct {
		admission.Culprit
		answer string
		effect forecast.Effect
	}
	var lines []string
	line := map[deed]int{}
	writes, others := map[int]int{}, map[int]int{}
	for _, h := range hooks {
		addUp, said := true, false
		for _, c := range cp.AtFault(h) {
			addUp = addUp && c.Effect != forecast.Rejects && c.Effect != forecast.Undecided
			if c.Effect == forecast.Passes || c.Hook != h.Name {
				continue
			}
			said = true
			d := deed{c.Culprit, c.Answer, c.Effect}
			n, again := line[d]
			if again {
				writes[n] += len(c.Writes)
				others[n]++
				continue
			}
			line[d] = len(lines)
			lines = append(lines, accuse(c, whole))
		}
		if !said || h.Outcome.Fails() && addUp {
			lines = append(lines, fmt.Sprintf("%s: %s.", h.Name, cmp.Or(h.Reason, "no reason is known")))
		}
	}
	for d, n := range line {
		same := " It does the same to %s of %s."
		if d.effect == forecast.Undecided {
			same = " So it is for %s of %s."
		}
		if others[n] > 0 {
			lines[n] += fmt.Sprintf(same, plural(writes[n], "write"), plural(others[n], "other hook"))
		}
	}
	return lines
}
