package render

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// headlineOf is the verdict in one line, such as "NOT READY: prod (acme,
// europe-west1), 1.35.4 → 1.36.3".
func headlineOf(r preflight.Report) string {
	v := &view{r: r}
	return verdictOf(r) + ": " + v.whatOf() + rehearsedOf(r)
}

// whatOf is what the verdict is about, in the words after it.
func (v *view) whatOf() string {
	return onlyNodes(v.r) + v.cluster() + ", " + v.versions() + v.seenAgo() + controlPlaneFirst(v.r)
}

// onlyNodes says that the verdict is about nodes, and of which pools; empty where it is
// about the control plane as well.
func onlyNodes(r preflight.Report) string {
	switch {
	case r.IsAbout(preflight.ControlPlaneStep):
		return ""
	case r.Pools == nil:
		return "nodes of "
	}
	return "nodes of " + words.Some(r.Pools, fewNamed) + " in "
}

// controlPlaneFirst says what the nodes have to wait for, and whether that is ready; empty
// where the verdict has it, and where the control plane runs the target.
func controlPlaneFirst(r preflight.Report) string {
	if r.IsAbout(preflight.ControlPlaneStep) || keepsVersion(r) {
		return ""
	}
	for _, s := range r.Steps {
		if s.Step == preflight.ControlPlaneStep {
			return "; the control plane comes first, and is " + verdictWords(s.Verdict)
		}
	}
	return "; the control plane comes first"
}

// countsOf is how much was found and left open, such as "1 blocker, 2 warnings, 0
// undecided".
func countsOf(r preflight.Report) string {
	n := count(r)
	counts := fmt.Sprintf("%s, %s, %d undecided", blockersOf(r), words.Count(n.warnings, "warning"), n.undecided)
	if len(r.Skipped) > 0 {
		counts += fmt.Sprintf(", %d skipped", len(r.Skipped))
	}
	return counts
}

// summaryOf is the verdict and what it comes from, in a sentence or two.
func summaryOf(r preflight.Report) string {
	s := headlineOf(r) + " (" + countsOf(r) + ")"
	if causes := r.Blocking(); len(causes) > 0 {
		return s + ". " + causes[0].Lead.Check + ": " + causeText(causes[0])
	}
	if r.Verdict == preflight.Inconclusive {
		for _, o := range r.Open {
			if o.Severity == preflight.Blocker {
				return s + ". " + o.Check + " is open for " + o.Subject.String() + ": " + o.Reason
			}
		}
	}
	return s
}

// causeText is what is wrong, and which checks found what comes of the same.
func causeText(c preflight.Cause) string {
	var also []string
	for _, f := range c.Rest {
		also = append(also, f.Check)
	}
	if also == nil {
		return c.Lead.Summary
	}
	return c.Lead.Summary + " (of the same cause: " + strings.Join(also, ", ") + ")"
}

// firstCommand is what to type first about f; empty where there is nothing for a shell.
func firstCommand(f preflight.Finding) string {
	steps := f.ToDo()
	if len(steps) == 0 {
		return ""
	}
	var all []string
	for _, c := range steps[0].Commands {
		if c.Kind == remedy.Shell {
			all = append(all, c.Text)
		}
	}
	return strings.Join(all, " && ")
}

// clusterPath names the cluster as project/location/name, without what is not known.
func clusterPath(r preflight.Report) string {
	var parts []string
	for _, p := range []string{r.Cluster.Project, r.Cluster.Location, cmp.Or(r.Cluster.Name, "cluster")} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "/")
}

// A verdictOn is what a report says of one check: its findings, and what it left open.
type verdictOn struct {
	preflight.CheckStatus
	findings []preflight.Finding
	open     []preflight.OpenQuestion
}

func byCheck(r preflight.Report) []verdictOn {
	all := make([]verdictOn, len(r.Checks))
	index := map[string]int{}
	for n, c := range r.Checks {
		all[n].CheckStatus = c
		index[c.ID] = n
	}
	for _, f := range r.Findings {
		if n, ok := index[f.Check]; ok {
			all[n].findings = append(all[n].findings, f)
		}
	}
	for _, o := range r.Open {
		if n, ok := index[o.Check]; ok {
			all[n].open = append(all[n].open, o)
		}
	}
	return all
}
