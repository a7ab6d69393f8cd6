package bootstrap

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func TestHopOf(t *testing.T) {
	for _, c := range []struct {
		running, emulated, target string
		want                      Step
		over                      []string
	}{
		{"v1.35.4", "", "1.35", Patch, nil},
		{"v1.35.4", "", "1.35.4", Patch, nil},
		{"v1.35.4-gke.100", "", "1.35.4-gke.2", PatchBack, nil},
		{"v1.35.4-gke.100", "", "1.35.4", Patch, nil},
		{"v1.35.4", "", "1.35.3-gke.9000", PatchBack, nil},
		{"v1.35.4", "", "1.35.10", Patch, nil},
		{"v1.35.4", "", "1.36.3", NextMinor, nil},
		{"v1.28.1", "", "1.30", Skip, []string{"1.29"}},
		{"v1.31.0", "", "1.34.4-gke.1", Skip, []string{"1.32", "1.33"}},
		{"v1.35.4", "", "1.34.99", Back, nil},
		{"v1.36.3", "1.35", "1.36.3", Complete, nil},
		{"v1.36.3", "1.35", "1.36.0", Complete, nil},
		{"v1.36.3", "1.35", "1.35.4", RollBack, nil},
		{"v1.36.3", "1.35", "1.34", Back, nil},
		{"v1.36.3", "1.34", "1.35", Back, nil},
		{"v1.36.3", "1.35", "1.37", Skip, []string{"1.36"}},
		{"v1.36.3", "", "2.0", Skip, nil},
		{"v2.0.0", "", "1.36", Back, nil},
	} {
		t.Run(c.running+" "+c.emulated+" to "+c.target, func(t *testing.T) {
			hop, problem := HopOf(facts.New(facts.Meta{Target: c.target},
				facts.Present(facts.ServerVersion, facts.Version{GitVersion: c.running, Emulated: c.emulated})))
			if problem != "" || hop.Step != c.want || !slices.Equal(hop.Over(), c.over) {
				t.Errorf("%s over %v, %q; want %s over %v", hop.Step, hop.Over(), problem, c.want, c.over)
			}
		})
	}
}

func TestProblem(t *testing.T) {
	known := strings.Join(Minors(), ", ")
	for name, c := range map[string]struct {
		target string
		change facts.Observation
		want   string
	}{
		"no target": {"", facts.Present(facts.Nodes, nil), "no target version is known: name one with --target-version"},
		"a word":    {"latest", facts.Present(facts.Nodes, nil), `target version: "latest" is not a version such as 1.36, 1.36.3 or 1.36.3-gke.100`},
		"too old": {"1.29.3", facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.28.0"}),
			"what 1.29 writes at start-up is not known: the catalogue holds " + known},
		"back": {"1.35.9", facts.Present(facts.Nodes, nil), "target 1.35.9 is below the running version 1.36.3: a control plane does not go back to an older minor"},
		"version unknown": {"1.36", facts.Absent(facts.ServerVersion, facts.Timeout, "30s"),
			"could not read server-version (timeout: 30s): whether 1.36 is an upgrade is not known"},
		"version no version": {"1.36", facts.Present(facts.ServerVersion, facts.Version{GitVersion: "unknown"}),
			`running version: "unknown" is not a version such as 1.36, 1.36.3 or 1.36.3-gke.100`},
		"emulated no version": {"1.36", facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.36.3", Emulated: "new"}),
			`emulated version: "new" is not a version such as 1.36, 1.36.3 or 1.36.3-gke.100`},
	} {
		t.Run(name, func(t *testing.T) {
			p := Of(cluster(t, "1.36", c.target, c.change))
			if p.Problem != c.want || p.Writes != nil {
				t.Errorf("problem %q with %d writes, want %q with none", p.Problem, len(p.Writes), c.want)
			}
		})
	}
}

