package render

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/version"
	"github.com/gke-preflight/gke-preflight/preflight/wayback"
)

func severitySign(s preflight.Severity) (sign, string) {
	switch s {
	case preflight.Blocker:
		return sign{"✗ ", red}, "BLOCKER"
	case preflight.Warning:
		return sign{"! ", yellow}, "WARNING"
	case preflight.Info:
	}
	return sign{"- ", bold}, "INFO"
}

// findings says what to do now: the stories, grouped by the check of their
// worst finding, blockers first.
func (v *view) findings() error {
	groups := findingGroups(v.r, v.Quiet)
	if len(groups) == 0 {
		return nil
	}
	v.heading("What to do now")
	var known [][]preflight.Cause
	before := preflight.Blocker
	for _, g := range groups {
		if severity := g[0].Lead.Severity; severity != before {
			before = severity
			v.blank()
		}
		switch {
		case v.Wide:
			v.group(g)
		case g[0].Lead.Severity == preflight.Info:
			known = append(known, g)
		default:
			v.briefly(g)
		}
	}
	v.worthKnowing(known)
	if !v.Wide {
		v.blank()
		more := "gke-preflight explain " + groups[0][0].Lead.Check + ", or any other ID of this report"
		if v.topics != nil {
			more += "; explain " + strings.Join(v.topics, ", ")
		}
		v.label(0, "More", more)
	}
	return nil
}

// findingGroups are the stories of what is not waived, by the check and severity
// of their worst finding.
func findingGroups(r preflight.Report, quiet bool) [][]preflight.Cause {
	groups := grouped(preflight.Causes(r.Findings), func(s preflight.Cause) string { return s.Lead.Check + s.Lead.Severity.String() })
	if quiet {
		groups = slices.DeleteFunc(groups, func(g []preflight.Cause) bool { return g[0].Lead.Severity != preflight.Blocker })
	}
	return groups
}

// begin is how to begin the upgrade where nothing stands in its way: empty where
// something does, or where it is not known how.
func (v *view) begin() (words, command string) {
	command = v.upgradeCommand()
	if command == "" {
		return "", ""
	}
	do := "begin it"
	if completesUpgrade(v.r) {
		do = "complete it"
	}
	switch n := count(v.r).warnings; n {
	case 0:
		return v.free() + ". To " + do, command
	case 1:
		return v.free() + ". Weigh the warning below, then " + do, command
	default:
		return v.free() + fmt.Sprintf(". Weigh the %d warnings below, then %s", n, do), command
	}
}

// upgradeCommand begins the upgrade of a GKE cluster that is ready for it, or completes
// one of two steps; empty for any other, where another program begins it, and where the
// control plane keeps its version, as when nodes alone are upgraded.
func (v *view) upgradeCommand() string {
	c := v.r.Cluster
	completes := completesUpgrade(v.r)
	if v.Quiet || v.Begun || keepsVersion(v.r) && !completes || !v.r.IsAbout(preflight.ControlPlaneStep) || v.r.Verdict != preflight.Ready || c.Project == "" || c.Location == "" || c.Name == "" || v.r.TargetVersion == "" {
		return ""
	}
	if v.r.Forecast.ControlPlane.Outcome.Fails() || linesOf(v.r, forecast.Lost) != nil {
		if blockersAccepted(v.r) == 0 {
			// Whoever would have found a blocker was skipped.
			return ""
		}
	}
	if completes {
		return remedy.Words("gcloud", "container", "clusters", "complete-control-plane-upgrade", c.Name, "--project", c.Project, "--location", c.Location).Text
	}
	return remedy.Words("gcloud", "container", "clusters", "upgrade", c.Name, "--master", "--cluster-version", v.r.TargetVersion, "--project", c.Project, "--location", c.Location).Text
}

// completesUpgrade reports whether the step is the second of a two-step upgrade.
func completesUpgrade(r preflight.Report) bool {
	way := wayBack(r).Way
	return way == wayback.Soaking || way == wayback.SoakOver
}

// keepsVersion reports whether the target is what runs, as far as both say it.
func keepsVersion(r preflight.Report) bool {
	runs, err := version.Parse(r.Cluster.Version)
	target, failed := version.Parse(r.TargetVersion)
	return err == nil && failed == nil && !version.Older(runs, target) && !version.Older(target, runs)
}

// groupTitle names the check that found causes to be worst, and how many they are.
func (v *view) groupTitle(g []preflight.Cause) {
	lead := g[0].Lead
	s, word := severitySign(lead.Severity)
	title := s.style.of(word) + " " + bold.of(lead.Check+": "+v.title(lead.Check))
	if len(g) > 1 {
		title += fmt.Sprintf(" (%d)", len(g))
	}
	v.item(0, v.sign(s), title)
}

