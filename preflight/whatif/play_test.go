package whatif

import (
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

func TestParseEvent(t *testing.T) {
	for text, want := range map[string]Event{
		"pod opa/opa-0 gone":                  {Kind: PodLoss, Name: "opa/opa-0"},
		"node n-1 gone":                       {Kind: NodeLoss, Name: "n-1"},
		"zone europe-west1-b gone":            {Kind: ZoneLoss, Name: "europe-west1-b"},
		"pool default-pool upgraded":          {Kind: PoolUpgrade, Name: "default-pool"},
		"certificate of opa/opa:443 expired":  {Kind: Expiry, Name: "opa/opa:443"},
		"certificate caBundle of a b expired": {Kind: Expiry, Name: "caBundle of a b"},
	} {
		if got, err := ParseEvent(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "pod gone", "pod opa/opa-0", "pool a gone", "everything breaks down"} {
		if e, err := ParseEvent(text); err == nil {
			t.Errorf("%q is %+v", text, e)
		}
	}
}

// What whatif says of events must come of them: the forecast of the cluster in which they
// have happened fails, in a hook of which whatif says so.
func TestPlay(t *testing.T) {
	played := 0
	for name, s := range allCases(t) {
		r := Of(s)
		events, ok := r.Shortest()
		if !ok {
			continue
		}
		played++
		after, steps, err := Play(s, events)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		f := forecast.Of(after)
		if !slices.ContainsFunc(f.ControlPlane.Hooks, func(h forecast.Hook) bool { return h.Outcome.Fails() }) {
			t.Errorf("%s: after %v no hook fails: %s", name, events, f.ControlPlane.Outcome)
		}
		if len(steps) == 0 {
			t.Errorf("%s: no word of how it goes", name)
		}
		if before, _ := facts.Endpoints.Get(s); events[0].Kind == PodLoss {
			now, _ := facts.Endpoints.Get(after)
			if count(now) >= count(before) {
				t.Errorf("%s: a pod is gone, and %d endpoints are as many as before", name, count(now))
			}
		}
	}
	if played == 0 {
		t.Error("nothing was played")
	}
}

// allCases are the snapshots of testdata, by name.
func allCases(t *testing.T) map[string]*facts.Snapshot {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*facts.Snapshot{}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[file] = snapshot(t, a)
	}
	return all
}

func count(all []facts.ServiceEndpoints) (n int) {
	for _, e := range all {
		n += len(e.Endpoints)
	}
	return n
}
