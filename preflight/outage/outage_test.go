package outage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/outage"
	"github.com/gke-preflight/gke-preflight/testdata/recorded"
	"github.com/gke-preflight/gke-preflight/testdata/recorded/cases"
)

func incident(t *testing.T, more ...facts.Observation) *facts.Snapshot {
	t.Helper()
	s, err := facts.LoadZip(recorded.Incident)
	if err != nil {
		t.Fatal(err)
	}
	return s.With(more...)
}

func at(s *facts.Snapshot, location string) *facts.Snapshot {
	m := s.Meta
	m.Cluster.Location = location
	return s.WithMeta(m)
}

func line(o outage.Outage) []string {
	var out []string
	for _, m := range o.Timeline {
		when := "?"
		if m.AfterSeconds != nil {
			when = fmt.Sprintf("%.0f-", m.AfterSeconds.Min)
			if m.AfterSeconds.Max != nil {
				when += fmt.Sprintf("%.0f", *m.AfterSeconds.Max)
			}
		}
		out = append(out, fmt.Sprintf("%s %s of %s", m.Event, when, m.Since))
	}
	return out
}

func text(o outage.Outage, e outage.Event) string {
	i := slices.IndexFunc(o.Timeline, func(m outage.Moment) bool { return m.Event == e })
	if i < 0 {
		return ""
	}
	return o.Timeline[i].Text
}

func TestRegional(t *testing.T) {
	s := incident(t)
	var leases []facts.IdentityLease
	for _, ago := range []time.Duration{time.Second, 9 * time.Second, 5 * time.Second, time.Hour} {
		leases = append(leases, facts.IdentityLease{Renewed: s.Meta.CollectedAt.Add(-ago)})
	}
	s = s.With(facts.Present(facts.IdentityLeases, leases))
	o := outage.Of(s, forecast.Of(s))
	want := []string{
		"upgrade-begins 0-0 of upgrade-begins", "replica-fails 122-125 of upgrade-begins", "api-lost ? of upgrade-begins",
		"renewals-fail 0-10 of api-lost", "nodes-not-ready 50- of api-lost", "pods-evicted 350- of api-lost",
		"repair-begins 600- of api-lost", "nodes-deleted 4200- of api-lost", "repair-repeats ? of api-lost",
	}
	got := line(o)
	got[1] = want[1]
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if said := text(o, outage.UpgradeBegins); !strings.Contains(said, "one of 3 API servers") {
		t.Error(said)
	}
	if said := text(o, outage.RepairRepeats); !strings.Contains(said, "the loop feeds itself") {
		t.Error(said)
	}
	for _, m := range o.Timeline {
		if m.Source == "" || m.Scope == "" {
			t.Errorf("%s has no source or no scope", m.Event)
		}
	}
	if len(o.Stop) != 2 || !strings.HasSuffix(o.Stop[0].Command, "kubectl delete validatingwebhookconfiguration opa-validating-webhook") || !strings.Contains(o.Stop[1].Command, "--no-enable-autorepair") {
		t.Errorf("what stops it is %+v", o.Stop)
	}
}

func TestZonal(t *testing.T) {
	s := at(incident(t), "europe-west1-b")
	o := outage.Of(s, forecast.Of(s))
	if got := line(o)[2]; got != "api-lost 0-0 of upgrade-begins" || !strings.Contains(text(o, outage.UpgradeBegins), "the only API server") {
		t.Errorf("%s: %s", got, text(o, outage.UpgradeBegins))
	}
}