// group writes all that there is on the causes that one check found to be worst.
func (v *view) group(g []preflight.Cause) {
	v.blank()
	v.groupTitle(g)
	shared, label := v.sharedRemedy(g)
	for _, st := range g {
		v.item(2, "- ", named(st.Lead))
		for _, e := range st.Lead.Evidence {
			v.label(4, "Seen", observed(e))
		}
		for _, note := range relabelled(st.Lead) {
			v.label(4, "Note", note)
		}
		for _, f := range st.Rest {
			v.label(4, relation(st.Lead, f), noted(consequence(st.Lead, f), f))
		}
		if shared == nil {
			v.remedy("Do", st.Lead.ToDo())
		}
		for _, f := range st.Rest {
			if f.Remedy != st.Lead.Remedy {
				v.remedy("Do", f.ToDo())
			}
		}
		v.addon(st.Lead)
	}
	v.remedy(label, shared)
	v.label(4, "More", explain(g))
}

func (v *view) title(check string) string { return titleOf(v.r, check) }

// titleOf is the title of a check; its ID where the report does not hold it.
func titleOf(r preflight.Report, check string) string {
	for _, c := range r.Checks {
		if c.ID == check {
			return c.Title
		}
	}
	return check
}

// named is the summary, after the subject unless the summary names it.
func named(f preflight.Finding) string {
	if strings.Contains(f.Summary, f.Subject.Name) && strings.Contains(f.Summary, f.Subject.Webhook) {
		return f.Summary
	}
	return f.Subject.String() + ": " + f.Summary
}

// consequence is what f adds to the finding that leads its story: the defect that
// both have is not said again.
func consequence(lead, f preflight.Finding) string {
	own := strings.TrimPrefix(f.Summary, lead.Subject.String()+" ")
	if lead.CausedBy == f.Check {
		return own
	}
	if _, comes, ok := strings.Cut(own, ", so that "); ok {
		return comes
	}
	defect, _, _ := strings.Cut(strings.TrimPrefix(lead.Summary, lead.Subject.String()+" "), ";")
	for _, joint := range []string{" and ", "; "} {
		if comes, ok := strings.CutPrefix(own, defect+joint); ok {
			return comes
		}
	}
	return own
}

// relation says what f is to the finding that leads its story.
func relation(lead, f preflight.Finding) string {
	return related(lead, f) + " (" + f.Check + ")"
}

func related(lead, f preflight.Finding) string {
	if lead.CausedBy == f.Check {
		return "Cause"
	}
	return "Also"
}

func observed(e preflight.Evidence) string {
	var parts []string
	switch value := asStored(e.Value).(type) {
	case nil:
	case float64:
		parts = append(parts, strconv.FormatFloat(value, 'f', -1, 64))
	case string, bool:
		parts = append(parts, fmt.Sprint(value))
	default:
		if e.Note == "" {
			parts = append(parts, short(fmt.Sprint(value)))
		}
	}
	if e.Note != "" {
		parts = append(parts, e.Note)
	}
	said := strings.Join(parts, ": ")
	if e.Fact != "" {
		said = strings.TrimSpace(said + " (" + e.Fact + e.Path + ")")
	}
	return said
}

// asStored is v as it comes back from a stored report, so that it shows alike.
func asStored(v any) any {
	var stored any
	b, err := json.Marshal(v)
	if err != nil || json.Unmarshal(b, &stored) != nil {
		return v
	}
	return stored
}

// sharedRemedy is the remedy for every story of a group of several, with its
// label: the same for all, or, where there are many, the first one's if the
// others differ from it by the subject's name alone. None if there is none.
func (v *view) sharedRemedy(g []preflight.Cause) (steps remedy.Steps, label string) {
	first := g[0].Lead
	same, alike := true, true
	for _, s := range g[1:] {
		same = same && s.Lead.Remedy == first.Remedy
		alike = alike && strings.ReplaceAll(s.Lead.Remedy, s.Lead.Subject.Name, first.Subject.Name) == first.Remedy
	}
	switch {
	case len(g) > 1 && same:
		return first.ToDo(), "Do"
	case len(g) > 3 && alike && !v.Wide:
		return first.ToDo(), "Do, for " + first.Subject.Name + " and likewise for the others"
	}
	return nil, ""
}

func explain(shown []preflight.Cause) string {
	var ids []string
	for _, s := range shown {
		for _, f := range s.All() {
			if !slices.Contains(ids, f.Check) {
				ids = append(ids, f.Check)
			}
		}
	}
	command := "gke-preflight explain " + ids[0]
	if len(ids) > 1 {
		command += ", and so for " + strings.Join(ids[1:], ", ")
	}
	return command
}
