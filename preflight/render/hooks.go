package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/outage"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// hookRows has a row for every culprit of every hook.
func hookRows(cp forecast.ControlPlane, hooks []forecast.Hook) [][]string {
	var rows [][]string
	for _, h := range hooks {
		cs := cp.AtFault(h)
		if len(cs) == 0 {
			rows = append(rows, []string{h.Name, string(h.Outcome), "-", "-"})
		}
		for n, c := range cs {
			row := []string{"", "", brief(c.Culprit), fmt.Sprintf("%d of %d", len(c.Writes), c.Of)}
			if c.Hook != h.Name {
				row[3] += " of " + c.Hook
			}
			if n == 0 {
				row[0], row[1] = h.Name, string(h.Outcome)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// oneCulprit reports whether all hooks fail by the same.
func oneCulprit(rows [][]string) bool {
	return !slices.ContainsFunc(rows, func(row []string) bool { return row[2] == "-" || row[2] != rows[0][2] })
}

// withoutCulprit leaves the column out.
func withoutCulprit(header []string, rows [][]string) (short []string, less [][]string) {
	for _, row := range rows {
		less = append(less, []string{row[0], row[1], row[3]})
	}
	return []string{header[0], header[1], header[3]}, less
}

// alikeJoined joins rows of hooks that come out alike through the same culprits; how
// many of their writes are concerned is left out of those.
func alikeJoined(rows [][]string) [][]string {
	var joined [][]string
	for n, row := range rows {
		alone := row[0] != "" && (n+1 == len(rows) || rows[n+1][0] != "")
		last := len(joined) - 1
		if alone && last >= 0 && joined[last][0] != "" && slices.Equal(joined[last][1:3], row[1:3]) {
			joined[last] = []string{joined[last][0] + ", " + row[0], row[1], row[2], "-"}
			continue
		}
		joined = append(joined, slices.Clone(row))
	}
	return joined
}

// brief is the culprit without its kind.
func brief(c admission.Culprit) string {
	if c.Name == "" {
		return string(c.Kind)
	}
	if c.Webhook != "" && c.Webhook != c.Name {
		return c.Name + " (" + c.Webhook + ")"
	}
	return c.Name
}

// writes lists every write of the hooks with everyone who sees it.
func (v *view) writes(hooks []forecast.Hook) error {
	for _, h := range hooks {
		v.blank()
		v.text(2, fmt.Sprintf("%s: %s", h.Name, h.Reason))
		if h.Source != "" {
			v.text(2, "Source: "+h.Source)
		}
		var rows [][]string
		for _, w := range h.Writes {
			name := w.Verb + " " + w.Resource + " " + object(w)
			if w.Condition != "" {
				name += " (" + w.Condition + ")"
			}
			rows = append(rows, []string{name, string(w.Effect), span(&w.Seconds), seenBy(w)})
		}
		for _, w := range h.BestEffort {
			rows = append(rows, []string{w.Verb + " " + w.Resource + " " + object(w) + " (best effort)", string(w.Effect), "-", seenBy(w)})
		}
		if len(rows) == 0 {
			continue
		}
		if err := v.columns(2, []string{"WRITE", "EFFECT", "TAKES", "SEEN BY"}, rows); err != nil {
			return err
		}
	}
	return nil
}

func seenBy(w forecast.Write) string {
	var by []string
	for _, i := range w.InterceptedBy {
		s := brief(i.Culprit) + ": " + i.Answer
		if i.Milliseconds > 0 {
			s += " in " + milliseconds(i.Milliseconds)
		}
		if i.Vantage != "" {
			s += " from " + i.Vantage
		}
		by = append(by, s)
	}
	if by == nil {
		return "-"
	}
	return strings.Join(by, "; ")
}

// after says when, or nothing if it isn't known when.
func after(s *forecast.Seconds) string {
	if s == nil {
		return " after"
	}
	return " " + span(s) + " after"
}

func span(s *forecast.Seconds) string {
	from, to := number(s.Min), number(s.Max)
	if from == to {
		return to + nbsp + "s"
	}
	return from + "–" + to + nbsp + "s"
}

func number(f float64) string {
	if f >= 10 {
		return fmt.Sprintf("%.0f", f)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0")
}

func milliseconds(ms int64) string {
	if ms < 1000 {
		return fmt.Sprintf("%d"+nbsp+"ms", ms)
	}
	return number(float64(ms)/1000) + nbsp + "s"
}

// nodes says what an outage of the API would do to the nodes.
func (v *view) nodes() error {
	f := v.r.Forecast
	if len(f.Timeline) == 0 {
		return nil
	}
	v.heading("What would follow")
	var rows [][]string
	for _, m := range f.Timeline {
		text := m.Text
		if text == "" {
			continue
		}
		if v.Wide && m.Source != "" {
			text += " (" + m.Source + ")"
		}
		rows = append(rows, []string{delay(m), text})
	}
	if err := v.columns(2, []string{"", ""}, rows); err != nil {
		return err
	}
	if v.Wide {
		for _, line := range v.aftermath() {
			v.text(2, line)
		}
	}
	v.stops()
	return nil
}

// aftermath says which node pools are hit, and what of that is not known.
func (v *view) aftermath() []string {
	var lines, pools []string
	n := v.r.Forecast.Nodes
	for _, p := range n.Pools {
		pools = append(pools, fmt.Sprintf("%s (%s)", p.Name, words.Count(p.Nodes, "node")))
	}
	if pools != nil {
		lines = append(lines, "Node pools with auto-repair: "+enumerate(pools, v.Wide)+".")
	}
	if n.Reason != "" {
		lines = append(lines, "Not known: "+n.Reason+".")
	}
	return lines
}

// stops are the commands to have at hand; the first one, unless all are asked for.
func (v *view) stops() {
	for n, s := range v.r.Forecast.Stop {
		if n > 0 && !v.Wide {
			v.text(2, fmt.Sprintf("(and %s, see -o wide)", words.Count(len(v.r.Forecast.Stop)-1, "more command")))
			return
		}
		v.text(2, atHand(s))
		v.command(6, s.Command)
	}
}

func atHand(s outage.Stop) string { return "Have this at hand, it " + s.Does + ":" }

// delay is when a moment comes.
func delay(m outage.Moment) string {
	if m.AfterSeconds == nil {
		return "later"
	}
	s, most := int(m.AfterSeconds.Min), m.AfterSeconds.Max
	switch {
	case most != nil && *most > m.AfterSeconds.Min:
		return "after " + span(&forecast.Seconds{Min: m.AfterSeconds.Min, Max: *most})
	case s == 0:
		return "at once"
	case s < 600:
		return fmt.Sprintf("after %d s", s)
	}
	return fmt.Sprintf("after %d min", s/60)
}

func are(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return fmt.Sprintf("%d %ss are", n, noun)
}

// enumerate names all, or the first and how many more there are.
func enumerate(all []string, whole bool) string {
	if whole {
		return strings.Join(all, ", ")
	}
	return words.Some(all, maxShown)
}
