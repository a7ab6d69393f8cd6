package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

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
		names = append(names[:2:2], words.Count(n-2, "more hook"))
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
		return fmt.Sprintf("No webhook or policy sees any of the %s of its start.", words.Count(writes, "write"))
	}
	through := "1 webhook or policy"
	if len(by) > 1 {
		through = fmt.Sprintf("%d webhooks or policies", len(by))
	}
	return fmt.Sprintf("Of the %s of its start, %s through %s; all are admitted.", words.Count(writes, "write"), pass(seen, writes), through)
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
