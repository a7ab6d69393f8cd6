package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// lifelines is the table of what the cluster would lose beside its control
// plane's start; nothing where all is kept, or where what is read first has told it:
// one culprit does one thing to all. Lines that share their outcome and their culprit share
// a row, unless the view is wide.
func (v *view) lifelines() error {
	all, kept := v.lifelineRows()
	if all == nil || len(all) == 1 && len(all[0].culprits) == 1 && !v.Wide && !openAside(v.r) {
		return nil
	}
	var rows [][]string
	for _, r := range all {
		rows = append(rows, []string{r.outcome, strings.Join(r.lines, ", "), cmp.Or(enumerate(r.culprits, v.Wide), "-")})
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
		v.text(2, fmt.Sprintf("(and %s, see -o wide)", words.Count(n, "more row")))
	}
	if kept > 0 {
		v.text(2, fmt.Sprintf("(%s kept)", are(kept, "other line")))
	}
	return nil
}

// openAside reports whether lines are open and nothing worse, and none of them is one of
// those that are told first.
func openAside(r preflight.Report) bool {
	return linesOf(r, forecast.Open) == nil && !slices.ContainsFunc(r.Forecast.Lifelines, func(l forecast.Lifeline) bool {
		return l.Outcome != forecast.Kept && l.Outcome != forecast.Open
	})
}

// A lostRow is lines that share their outcome and their culprits.
type lostRow struct {
	outcome         string
	lines, culprits []string
}

// lifelineRows are what is not kept, and the number of lines that are.
func (v *view) lifelineRows() (rows []lostRow, kept int) {
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

func (v *view) addLine(rows []lostRow, l forecast.Lifeline) []lostRow {
	row := lostRow{outcomeOf(l), []string{l.Name}, culpritsOf(l)}
	for n, r := range rows {
		if !v.Wide && r.outcome == row.outcome && slices.Equal(r.culprits, row.culprits) {
			rows[n].lines = append(r.lines, l.Name)
			return rows
		}
	}
	return append(rows, row)
}

func outcomeOf(l forecast.Lifeline) string {
	if l.AtWorst != "" {
		return fmt.Sprintf("%s, at worst %s", l.Outcome, l.AtWorst)
	}
	return string(l.Outcome)
}

func culpritsOf(l forecast.Lifeline) []string {
	var names []string
	for _, c := range l.AtFault() {
		names = append(names, brief(c.Culprit))
	}
	return names
}
