package render

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

const (
	// maxShown is how many of a kind are shown before the rest is only counted.
	maxShown = 10
	// fewNamed is how many of them a line names that is to be short.
	fewNamed = 4
)

// Table writes the report for people: first what decides, on one screen; then how
// that comes about, what to do, what would follow otherwise and what was not looked
// at; at its end what decides again, since that is what a CI log shows. The error is
// w's.
func Table(w io.Writer, r preflight.Report, o Options) error {
	v := &view{page: newPage(o), r: r, told: map[string]string{}, mapped: mappedOf(r)}
	for _, s := range sections(r, o) {
		if err := v.section(s); err != nil {
			return err
		}
	}
	return v.writeTo(w)
}

// A section is a part of a report for people.
type section string

const (
	headline  section = "headline"
	outlook   section = "outlook"
	lifelines section = "lifelines"
	nodes     section = "nodes"
	findings  section = "findings"
	waived    section = "waived"
	gaps      section = "gaps"
	passed    section = "passed"
	footer    section = "footer"
)

// sections are those to show, in the order in which their reader needs them: what
// decides the verdict and what to do about it comes first.
func sections(r preflight.Report, o Options) []section {
	switch {
	case o.Quiet:
		return []section{headline, findings, footer}
	case r.Verdict == preflight.Inconclusive:
		return []section{headline, gaps, outlook, lifelines, findings, nodes, waived, passed, footer}
	}
	return []section{headline, findings, outlook, lifelines, nodes, waived, gaps, passed, footer}
}

func (v *view) section(s section) error {
	return map[section]func() error{
		headline: v.headline, outlook: v.outlook, lifelines: v.lifelines, nodes: v.nodes, findings: v.findings,
		waived: v.waived, gaps: v.gaps, passed: v.passed, footer: v.footer,
	}[s]()
}

// A view is a report on its way to the page.
type view struct {
	*page
	r preflight.Report
	// atTop is the step whose commands stand at the top, as a text; empty for none.
	atTop string
	// told is the check of which a step was told, by the step's text.
	told map[string]string
	// mapped are the add-ons to tell of, topics the pages on those that were told of.
	mapped mapped
	topics []string
}

// A sign stands before a line beside the word for the same thing.
type sign struct {
	text  string
	style mark
}

func verdictSign(v preflight.Verdict) sign {
	switch v {
	case preflight.Ready:
		return sign{"✓ ", green}
	case preflight.NotReady:
		return sign{"✗ ", red}
	case preflight.Inconclusive:
	}
	return sign{"? ", yellow}
}

// verdictOf is the verdict, and that it holds only because blockers are waived.
func verdictOf(r preflight.Report) string {
	s := verdictWords(r.Verdict)
	if n := blockersAccepted(r); n > 0 && r.Verdict == preflight.Ready {
		s += " with " + words.Count(n, "blocker") + " waived"
	}
	return s
}

func verdictWords(v preflight.Verdict) string {
	return strings.ToUpper(strings.ReplaceAll(string(v), "-", " "))
}

func (v *view) headline() error {
	s := verdictSign(v.r.Verdict)
	v.item(0, v.sign(s), s.style.of(verdictOf(v.r))+": "+bold.of(v.whatOf()))
	if !v.Quiet {
		v.text(2, v.origin())
		if under := underPolicy(v.r); under != "" {
			v.text(2, under)
		}
	}
	v.screen()
	return nil
}

// origin says where the target comes from, and when and by whom the cluster was seen.
func (v *view) origin() string {
	var origin []string
	if v.r.TargetOrigin != "" {
		origin = append(origin, "Target version: "+v.r.TargetOrigin+".")
	}
	if !v.r.CollectedAt.IsZero() {
		seen := "Seen " + v.r.CollectedAt.UTC().Format("2006-01-02 15:04 UTC")
		if v.r.Identity != "" {
			seen += " as " + v.r.Identity
		}
		origin = append(origin, seen+".")
	}
	return strings.Join(origin, " ")
}

func (v *view) sign(s sign) string {
	if v.ASCII {
		return strings.NewReplacer("✓", "+", "✗", "x").Replace(s.text)
	}
	return s.text
}

func (v *view) cluster() string {
	c := v.r.Cluster
	name := cmp.Or(c.Name, "the cluster")
	switch {
	case c.Project != "" && c.Location != "":
		name += fmt.Sprintf(" (%s, %s)", c.Project, c.Location)
	case c.Location != "":
		name += fmt.Sprintf(" (%s)", c.Location)
	}
	return name
}

func (v *view) versions() string {
	return release(v.r.Cluster.Version) + " → " + release(v.r.TargetVersion)
}

// seenAgo is the age of what was seen; empty where that is less than two minutes, as
// it is while the cluster is at hand.
func (v *view) seenAgo() string {
	if age := v.r.Age(); age >= 2*time.Minute {
		return ", seen " + preflight.Words(age) + " ago"
	}
	return ""
}

func release(v string) string {
	return cmp.Or(strings.TrimPrefix(v, "v"), "unknown version")
}

func (v *view) passed() error {
	if !v.ShowPassed {
		return nil
	}
	v.heading("What passed")
	for _, c := range v.r.Checks {
		if c.Status == preflight.Pass {
			v.item(2, "- ", c.ID+" "+c.Name)
		}
	}
	return nil
}

// tally counts what a report holds. An undecided check is one that left
// anything open, even if it also found something; a fact that was left out on
// request is not absent.
type tally struct{ blockers, warnings, infos, waived, accepted, undecided, absent, leftOut int }

func count(r preflight.Report) tally {
	var n tally
	for _, f := range r.Findings {
		switch {
		case f.Waived:
			n.waived++
		case f.Severity == preflight.Blocker:
			n.blockers++
		case f.Severity == preflight.Warning:
			n.warnings++
		default:
			n.infos++
		}
	}
	open := map[string]bool{}
	for _, c := range byCheck(r) {
		for _, o := range openOf(c) {
			if o.Waived {
				n.accepted++
			} else {
				open[c.ID] = true
			}
		}
	}
	n.undecided = len(open)
	for _, f := range r.Facts {
		switch {
		case f.Present:
		case f.Reason == facts.LeftOut:
			n.leftOut++
		default:
			n.absent++
		}
	}
	return n
}
