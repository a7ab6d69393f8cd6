package simulation

import (
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/manifest"
)

// every simulates the manifests on every step that is known.
func every(t *testing.T, manifests string) Hops {
	t.Helper()
	minors := bootstrap.Minors()
	m, err := manifest.Read("f.yaml", []byte(strings.TrimPrefix(manifests, "---\n")))
	if err != nil {
		t.Fatal(err)
	}
	var all []Simulation
	for _, step := range Steps(minors[0], minors[len(minors)-1]) {
		o, _ := bootstrap.Untouched(step.From)
		s, added, err := manifest.Apply(facts.New(facts.Meta{Target: step.To}, o...), true, m)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, Of(s, &added))
	}
	return Together(all)
}

// TestSummary holds the last line against what a reviewer has to learn from it: who,
// what, and what follows.
func TestSummary(t *testing.T) {
	nodes := configuration("Validating", "capsule", "timeoutSeconds: 30", `rules: [{apiGroups: [""], apiVersions: [v1], operations: [UPDATE], resources: [nodes]}]`)
	for name, c := range map[string]struct{ manifests, want string }{
		"nodes": {nodes, "(Fail, 30 s) would stop node taints and conditions: nodes that failed are not marked as such"},
		"two that add up": {configuration("Mutating", "a", "failurePolicy: Ignore", "timeoutSeconds: 3", everything("CREATE, UPDATE")) +
			configuration("Validating", "b", "failurePolicy: Ignore", "timeoutSeconds: 3", everything("CREATE, UPDATE")), "(Ignore, 3 s) and "},
		"the start":    {configuration("Validating", "a", everything("'*'")), "would stop rbac/bootstrap-roles: the replica exits, over and over; and "},
		"what is open": {configuration("Mutating", "a", notSystem, asksForIt, pods), "might stop pods of namespace a: "},
		"nothing":      {configuration("Validating", "a", own), ""},
	} {
		sim := on(t, strings.TrimPrefix(c.manifests, "---\n"))
		if !strings.Contains(sim.Summary, c.want) || (c.want == "") != (sim.Summary == "") {
			t.Errorf("%s: %q, want %q", name, sim.Summary, c.want)
		}
		for _, h := range sim.Harms {
			if h.Consequence == "" || !slices.Contains(Parts(), h.Part) || len(h.Culprits) == 0 || h.Culprits[0].File != "f.yaml" || h.Culprits[0].Line == 0 {
				t.Errorf("%s: %+v does not tell all of it", name, h)
			}
		}
	}
}

// TestTogether holds several steps against each of them: the worst decides, and what is
// met on some steps alone says on which.
func TestTogether(t *testing.T) {
	all := every(t, configuration("Validating", "a", `rules: [{apiGroups: [certificates.k8s.io], apiVersions: ["*"], operations: [CREATE], resources: [clustertrustbundles]}]`))
	if all.Verdict != Endangered || !strings.HasPrefix(all.Summary, "1.36 to 1.37: ") {
		t.Errorf("%s, %q, want the trust bundle, which 1.37 writes first", all.Verdict, all.Summary)
	}
	all = every(t, configuration("Validating", "a", everything("'*'")))
	if troubles := all.Troubles(); len(troubles) != 1 || len(troubles[0].Hops) != len(all.Hops) || !strings.HasPrefix(all.Summary, "on every step: ") {
		t.Errorf("%+v, %q, want one culprit on every step", troubles, all.Summary)
	}
	if got := Steps("1.34", "1.36.2"); !slices.Equal(got, []Step{{"1.34", "1.35"}, {"1.35", "1.36.2"}}) {
		t.Errorf("%v", got)
	}
	if got := Steps("1.36", "1.99"); !slices.Equal(got, []Step{{"1.36", "1.37"}, {"1.37", "1.99"}}) {
		t.Errorf("%v: what is known is judged, though nobody knows what comes then", got)
	}
}

// TestAlso holds what is told of several steps together against each of them: nothing is
// left out, and nothing is said of a step on which it is not met.
func TestAlso(t *testing.T) {
	all := every(t, configuration("Validating", "a", everything("'*'")))
	trouble := all.Troubles()[0]
	for _, sim := range all.Hops {
		for _, h := range sim.Harms {
			n := slices.IndexFunc(trouble.Harms, func(o HopHarm) bool { return o.Name == h.Name })
			if n < 0 || !slices.Contains(trouble.Harms[n].Hops, sim.Hop()) {
				t.Errorf("%s of %s is not told of", h.Name, sim.Hop())
			}
		}
	}
	for _, h := range trouble.Harms {
		for _, hop := range h.Hops {
			n := slices.IndexFunc(all.Hops, func(sim Simulation) bool { return sim.Hop() == hop })
			if !contains(all.Hops[n].Harms, h.Harm) {
				t.Errorf("%s is told of %s, where it is not met", h.Name, hop)
			}
		}
	}
	if !slices.Contains(trouble.Also(), "the cluster's trust bundle (1.36 to 1.37)") || !strings.Contains(all.Summary, "not each on all of them") {
		t.Errorf("%q; %q", all.Summary, trouble.Also())
	}
}
