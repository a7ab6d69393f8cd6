package main

import (
	"cmp"
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A pair is an upgrade, of a cluster that touch changed before; without minors it
// is to the newest from the one before it.
type pair struct {
	name, from, to string
	// touch may return what to do when the first API server has stopped.
	touch func(*testing.T, *rig.Cluster) (release func())
	// flags are the new API server's own.
	flags func(*rig.Cluster) []string
	// check looks at single writes; nil for none.
	check func(t *testing.T, planned map[string]bootstrap.Write, made map[string]auditv1.Event)
	// want are writes that must be among the planned ones and the made ones.
	want []string
}

// TestPlanComesTrue upgrades each tested minor to the next, with Services there,
// and clusters in which something was changed: the writes that were planned are those that the
// audit log of the new API server shows.
func TestPlanComesTrue(t *testing.T) {
	tested, err := binaries.Tested()
	if err != nil {
		t.Fatal(err)
	}
	from, newest := tested[len(tested)-2], tested[len(tested)-1]
	pairs := append([]pair{{name: "same minor", from: newest, to: newest}}, touched...)
	for i, to := range tested[1:] {
		pairs = append(pairs, pair{name: "Services", from: tested[i], to: to, touch: services, want: hops[to]})
	}
	for _, c := range pairs {
		c.from, c.to = cmp.Or(c.from, from), cmp.Or(c.to, newest)
		t.Run(c.from+" to "+c.to+" "+c.name, func(t *testing.T) {
			if !slices.Contains(tested, c.from) || !slices.Contains(tested, c.to) {
				t.Skipf("needs older minors: set %s=all, as make test-matrix does", binaries.MinorsEnv)
			}
			t.Parallel()
			c.comesTrue(t)
		})
	}
}

func (c pair) comesTrue(t *testing.T) {
	cluster := rig.Start(t, controlplane.Options{Minor: c.from})
	joined(t, cluster)
	var release func()
	if c.touch != nil {
		release = c.touch(t, cluster)
	}
	s := facts.New(facts.Meta{Target: c.to, CollectedAt: time.Now()}, kube.Collect(t.Context(), cluster.Config, kube.Options{})...)
	plan := bootstrap.Of(s)
	if plan.Problem != "" || plan.Unknown != nil {
		t.Fatalf("problem %q, unknown %v", plan.Problem, plan.Unknown)
	}
	cluster.First.Stop()
	if release != nil {
		release()
	}
	o := controlplane.UpgradeOptions{Settle: settled}
	if c.flags != nil {
		o.Flags = c.flags(cluster)
	}
	outcome, err := cluster.Upgrade(t.Context(), c.to, o)
	if err != nil || outcome.State != controlplane.Ready {
		t.Fatalf("%s: %v", outcome, err)
	}
	compare(t, plan, outcome.Writes)
	planned, made := plannedWrites(plan), successful(outcome.Writes)
	if c.check != nil {
		c.check(t, planned, made)
	}
	for _, w := range c.want {
		if _, ok := planned[w]; !ok {
			t.Errorf("not planned: %s", w)
		}
		if _, ok := made[w]; !ok {
			t.Errorf("not made: %s", w)
		}
	}
}

// joined waits until the first API server has written its address, which it does
// when it is ready and as the last of all.
func joined(t *testing.T, c *rig.Cluster) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		_, err := c.Client.DiscoveryV1().EndpointSlices(metav1.NamespaceDefault).Get(ctx, "kubernetes", metav1.GetOptions{})
		return err == nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// compare holds the plan against what was written. The same writes must be in
// both, with the same objects where the object can be known. A planned write
// with a condition may be missing. The identity lease goes by the catalogue's
// name in both.
func compare(t *testing.T, plan bootstrap.Plan, events []auditv1.Event) {
	t.Helper()
	planned, written := plannedWrites(plan), successful(events)
	for _, key := range slices.Sorted(maps.Keys(planned)) {
		if _, ok := written[key]; !ok && planned[key].Condition == "" {
			t.Errorf("planned and not written: %s", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(written)) {
		w, ok := planned[key]
		if !ok {
			t.Errorf("written and not planned: %s", key)
			continue
		}
		if w.Object == nil || w.EveryStart || w.Condition != "" || w.Sketch {
			continue
		}
		got, err := write(written[key])
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		want, err := steady(w.Object.DeepCopy().Object)
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		if d := gocmp.Diff(want, got.Object.Object); d != "" {
			t.Errorf("%s (- planned, + written):\n%s", key, d)
		}
	}
}

func plannedWrites(plan bootstrap.Plan) map[string]bootstrap.Write {
	all := map[string]bootstrap.Write{}
	for _, w := range slices.Concat(plan.Writes, plan.BestEffort) {
		all[w.Key()] = w
	}
	return all
}

// moment ends the name of an Event.
var moment = regexp.MustCompile(`\.[0-9a-f]{16}$`)

// successful are the writes that were made, by the key that the plan gives
// them, the last of each.
func successful(events []auditv1.Event) map[string]auditv1.Event {
	all := map[string]auditv1.Event{}
	for _, e := range events {
		if e.ResponseStatus == nil || e.ResponseStatus.Code >= 300 {
			continue
		}
		ref := *e.ObjectRef
		if ref.Resource == "events" {
			ref.Name = moment.ReplaceAllString(ref.Name, "."+catalogue.Moment)
		}
		w := bootstrap.Write{
			Operation: bootstrap.Operation(strings.ToUpper(e.Verb)), Subresource: ref.Subresource,
			Resource:  schema.GroupVersionResource{Group: ref.APIGroup, Resource: ref.Resource},
			Namespace: ref.Namespace, Name: steadyString(ref.Name),
		}
		switch {
		case ref.Resource == "events":
			// An Event that is told again is counted up; it was made as planned.
			w.Operation = bootstrap.Create
		case e.Verb == "patch":
			w.Operation = bootstrap.Update
		}
		all[w.Key()] = e
	}
	return all
}
