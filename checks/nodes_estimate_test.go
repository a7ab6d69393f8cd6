package checks

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// How long a pool takes counts drains up to their limit where evictions of its Pods are
// rejected, says so where that is open, and stays as it is for a pool without such Pods and
// where they are denied to the autoscaler alone.
func TestEstimateWithRejectedEvictions(t *testing.T) {
	case129 := func(name string) *facts.Snapshot {
		return load(t, filepath.Join("..", "testdata", "checks", "GP129", name+".txtar")).s
	}
	// opa is on default-pool, which has two nodes, and cart on batch as well, which has one.
	const two, one = "4 minutes to 2 hours", "2 minutes to 62 minutes"
	denied := case129("evictions-of-upgrade-denied")
	moved := slices.Clone(facts.PodGroups.Of(denied))
	for i, g := range moved {
		if g.Namespace == "shop" {
			moved[i].Pools = map[string]int32{"default-pool": g.Pods}
		}
	}
	unseen := slices.Clone(facts.PodGroups.Of(denied))
	for i := range unseen {
		unseen[i].Pools = nil
	}
	for name, c := range map[string]struct {
		s            *facts.Snapshot
		inTwo, inOne string
	}{
		"denied to the upgrade":       {denied, "up to 2 hours, as drains", "up to 62 minutes, as drains"},
		"and of pods on one pool":     {denied.With(facts.Present(facts.PodGroups, moved)), "up to 2 hours, as drains", one},
		"and nobody saw on which":     {denied.With(facts.Present(facts.PodGroups, unseen)), "up to 2 hours, as drains", "up to 62 minutes, as drains"},
		"hung":                        {case129("evictions-hang"), "up to 2 hours, as drains", "up to 62 minutes, as drains"},
		"denied to the autoscaler":    {case129("evictions-of-autoscaler-denied"), two, one},
		"open":                        {case129("evictions-denied"), two + ", the longer where", one + ", the longer where"},
		"policies could not be read":  {denied.With(facts.Absent(facts.ValidatingPolicies, facts.Forbidden, "")), two + ", the longer where", one + ", the longer where"},
		"allowed":                     {case129("allowed"), two, one},
		"settings that give no room":  {surging(denied, facts.UpgradeSettings{Strategy: "SURGE"}), "not known: it may neither add", "not known: it may neither add"},
		"settings that were not seen": {surging(case129("allowed"), facts.UpgradeSettings{}), two, one},
	} {
		t.Run(name, func(t *testing.T) {
			took := map[string]string{}
			for _, p := range reportOn(c.s, nodesAlone).Steps[1].Pools {
				took[p.Name] = p.Takes.Range()
			}
			for pool, want := range map[string]string{"default-pool": c.inTwo, "batch": c.inOne} {
				if got, open := took[pool], strings.Contains(want, ", "); !strings.HasPrefix(got, want) || !open && got != want && !strings.HasPrefix(want, "not known") {
					t.Errorf("%s takes %q, want %q", pool, got, want)
				}
			}
		})
	}
}

// A default run names what could hide a blocker to nodes, with how many others, as the
// report of nodes alone lists them.
func TestOpenOfNodesIsNamed(t *testing.T) {
	s := allClear(t)
	for name, c := range map[string]struct {
		s    *facts.Snapshot
		want string
	}{
		"a line":  {load(t, filepath.Join("..", "testdata", "checks", "GP129", "not-asked.txtar")).s, "(GP129, Lifeline "},
		"a fact":  {s.With(facts.Absent(facts.Nodes, facts.Forbidden, "nodes"), facts.Present(facts.ValidatingWebhooks, nil)), ", for want of nodes"},
		"nothing": {s, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, ofNodes := reportOn(c.s, nil), reportOn(c.s, nodesAlone)
			var out bytes.Buffer
			if err := render.Table(&out, r, render.Options{}); err != nil {
				t.Fatal(err)
			}
			said := strings.Join(strings.Fields(out.String()), " ")
			if hint := "check --steps nodes lists all"; c.want != "" && !(strings.Contains(said, c.want) && strings.Contains(said, hint)) || c.want == "" && strings.Contains(said, hint) {
				t.Errorf("%s: want %q", said, c.want)
			}
			for _, o := range r.Steps[1].LeftOpen {
				if !slices.ContainsFunc(ofNodes.Open, func(q preflight.OpenQuestion) bool { return q.Check == o.Check && q.Subject == o.Subject }) && o.Subject != (preflight.Subject{}) {
					t.Errorf("the report of nodes does not list %v", o)
				}
			}
		})
	}
}
