package render

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// perMap is how many webhooks and policies stand side by side: as many as a phone
// has room for.
const perMap = 4

// maxWrites is how many writes of one hook are listed.
const maxWrites = 50

// A stander is a webhook or policy that sees writes of hooks.
type stander struct {
	// Number is its column's; zero if it lets everything pass.
	Number int
	// Name is without its kind, Full with it.
	Name, Full string
	// Answer is what came of asking it, worst first.
	Answer, FailurePolicy string
	culprit               admission.Culprit
	worst                 forecast.Effect
	hooks, writes         int
}

// Passes says how much it lets pass.
func (s stander) Passes() string {
	return fmt.Sprintf("%s of %s", words.Count(s.writes, "write"), words.Count(s.hooks, "hook"))
}

// A cell is what one of them does to the writes of one hook; the zero value
// means that it sees none.
type cell struct {
	Effect     forecast.Effect
	Sign, Text string
}

// A mapRow is a hook.
type mapRow struct {
	Hook    string
	Outcome forecast.Outcome
	Cells   []cell
}

// A hooksMap is the hooks against some of the webhooks and policies.
type hooksMap struct {
	Standers []stander
	Rows     []mapRow
}

// badness orders effects.
func badness(e forecast.Effect) int {
	return slices.Index([]forecast.Effect{forecast.Passes, forecast.Slows, forecast.Undecided, forecast.Rejects}, e)
}

func effectSign(e forecast.Effect) string {
	return map[forecast.Effect]string{forecast.Passes: "✓", forecast.Slows: "…", forecast.Undecided: "?", forecast.Rejects: "✗"}[e]
}

