package render

import (
	"fmt"
	"io"
	"net/url"
	"strings"

	g "maragu.dev/gomponents"
	"maragu.dev/gomponents/html"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/fleet"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// maxNamed is how many clusters stand beside a culprit.
const maxNamed = 2

// FleetTable writes the state of a fleet for a terminal: culprits first, then the
// clusters that are not ready, then what was not looked at. The error is w's.
func FleetTable(w io.Writer, r fleet.Report, o Options) error {
	v := newPage(o)
	s := verdictSign(r.Verdict)
	v.item(0, (&view{page: v}).sign(s), s.style.of(verdictWords(r.Verdict))+": "+bold.of(fleetCounts(r)))
	var rows [][]string
	for _, c := range culpritLines(r, o) {
		rows = append(rows, []string{c.Clusters, c.Severity, c.What, c.Checks, c.Where})
	}
	if len(rows) > 0 {
		v.heading("By culprit")
		if err := v.columns(2, []string{"WHERE", "SEVERITY", "WHAT", "CHECKS", "FOR EXAMPLE"}, rows); err != nil {
			return err
		}
	}
	rows = nil
	for _, row := range worstFirst(r.Clusters) {
		if row.Verdict != preflight.Ready || o.ShowPassed || o.Wide {
			rows = append(rows, []string{verdictWords(row.Verdict), row.String(), fleetVersions(row), rowWords(row)})
		}
	}
	if len(rows) > 0 {
		v.heading("By cluster")
		if err := v.columns(2, []string{"VERDICT", "CLUSTER", "VERSIONS", "WHAT"}, rows); err != nil {
			return err
		}
	}
	if len(r.Gaps) > 0 && !o.Quiet {
		v.heading("What was not looked at")
		for _, g := range r.Gaps {
			v.item(2, "? ", preflight.Clean(g.Where+": "+g.Why))
		}
	}
	return v.writeTo(w)
}

func fleetCounts(r fleet.Report) string {
	parts := []string{words.Count(len(r.Clusters), "cluster")}
	for _, verdict := range []preflight.Verdict{preflight.NotReady, preflight.Inconclusive, preflight.Ready} {
		if n := r.Counts[verdict]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, strings.ReplaceAll(string(verdict), "-", " ")))
		}
	}
	if n := len(r.Gaps); n > 0 {
		parts = append(parts, words.Count(n, "gap"))
	}
	return strings.Join(parts, ", ")
}

// A culpritLine is a culprit in words.
type culpritLine struct{ Clusters, Severity, What, Checks, Where string }

// culpritLines leave out what only informs, unless all is asked for.
func culpritLines(r fleet.Report, o Options) []culpritLine {
	var lines []culpritLine
	for _, c := range r.Culprits {
		if c.Severity < preflight.Warning && !o.Wide && !o.ShowPassed || o.Quiet && c.Severity < preflight.Blocker {
			continue
		}
		what := c.Title
		if c.Subject != "" {
			what = c.Subject + ": " + what
		}
		lines = append(lines, culpritLine{words.Count(len(c.Clusters), "cluster"), c.Severity.String(), preflight.Clean(what), strings.Join(c.Checks, ", "), firstOf(c.Clusters)})
	}
	return lines
}

// worstFirst are the rows by verdict, and by name where that is the same.
func worstFirst(rows []fleet.Row) []fleet.Row {
	var sorted []fleet.Row
	for _, verdict := range []preflight.Verdict{preflight.NotReady, preflight.Inconclusive, preflight.Ready} {
		for _, r := range rows {
			if r.Verdict == verdict {
				sorted = append(sorted, r)
			}
		}
	}
	return sorted
}

func firstOf(clusters []string) string {
	s := strings.Join(clusters[:min(maxNamed, len(clusters))], ", ")
	if more := len(clusters) - maxNamed; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return preflight.Clean(s)
}

func fleetVersions(r fleet.Row) string {
	if r.Version == "" {
		return "-"
	}
	return preflight.Clean(release(r.Version) + " → " + release(r.Target))
}

// rowWords say of a cluster what its verdict rests on.
func rowWords(r fleet.Row) string {
	if r.Error != "" {
		return preflight.Clean("could not look: " + r.Error)
	}
	blockers := 0
	for _, f := range r.Findings {
		if f.Severity == preflight.Blocker {
			blockers++
		}
	}
	return preflight.Clean(r.Outcome) + ", " + words.Count(blockers, "blocker") + ", " + words.Count(r.Open, "question") + " open"
}

// FleetHTML writes the same as one page without a script, in the style of [HTML]. With
// links each cluster leads to PROJECT/LOCATION/CLUSTER.html beside the page, if its
// report was kept.
func FleetHTML(w io.Writer, r fleet.Report, links bool) error {
	totals, verdict := fleetCounts(r), verdictWords(r.Verdict)
	return htmlPage(w, verdict+": "+totals, html.Main(
		html.Header(html.Class(string(r.Verdict)),
			html.H1(hidden(strings.TrimSpace(verdictSign(r.Verdict).text)), g.Text(" "+verdict)),
			html.P(html.Class("cluster"), g.Text(totals))),
		htmlCulprits(culpritLines(r, Options{Wide: true})),
		html.Section(html.H2(g.Text("By cluster")), html.Ul(html.Class("plain"), lines(worstFirst(r.Clusters), func(r fleet.Row) g.Node {
			return htmlRow(r, links)
		}))),
		htmlUnseen(r.Gaps)))
}

func htmlCulprits(all []culpritLine) g.Node {
	if len(all) == 0 {
		return nil
	}
	return html.Section(html.H2(g.Text("By culprit")), html.Ul(html.Class("plain"), lines(all, func(c culpritLine) g.Node {
		return html.Li(html.Strong(g.Text(c.Clusters+", "+c.Severity)), g.Text(": "+c.What), html.Br(), html.Span(small(), g.Text(c.Checks+"; "+c.Where)))
	})))
}

func htmlRow(r fleet.Row, links bool) g.Node {
	name := g.Text(r.String())
	if links && r.Report != "" {
		page := url.URL{Path: "./" + strings.TrimSuffix(r.Report, ".json") + ".html"}
		name = html.A(html.Href(page.String()), name)
	}
	return html.Li(html.Strong(g.Text(verdictWords(r.Verdict))), g.Text(" "), name, html.Br(), html.Span(small(), g.Text(fleetVersions(r)+"; "+rowWords(r))))
}

func htmlUnseen(all []fleet.Gap) g.Node {
	if len(all) == 0 {
		return nil
	}
	return html.Section(html.H2(g.Text("What was not looked at")), html.Ul(lines(all, func(gap fleet.Gap) g.Node {
		return html.Li(g.Text(gap.Where + ": " + gap.Why))
	})))
}
