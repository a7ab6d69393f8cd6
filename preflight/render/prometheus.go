package render

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// Prometheus writes the text exposition format, for node_exporter's textfile
// collector. Every check has its samples, zeros too, so that an alert can tell a
// check that found nothing from one that is gone.
func Prometheus(w io.Writer, r preflight.Report) error {
	x := exposition{bufio.NewWriter(w), fmt.Sprintf(`project="%s",location="%s",cluster="%s"`, label(r.Cluster.Project), label(r.Cluster.Location), label(r.Cluster.Name))}
	n := count(r)
	x.family("verdict", "1 for the verdict of the last run, 0 for the others.")
	for _, v := range []preflight.Verdict{preflight.Ready, preflight.NotReady, preflight.Inconclusive} {
		x.sample("verdict", fmt.Sprintf(`verdict="%s"`, v), one(r.Verdict == v))
	}
	x.family("findings", "Findings by check and severity, without those that are waived.")
	for _, c := range byCheck(r) {
		bySeverity := map[preflight.Severity]int{}
		for _, f := range c.findings {
			if !f.Waived {
				bySeverity[f.Severity]++
			}
		}
		for s := preflight.Info; s <= c.Severity; s++ {
			x.sample("findings", fmt.Sprintf(`check="%s",name="%s",severity="%s"`, label(c.ID), label(c.Name), s), float64(bySeverity[s]))
		}
	}
	x.family("causes", "Things that are wrong, by the severity of the worst finding that comes of each.")
	bySeverity := map[preflight.Severity]int{}
	caused := map[[2]string]int{}
	for _, c := range preflight.Causes(r.Findings) {
		bySeverity[c.Lead.Severity]++
		for _, f := range c.Rest {
			caused[[2]string{f.Check, c.Lead.Check}]++
		}
	}
	for s := preflight.Info; s <= preflight.Blocker; s++ {
		x.sample("causes", fmt.Sprintf(`severity="%s"`, s), float64(bySeverity[s]))
	}
	x.family("caused_findings", "Findings that come of what another check found to be worst, by that check.")
	for _, of := range slices.SortedFunc(maps.Keys(caused), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		x.sample("caused_findings", fmt.Sprintf(`check="%s",cause="%s"`, label(of[0]), label(of[1])), float64(caused[of]))
	}
	x.family("undecided", "1 for a check that has no answer, or none to a part of its question.")
	for _, c := range byCheck(r) {
		x.sample("undecided", fmt.Sprintf(`check="%s",name="%s"`, label(c.ID), label(c.Name)), one(slices.ContainsFunc(openOf(c), func(o preflight.OpenQuestion) bool { return !o.Waived })))
	}
	x.family("waived_findings", "Findings that a waiver covers.")
	x.sample("waived_findings", "", float64(n.waived))
	x.family("waived_questions", "Open questions that a waiver covers.")
	x.sample("waived_questions", "", float64(n.accepted))
	x.family("skipped", "Answers that the run was told to leave alone, and that no waiver covers.")
	x.sample("skipped", "", float64(skippedUnwaived(r)))
	x.family("facts_absent", "Facts that could not be read.")
	x.sample("facts_absent", "", float64(n.absent))
	x.family("collected_timestamp_seconds", "When the cluster was looked at.")
	x.sample("collected_timestamp_seconds", "", float64(r.CollectedAt.Unix()))
	x.family("info", "What the last run was about.")
	x.sample("info", fmt.Sprintf(`version="%s",target_version="%s",tool="%s"`, label(r.Cluster.Version), label(r.TargetVersion), label(r.Tool)), 1)
	return x.Flush()
}

func skippedUnwaived(r preflight.Report) (n int) {
	for _, s := range r.Skipped {
		if !s.Waived {
			n++
		}
	}
	return n
}

type exposition struct {
	*bufio.Writer
	cluster string
}

func (x exposition) family(name, help string) {
	fmt.Fprintf(x, "# HELP gke_preflight_%s %s\n# TYPE gke_preflight_%s gauge\n", name, help, name)
}

func (x exposition) sample(name, labels string, value float64) {
	if labels != "" {
		labels = "," + labels
	}
	fmt.Fprintf(x, "gke_preflight_%s{%s%s} %.0f\n", name, x.cluster, labels, value)
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// label escapes a label's value.
func label(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s)
}