// standers are all who see a write of a hook, the worst first.
func (d document) standers() []stander {
	var all []stander
	index := map[admission.Culprit]int{}
	for _, h := range d.r.Forecast.ControlPlane.Hooks {
		here := map[admission.Culprit]bool{}
		for _, w := range h.Writes {
			for _, i := range w.InterceptedBy {
				n, ok := index[i.Culprit]
				if !ok {
					n = len(all)
					index[i.Culprit] = n
					all = append(all, stander{Name: brief(i.Culprit), Full: full(i.Culprit), culprit: i.Culprit})
				}
				s := &all[n]
				s.writes++
				if !here[i.Culprit] {
					here[i.Culprit] = true
					s.hooks++
				}
				if s.Answer == "" || badness(i.Effect) > badness(s.worst) {
					s.worst, s.Answer, s.FailurePolicy = i.Effect, answered(i), i.FailurePolicy
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b stander) int {
		return cmp.Or(badness(b.worst)-badness(a.worst), b.hooks-a.hooks)
	})
	for n := range all {
		if badness(all[n].worst) > 0 {
			all[n].Number = n + 1
		}
	}
	return all
}

// maps are the hooks in trouble against whoever does anything to their writes.
func (d document) maps() fold[hooksMap] {
	hooks, _ := troubled(d.r.Forecast.ControlPlane)
	bad := slices.DeleteFunc(d.standers(), func(s stander) bool { return s.Number == 0 })
	var all []hooksMap
	for columns := range slices.Chunk(bad, perMap) {
		m := hooksMap{Standers: columns}
		for _, h := range hooks {
			if row, any := mapRowOf(h, columns); any {
				m.Rows = append(m.Rows, row)
			}
		}
		all = append(all, m)
	}
	return foldAfter(all, 2)
}

// foldedStanders counts the webhooks and policies of the maps that are folded.
func foldedStanders(f fold[hooksMap]) int {
	n := 0
	for _, m := range f.Folded {
		n += len(m.Standers)
	}
	return n
}

// mapRowOf returns the row of a hook, and whether there is anything in it.
func mapRowOf(h forecast.Hook, columns []stander) (mapRow, bool) {
	row := mapRow{Hook: h.Name, Outcome: h.Outcome}
	any := false
	for _, s := range columns {
		worst, n := forecast.Effect(""), map[forecast.Effect]int{}
		for _, w := range h.Writes {
			i, ok := w.By(s.culprit)
			if !ok {
				continue
			}
			n[i.Effect]++
			if worst == "" || badness(i.Effect) > badness(worst) {
				worst = i.Effect
			}
		}
		c := cell{}
		if worst != "" {
			any = true
			c = cell{worst, effectSign(worst), fmt.Sprintf("%d of %d", n[worst], len(h.Writes))}
		}
		row.Cells = append(row.Cells, c)
	}
	return row, any
}

// letPass are the webhooks and policies that let all pass that they see.
func (d document) letPass() []stander {
	return slices.DeleteFunc(d.standers(), func(s stander) bool { return s.Number > 0 })
}

// passingWords counts those.
func passingWords(n int) string {
	if n > 1 {
		return fmt.Sprintf("%d webhooks or policies let pass all that they see", n)
	}
	return "1 webhook or policy lets pass all that it sees"
}

// readyHooks are the hooks that are ready, those that somebody sees first.
func (d document) readyHooks() []readyHook {
	var all []readyHook
	for _, h := range d.r.Forecast.ControlPlane.Hooks {
		if h.Outcome != forecast.Ready {
			continue
		}
		r := readyHook{Name: h.Name, Writes: len(h.Writes)}
		for _, w := range h.Writes {
			if len(w.InterceptedBy) > 0 {
				r.Seen++
			}
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b readyHook) int { return b.Seen - a.Seen })
	return all
}

// A readyHook is one that nobody harms.
type readyHook struct {
	Name string
	// Writes are what it writes, Seen those of them that somebody sees.
	Writes, Seen int
}

// readyWords counts those.
func (d document) readyWords(n int) string {
	if hooks, _ := troubled(d.r.Forecast.ControlPlane); len(hooks) == 0 {
		return are(n, "hook") + " ready as usual"
	}
	return are(n, "other hook") + " ready as usual"
}

// A hookWrites is every write of a hook in trouble.
type hookWrites struct {
	Hook, Reason, Source string
	Rows                 [][]string
	// More is the number of writes that are not listed.
	More int
}

// hookWrites are the writes of the hooks in trouble, with whoever harms them by number.
func (d document) hookWrites() []hookWrites {
	number := map[admission.Culprit]int{}
	for _, s := range d.standers() {
		number[s.culprit] = s.Number
	}
	hooks, _ := troubled(d.r.Forecast.ControlPlane)
	var all []hookWrites
	for _, h := range hooks {
		hw := hookWrites{Hook: h.Name, Reason: h.Reason, Source: h.Source, More: max(0, len(h.Writes)-maxWrites)}
		for _, w := range h.Writes[:len(h.Writes)-hw.More] {
			name := w.Verb + " " + w.Resource + " " + object(w)
			if w.Condition != "" {
				name += " (" + w.Condition + ")"
			}
			hw.Rows = append(hw.Rows, []string{name, effectSign(w.Effect) + " " + string(w.Effect), span(&w.Seconds), numbers(w, number)})
		}
		if len(hw.Rows) > 0 {
			all = append(all, hw)
		}
	}
	return all
}

// numbers are those who do more than let the write pass, and how many only do that.
func numbers(w forecast.Write, number map[admission.Culprit]int) string {
	s, passing := "", 0
	for _, i := range w.InterceptedBy {
		if i.Effect == forecast.Passes {
			passing++
			continue
		}
		if s != "" {
			s += ", "
		}
		s += fmt.Sprint(number[i.Culprit])
	}
	switch {
	case passing > 0 && s != "":
		return fmt.Sprintf("%s; %d let it pass", s, passing)
	case passing > 0:
		return fmt.Sprintf("%d let it pass", passing)
	}
	return cmp.Or(s, "-")
}
