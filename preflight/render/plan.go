package render

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/plan"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// PlanTable writes the verdict on a plan for a terminal: resource by resource, then
// the report of each cluster. The error is w's.
func PlanTable(w io.Writer, p plan.Outcome, o Options) error {
	v := newPage(o)
	v.text(0, bold.of(planHeadline(p)))
	for _, r := range p.Resources {
		v.text(0, "")
		v.text(2, r.Address+": "+bold.of(verdictWords(r.Verdict)))
		for _, line := range resourceLines(r) {
			v.item(4, "- ", line)
		}
	}
	if err := v.writeTo(w); err != nil {
		return err
	}
	o.Begun = true
	for _, r := range p.Reports {
		fmt.Fprintf(w, "\n%s\n\n", strings.Repeat("-", 72))
		if err := Table(w, r, o); err != nil {
			return err
		}
	}
	return nil
}

// PlanMarkdown writes the same for a pull request.
func PlanMarkdown(w io.Writer, p plan.Outcome, o Options) error {
	m := markdown{bufio.NewWriter(w)}
	m.line("# " + escape(planHeadline(p)))
	for _, r := range p.Resources {
		m.line("")
		m.line("- **" + escape(r.Address) + "**: " + escape(verdictWords(r.Verdict)))
		for _, line := range resourceLines(r) {
			m.line("  - " + escape(line))
		}
	}
	if err := m.Flush(); err != nil {
		return err
	}
	o.Begun = true
	for _, r := range p.Reports {
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		if err := Markdown(w, r, o); err != nil {
			return err
		}
	}
	return nil
}

func planHeadline(p plan.Outcome) string {
	if len(p.Resources) == 0 {
		return "This plan upgrades no control plane and no nodes: nothing to check."
	}
	verdict := map[preflight.Verdict]string{
		preflight.Ready:        "ready to be applied",
		preflight.NotReady:     "not ready: do not apply it",
		preflight.Inconclusive: "inconclusive: something that could hide a blocker was not to be seen",
	}[p.Verdict]
	if n := p.Warnings(); n > 0 && p.Verdict == preflight.Ready {
		verdict += "; weigh " + words.Count(n, "warning") + " first"
	}
	return fmt.Sprintf("%s in this plan: %s", words.Count(len(p.Resources), "upgrade"), verdict)
}

func resourceLines(r plan.Resource) []string {
	lines := slices.Concat(r.Changes, r.Warnings)
	if r.Waits != "" {
		lines = append(lines, r.Waits)
	}
	return append(lines, r.Why)
}