// TestRunningMinorMayBeUnknown: a minor that the catalogue lacks can be upgraded
// from, since the plan comes from the target and the live objects.
func TestRunningMinorMayBeUnknown(t *testing.T) {
	want := describeAll(Of(cluster(t, "1.35", "1.36")))
	for _, running := range []facts.Version{{GitVersion: "v1.20.7"}, {GitVersion: "v1.36.0", Emulated: "1.35"}} {
		p := Of(cluster(t, "1.35", "1.36", facts.Present(facts.ServerVersion, running)))
		if p.Problem != "" || !slices.Equal(describeAll(p), want) {
			t.Errorf("from %+v: %q, %v", running, p.Problem, describeAll(p))
		}
	}
}

// TestLaterPatch: what a patch after the one on record changed is not known, and
// the plan says so where nothing else would have a webhook asked about it.
func TestLaterPatch(t *testing.T) {
	const want = "rbac/bootstrap-roles: UPDATE clusterroles.rbac.authorization.k8s.io system:controller:node-controller, if %s has another default ClusterRole than 1.36.3, which is on record"
	for _, c := range []struct {
		running facts.Version
		target  string
		planned bool
	}{
		{facts.Version{GitVersion: "v1.36.3"}, "1.36.9-gke.100", true},
		{facts.Version{GitVersion: "v1.36.8"}, "1.36.9", true},
		{facts.Version{GitVersion: "v1.36.9"}, "1.36.9", false},
		{facts.Version{GitVersion: "v1.36.9"}, "1.36.8", false},
		{facts.Version{GitVersion: "v1.36.1"}, "1.36.3", false},
		{facts.Version{GitVersion: "v1.36.1"}, "1.36", false},
		{facts.Version{GitVersion: "v1.36.9", Emulated: "1.35"}, "1.36.9", true},
		{facts.Version{GitVersion: "v1.37.9", Emulated: "1.36"}, "1.36.9", true},
	} {
		p := Of(cluster(t, "1.36", c.target, facts.Present(facts.ServerVersion, c.running)))
		if got := slices.Contains(describeAll(p), fmt.Sprintf(want, c.target)); got != c.planned {
			t.Errorf("%+v to %s: planned is %t\n%s", c.running, c.target, got, strings.Join(describeAll(p), "\n"))
		}
	}
	for _, w := range Of(cluster(t, "1.35", "1.36.9")).Writes {
		if w.Name == exemplar {
			t.Errorf("%s is planned though other ClusterRoles are updated for certain", w.Key())
		}
	}
}

// TestBetweenPatches: what only one of the two patches on record writes that a
// target lies between has its condition, and what both write has none.
func TestBetweenPatches(t *testing.T) {
	written := func(target string) (certain, conditional []string) {
		for _, w := range Of(cluster(t, "1.31", target)).Writes {
			switch {
			case strings.HasPrefix(w.Condition, "if "+target+" writes what "):
				conditional = append(conditional, w.Key())
			case w.Condition == "":
				certain = append(certain, w.Key())
			}
		}
		slices.Sort(certain)
		slices.Sort(conditional)
		return certain, conditional
	}
	before, none := written("1.32.2")
	after, none2 := written("1.32.13")
	if none != nil || none2 != nil {
		t.Errorf("a patch on record is certain: %v %v", none, none2)
	}
	const changed = "UPDATE clusterroles.rbac.authorization.k8s.io " + exemplar
	if slices.Contains(before, changed) || !slices.Contains(after, changed) {
		t.Fatalf("1.32.2 writes %v\n1.32.13 writes %v", before, after)
	}
	certain, conditional := written("1.32.9")
	var both, one []string
	for _, w := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(before, after)))) {
		if slices.Contains(before, w) && slices.Contains(after, w) {
			both = append(both, w)
		} else {
			one = append(one, w)
		}
	}
	if !slices.Equal(certain, both) || !slices.Equal(conditional, one) {
		t.Errorf("1.32.9 writes for certain\n%v\nwant\n%v\nand perhaps\n%v\nwant\n%v", certain, both, conditional, one)
	}
}
