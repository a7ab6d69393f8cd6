package render

import (
	"cmp"
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/words"
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
		v.text(2, fmt.Sprintf("%s can't be judged for what could not be read.", words.Count(blind, "hook")))
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
		v.text(2, fmt.Sprintf("(and %s, see -o wide)", words.Count(n, "more row")))
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
			lines[n] += fmt.Sprintf(same, words.Count(writes[n], "write"), words.Count(others[n], "other hook"))
		}
	}
	return lines
}
