package render

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/simulation"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// Simulations writes what comes of several hops, each in a few lines: a simulation of
// one of them alone shows its writes.
func Simulations(w io.Writer, s simulation.Hops, o Options) error {
	p := newPage(o)
	if len(s.Hops) > 0 && len(s.Hops[0].Added) > 0 {
		p.text(0, "With "+strings.Join(s.Hops[0].Added, ", ")+", as if applied.")
		for _, n := range notesOf(s) {
			p.item(2, "- ", n)
		}
		p.blank()
	}
	var rows [][]string
	for _, hop := range s.Hops {
		rows = append(rows, []string{hop.Hop(), spoken(hop.Verdict), cmp.Or(hop.Problem, stops(hop))})
	}
	if err := p.columns(0, []string{"UPGRADE", "VERDICT", "WOULD FAIL"}, rows); err != nil {
		return err
	}
	p.blank()
	p.text(0, bold.of(spoken(s.Verdict))+": "+meaning(simulation.Simulation{Verdict: s.Verdict, Added: s.Hops[0].Added, Waiting: waitingOf(s)}))
	p.summary(s)
	return p.writeTo(w)
}

// waitingOf are the lines that stand still on any of the hops, each once.
func waitingOf(s simulation.Hops) (lines []string) {
	for _, hop := range s.Hops {
		for _, l := range hop.Waiting {
			if !slices.Contains(lines, l) {
				lines = append(lines, l)
			}
		}
	}
	return lines
}

// summary ends with the last line, what the map knows of those that it names before it.
func (p *page) summary(s simulation.Hops) {
	for _, a := range onTheMap(s.Troubles()...) {
		p.text(0, "On the map: "+a.Title+whatToSet(a)+" (gke-preflight explain "+mapTopic(a)+")")
	}
	if s.Summary != "" {
		p.text(0, bold.of(s.Summary))
	}
}

// onTheMap are the add-ons that the map knows culprits by, each once.
func onTheMap(all ...simulation.Trouble) (known []preflight.KnownAddon) {
	for _, t := range all {
		for _, c := range t.Culprits {
			a := preflight.Addon(preflight.Subject{Kind: c.Kind, Name: c.Name, Webhook: c.Webhook})
			if a != nil && !slices.ContainsFunc(known, func(o preflight.KnownAddon) bool { return o.Name == a.Name }) {
				known = append(known, *a)
			}
		}
	}
	return known
}

func spoken(v simulation.Verdict) string {
	return strings.ToUpper(strings.ReplaceAll(string(v), "-", " "))
}

// stops are the names of what would fail, or might.
func stops(s simulation.Simulation) string {
	var names []string
	for _, h := range s.Harms {
		var but []string
		if h.Perhaps {
			but = append(but, "perhaps")
		}
		if h.Part == simulation.Nodes {
			but = append(but, "nodes")
		}
		name := h.Name
		if but != nil {
			name += " (" + strings.Join(but, ", ") + ")"
		}
		names = append(names, name)
	}
	return cmp.Or(words.Some(names, min(3, len(names))), "-")
}

// notesOf are those of all hops, each once.
func notesOf(s simulation.Hops) (all []string) {
	for _, hop := range s.Hops {
		for _, n := range hop.Notes {
			if !slices.Contains(all, n) {
				all = append(all, n)
			}
		}
	}
	return all
}

