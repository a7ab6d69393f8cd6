package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// annotationsPerKind is how many annotations of one kind GitHub shows of a step;
// more are dropped without a word.
const annotationsPerKind = 10

// GitHub writes workflow commands that GitHub Actions shows as annotations:
// errors for blockers, and for what could hide one; warnings; notices. Where
// there are more than GitHub shows, the last one says how many are left out. The
// whole report belongs in the step's summary, as [Markdown].
func GitHub(w io.Writer, r preflight.Report) error {
	kinds := map[string][]string{}
	add := func(kind, title, message string) {
		kinds[kind] = append(kinds[kind], fmt.Sprintf("::%s title=%s::%s", kind, property(title), data(message)))
	}
	waived := 0
	for _, c := range byCheck(r) {
		for _, f := range c.findings {
			if f.Waived {
				waived++
				continue
			}
			add(annotation(f.Severity), f.Check+" "+f.Subject.String(), f.Summary+remedyOf(f)+"\n\n"+preflight.DocsURL(f.Check))
		}
		for _, o := range openOf(c) {
			if o.Waived {
				waived++
				continue
			}
			kind := "notice"
			if o.Severity == preflight.Blocker {
				kind = "error"
			}
			add(kind, strings.TrimSpace(c.ID+" undecided "+o.Subject.String()), o.Reason+"\n\n"+preflight.DocsURL(c.ID))
		}
	}
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
