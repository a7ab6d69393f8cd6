package render

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// lifelines is the table of what the cluster would lose beside its control
// plane's start; nothing where all is kept. Lines that share their outcome and
// their culprit share a row, unless the view is wide.
func (v *view) lifelines() error {
	rows, kept := v.lifelineRows()
	if rows == nil {
		return nil
	}
	v.heading("What the cluster lives by")
	shown := rows
	if !v.Wide && len(rows) > 2*maxShown {
		shown = rows[:2*maxShown]
	}
	if err := v.columns(2, []string{"OUTCOME", "LINE", "CULPRIT"}, shown); err != nil {
		return err
	}
	if n := len(rows) - len(shown); n > 0 {
		v.text(2, fmt.Sprintf("(and %s, see -o wide)", plural(n, "more row")))
	}
	if kept > 0 {
		v.text(2, fmt.Sprintf("(%s kept)", are(kept, "other line")))
	}
	return nil
}

// lifelineRows are the outcome, the lines and the culprit of what is not kept, and
// the number of lines that are.
func (v *view) lifelineRows() (rows [][]string, kept int) {
	for _, fate := range []forecast.Fate{forecast.Lost, forecast.Open, forecast.Slowed, forecast.Kept} {
		for _, l := range v.r.Forecast.Lifelines {
			switch {
			case l.Outcome != fate:
			case fate == forecast.Kept:
				kept++
			default:
				rows = v.addLine(rows, l)
			}
		}
	}
	return rows, kept
}

func (v *view) addLine(rows [][]string, l forecast.Lifeline) [][]string {
	outcome, culprits := outcomeOf(l), culpritsOf(l)
	for _, r := range rows {
		if !v.Wide && r[0] == outcome && r[2] == culprits {
			r[1] += ", " + l.Name
			return rows
		}
	}
	return append(rows, []string{outcome, l.Name, culprits})
}

func outcomeOf(l forecast.Lifeline) string {
	if l.AtWorst != "" {
		return fmt.Sprintf("%s, at worst %s", l.Outcome, l.AtWorst)
	}
	return string(l.Outcome)
}

func culpritsOf(l forecast.Lifeline) string {
	var names []string
	for _, c := range l.Culprits() {
		names = append(names, brief(c))
	}
	if names == nil {
		return "-"
	}
	return strings.Join(names, ", ")
}