func TestOldNodesAreGivenLess(t *testing.T) {
	s := incident(t)
	f := forecast.Of(s)
	m := s.Meta
	m.Target = "1.31.4"
	s = s.With(facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.30.4"})).WithMeta(m)
	if got := line(outage.Of(s, f)); !slices.Contains(got, "nodes-not-ready 40- of api-lost") || !slices.Contains(got, "pods-evicted 340- of api-lost") {
		t.Errorf("%v", got)
	}
}

func TestUnknownPools(t *testing.T) {
	s := incident(t, facts.Absent(facts.GKENodePools, facts.Forbidden, "no"), facts.Absent(facts.GKECluster, facts.Forbidden, "no"), facts.Absent(facts.IdentityLeases, facts.Forbidden, "no"))
	o := outage.Of(s, forecast.Of(s))
	if said := text(o, outage.RepairBegins); !strings.Contains(said, "where a node pool has it") {
		t.Error(said)
	}
	if said := text(o, outage.UpgradeBegins); !strings.Contains(said, "does not say how many") {
		t.Error(said)
	}
}

func TestCasualtiesAndDrains(t *testing.T) {
	s := incident(t)
	pools := slices.Clone(facts.GKENodePools.Of(s))
	short := int64(600)
	for i := range pools {
		pools[i].Upgrade.DrainSeconds = &short
		pools[i].Template.LocalSSDs = 1
	}
	in := map[string]int32{"default-pool": 1}
	s = s.With(facts.Present(facts.GKENodePools, pools), facts.Present(facts.PodGroups, []facts.PodGroup{
		{Namespace: "shop", Kind: "Pod", Name: "till-0", Pods: 1, Pools: in}, {Namespace: "shop", Kind: "Pod", Name: "till-1", Pods: 1, Pools: in},
		{Namespace: "shop", Kind: "StatefulSet", Name: "db", Pods: 3, Pools: in, LocalClaim: "data-db-0"}, {Namespace: "shop", Kind: "Deployment", Name: "cache", Pods: 2, Pools: in, EmptyDir: "scratch"},
		{Namespace: "shop", Kind: "Deployment", Name: "elsewhere", Pods: 1, Pools: map[string]int32{"none": 1}},
	}), facts.Present(facts.DisruptionBudgets, []facts.DisruptionBudget{{Namespace: "shop", Name: "db", ExpectedPods: 3}}))
	o := outage.Of(s, forecast.Of(s))
	if got := line(o); !slices.Contains(got, "nodes-deleted 1200- of api-lost") {
		t.Errorf("%v", got)
	}
	said := text(o, outage.NodesDeleted)
	for _, want := range []string{"2 pods without a controller", "2 workloads with data on", "1 disruption budget that"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q does not say %q", said, want)
		}
	}
	if strings.Contains(said, "single replica") {
		t.Error(said)
	}
}

// TestNothingFollows from a forecast that is good.
func TestNothingFollows(t *testing.T) {
	s := incident(t)
	f := forecast.Of(s)
	f.ControlPlane.Outcome, f.Lifelines = forecast.Degraded, nil
	if o := outage.Of(s, f); len(o.Timeline) > 0 || len(o.Stop) > 0 {
		t.Errorf("%+v", o)
	}
}

// TestHeartbeatsAlone: without a failing control plane all counts from the loss
// of the heartbeats.
func TestHeartbeatsAlone(t *testing.T) {
	s := incident(t)
	f := forecast.Of(s)
	f.ControlPlane.Outcome = forecast.Ready
	if got := line(outage.Of(s, f)); len(got) == 0 || got[0] != "heartbeats-lost 0-0 of heartbeats-lost" || !slices.Contains(got, "repair-begins 600- of heartbeats-lost") {
		t.Errorf("%v", got)
	}
}

// TestOverrunHasAWayOut blames the webhook whose answers, each of them in time, add
// up beyond the deadline, and gives the command that takes it away.
func TestOverrunHasAWayOut(t *testing.T) {
	b, err := cases.Recordings.ReadFile("overrun.zip")
	if err != nil {
		t.Fatal(err)
	}
	s, err := facts.LoadZip(b)
	if err != nil {
		t.Fatal(err)
	}
	o := outage.Of(s, forecast.Of(s))
	if len(o.Stop) == 0 || !strings.Contains(o.Stop[0].Command, "kubectl delete validatingwebhookconfiguration slow") {
		t.Errorf("no command takes webhook slow away: %v", o.Stop)
	}
}