// SimulationGitHub writes workflow commands that GitHub Actions shows as annotations of
// the manifest's lines, one for each webhook or policy that endangers an upgrade, and
// the verdict.
func SimulationGitHub(w io.Writer, s simulation.Hops) error {
	kinds := map[string][]string{}
	verdict := "notice"
	if s.Verdict == simulation.Endangered || s.Verdict == simulation.Undecided {
		verdict = "error"
	}
	headline := spoken(s.Verdict) + ": " + cmp.Or(s.Summary, meaning(simulation.Simulation{Verdict: s.Verdict, Added: s.Hops[0].Added, Waiting: waitingOf(s)}))
	kinds[verdict] = []string{fmt.Sprintf("::%s title=%s::%s", verdict, property("gke-preflight simulate"), data(headline))}
	for _, t := range s.Troubles() {
		kind := "error"
		if t.Perhaps() {
			kind = "warning"
		}
		for _, c := range marked(t) {
			at := ""
			if inRepository(c) {
				at = fmt.Sprintf("file=%s,line=%d,", property(path.Clean(c.File)), max(c.Line, 1))
			}
			kinds[kind] = append(kinds[kind], fmt.Sprintf("::%s %stitle=%s::%s", kind, at, property(called(c)), data(detail(t))))
		}
	}
	for _, kind := range []string{"error", "warning", "notice"} {
		for _, line := range shownAnnotations(kind, kinds[kind]) {
			if _, err := fmt.Fprintln(w, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// marked are the culprits that stand in files of the repository, each of which is told
// of where it stands; where none does, the first alone, and the zero value where none is
// known.
func marked(t simulation.Trouble) []simulation.Culprit {
	var all []simulation.Culprit
	for _, c := range t.Culprits {
		if inRepository(c) {
			all = append(all, c)
		}
	}
	switch {
	case all != nil:
		return all
	case len(t.Culprits) > 0:
		return t.Culprits[:1]
	}
	return make([]simulation.Culprit, 1)
}

func inRepository(c simulation.Culprit) bool { return c.File != "" && c.File != "-" }

func called(c simulation.Culprit) string {
	if c.Name == "" {
		return "gke-preflight simulate"
	}
	return c.Kind + " " + c.Name
}

// detail says what is stopped, a line each, and the chart's template where Helm says
// which it was.
func detail(t simulation.Trouble) string {
	lines := []string{t.Says()}
	if also := t.Also(); also != nil {
		lines = append(lines, "Also: "+strings.Join(also, ", "))
	}
	for _, a := range onTheMap(t) {
		lines = append(lines, addonWords(a)+" ("+a.Docs+")")
	}
	for _, c := range t.Culprits {
		if c.Template != "" {
			lines = append(lines, fmt.Sprintf("%s stands in %s", c.Name, c.Template))
		}
	}
	return strings.Join(lines, "\n")
}

// simulationRules are the rules of SARIF: what a webhook or policy does, by certainty.
var simulationRules = []sarifRule{
	{ID: "endangers-upgrade", Name: "endangers-upgrade", ShortDescription: sarifText{"while it does not answer, or because it denies, an upgrade of the control plane or of nodes fails"}, HelpURI: manualURL + "lifelines.md", Default: sarifSeverity{"error"}},
	{ID: "may-endanger-upgrade", Name: "may-endanger-upgrade", ShortDescription: sarifText{"whether it makes an upgrade fail can't be told from manifests"}, HelpURI: manualURL + "lifelines.md", Default: sarifSeverity{"warning"}},
}

// SimulationSARIF writes a SARIF 2.1.0 log with a result for each webhook or policy that
// endangers an upgrade, at its line of the manifest. What comes from standard input is
// at the chart's template where Helm says which, and what comes from a cluster at a path
// that stands for the object. tool is the program's version.
func SimulationSARIF(w io.Writer, s simulation.Hops, tool string) error {
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "gke-preflight", Version: tool, InformationURI: "https://github.com/gke-preflight/gke-preflight", Rules: simulationRules}},
		Invocations: []sarifInvocation{{Successful: true}},
		Results:     []sarifResult{},
		Properties:  map[string]string{"verdict": string(s.Verdict)},
	}
	for _, hop := range s.Hops {
		if hop.Problem != "" {
			run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNotification{Level: "error", Message: sarifText{hop.Hop() + ": " + hop.Problem}})
		}
	}
	for _, n := range notesOf(s) {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNotification{Level: "note", Message: sarifText{n}})
	}
	for _, t := range s.Troubles() {
		rule := 0
		if t.Perhaps() {
			rule = 1
		}
		r := simulationRules[rule]
		for _, c := range marked(t) {
			run.Results = append(run.Results, sarifResult{
				RuleID: r.ID, RuleIndex: rule, Level: r.Default.Level, Message: sarifText{detail(t)},
				Locations:    []sarifLocation{locationOf(c)},
				Fingerprints: map[string]string{"gkePreflightSimulation/v1": strings.Join(append([]string{r.ID, identity(c)}, identities(t)...), " ")},
			})
		}
	}
	return indented(w, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// identities tell the culprits apart from all others.
func identities(t simulation.Trouble) (all []string) {
	for _, c := range t.Culprits {
		all = append(all, identity(c))
	}
	return all
}

func identity(c simulation.Culprit) string { return c.Kind + "/" + c.Name + "/" + c.Webhook }

func locationOf(c simulation.Culprit) sarifLocation {
	at := sarifLocation{sarifPhysical{sarifArtifact{"clusters/cluster"}, sarifRegion{1}}, []sarifLogical{{called(c), "resource"}}}
	if c.Name == "" {
		return at
	}
	switch {
	case inRepository(c):
		at.Physical = sarifPhysical{sarifArtifact{uri(path.Clean(c.File))}, sarifRegion{max(c.Line, 1)}}
	case c.Template != "":
		at.Physical.Artifact.URI = uri(c.Template)
	default:
		at.Physical.Artifact.URI = uri("clusters/cluster/" + c.Kind + "/" + strings.ReplaceAll(c.Name, "/", "-") + ".yaml")
	}
	return at
}

func uri(path string) string { return (&url.URL{Path: path}).EscapedPath() }
