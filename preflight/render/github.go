package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// annotationsPerKind is how many annotations of one kind GitHub shows of a step;
// more are dropped without a word.
const annotationsPerKind = 10

// GitHub writes workflow commands that GitHub Actions shows as annotations, one for
// each cause and for each reason for which something is open: errors for blockers, and
// for what could hide one; warnings; notices. Where there are more than GitHub shows,
// the last one says how many are left out. The whole report belongs in the step's
// summary, as [Markdown].
func GitHub(w io.Writer, r preflight.Report) error {
	kinds := map[string][]string{}
	add := func(kind, title, message string) {
		kinds[kind] = append(kinds[kind], fmt.Sprintf("::%s title=%s::%s", kind, property(title), data(message)))
	}
	known := mappedOf(r)
	for _, c := range preflight.Causes(r.Findings) {
		add(annotation(c.Lead.Severity), c.Lead.Check+" "+c.Lead.Subject.String(), causeText(c)+remedyOf(c.Lead)+known.also(c.Lead)+"\n\n"+preflight.DocsURL(c.Lead.Check))
	}
	for _, q := range append(openQuestions(r), undecided(r)...) {
		kind := "notice"
		if q.severity == preflight.Blocker {
			kind = "error"
		}
		add(kind, "undecided "+words.Some(q.checks, maxShown), q.said(false)+"\n\n"+preflight.DocsURL(q.checks[0]))
	}
	n := count(r)
	waived := n.waived + n.accepted
	if waived > 0 {
		add("notice", "gke-preflight waived", fmt.Sprintf("%d waived: the step's summary has them, with their reasons and ends", waived))
	}
	verdict := map[preflight.Verdict]string{preflight.Ready: "notice", preflight.NotReady: "error", preflight.Inconclusive: "error"}[r.Verdict]
	kinds[verdict] = slices.Insert(kinds[verdict], 0, fmt.Sprintf("::%s title=%s::%s", verdict, property("gke-preflight "+clusterPath(r)), data(headlineOf(r)+" ("+countsOf(r)+")")))
	for _, kind := range []string{"error", "warning", "notice"} {
		for _, line := range shownAnnotations(kind, kinds[kind]) {
			if _, err := fmt.Fprintln(w, line); err != nil {
				return err
			}
		}
	}
	return nil
}

func shownAnnotations(kind string, all []string) []string {
	if len(all) <= annotationsPerKind {
		return all
	}
	shown := slices.Clone(all[:annotationsPerKind-1])
	return append(shown, fmt.Sprintf("::%s title=gke-preflight::and %d more: the whole report is in the step's summary", kind, len(all)-len(shown)))
}

func annotation(s preflight.Severity) string {
	switch s {
	case preflight.Blocker:
		return "error"
	case preflight.Warning:
		return "warning"
	case preflight.Info:
	}
	return "notice"
}

// data escapes the message of a workflow command, property a value in its head
// (actions/toolkit packages/core/src/command.ts).
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(s))
}
