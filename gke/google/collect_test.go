package google_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gke-preflight/gke-preflight/gke/google"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/target"
)

var ofGKE = []facts.Fact{facts.GKECluster, facts.GKESettings, facts.GKENetwork, facts.GKENodePools, facts.GKEServerConfig, facts.GKEOperations, facts.GKEUpgradeInfo, facts.GKENodePoolUpgradeInfo}

func collect(t *testing.T, a *google.API) *facts.Snapshot {
	t.Helper()
	var reported []string
	observations := a.Collect(t.Context(), func(o facts.Observation) { reported = append(reported, o.Fact.ID()) })
	var got, want []string
	for i, f := range append(slices.Clone(ofGKE), facts.GKEInsights, facts.GKEFirewall, facts.GKEQuotas, facts.GKELatency) {
		got, want = append(got, observations[i].Fact.ID()), append(want, f.ID())
	}
	slices.Sort(reported)
	if !slices.Equal(got, want) || !slices.Equal(reported, slices.Sorted(slices.Values(want))) {
		t.Errorf("collected %v, reported %v, want %v", got, reported, want)
	}
	return facts.New(facts.Meta{}, observations...)
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}

const unhealthy = `All cluster resources were brought up, but: component "KubeApiserverReady" from endpoint "readyz of kube apiserver is not successful" is unhealthy.`

func TestFailedUpgrade(t *testing.T) {
	s := collect(t, open(t, google.Options{Endpoint: serve(t, "failed-upgrade").URL}, prod))
	c := facts.GKECluster.Of(s)
	want := facts.ClusterConfig{
		Name: "prod", Location: "europe-west1", Locations: []string{"europe-west1-b", "europe-west1-c", "europe-west1-d"},
		Endpoint: "203.0.113.17", PrivateEndpoint: "10.164.0.2", DNSEndpoint: c.DNSEndpoint, Status: "DEGRADED", Version: "1.35.4-gke.1104000", Channel: "REGULAR",
		Conditions: []facts.StatusCondition{{Code: "INTERNAL", Message: unhealthy}},
		Maintenance: facts.MaintenanceWindow{
			Start: time.Date(2025, 9, 6, 1, 0, 0, 0, time.UTC), End: time.Date(2025, 9, 6, 7, 0, 0, 0, time.UTC), Recurrence: "FREQ=WEEKLY;BYDAY=SA,SU",
		},
	}
	if diff := cmp.Diff(want, c); diff != "" || c.DNSEndpoint == "" {
		t.Error(diff)
	}
	pools := facts.GKENodePools.Of(s)
	if len(pools) != 2 || pools[0].Name != "batch" || pools[0].AutoRepair || !pools[1].AutoRepair || pools[1].Status != "RUNNING_WITH_ERROR" || pools[1].Conditions[0].Code != "GCE_STOCKOUT" {
		t.Errorf("the node pools are %+v", pools)
	}
	operations := facts.GKEOperations.Of(s)
	for _, o := range operations {
		if strings.Contains(o.Name, "aa01bb02") {
			t.Errorf("%+v is another cluster's", o)
		}
	}
	if !slices.IsSortedFunc(operations, func(a, b facts.Operation) int { return b.Start.Compare(a.Start) }) {
		t.Error("the operations are not the newest first")
	}
	i := slices.IndexFunc(operations, func(o facts.Operation) bool { return o.Type == "UPGRADE_MASTER" })
	wantOperation := facts.Operation{Name: operations[i].Name, Type: "UPGRADE_MASTER", Status: "DONE", Error: unhealthy,
		Start: at("2026-11-21T01:10:44.3Z"), End: at("2026-11-21T02:14:06.871Z")}
	if diff := cmp.Diff(wantOperation, operations[i]); diff != "" {
		t.Error(diff)
	}
	if o := operations[1]; o.Type != "AUTO_REPAIR_NODES" || o.Target != "nodePools/default-pool/node/gke-prod-default-pool-4f1c2a7d-x9k2" || o.Error != "" {
		t.Errorf("got %+v", o)
	}
	if o := operations[len(operations)-1]; o.Error != "" {
		t.Errorf("%+v did not fail", o)
	}
	history := facts.GKEUpgradeInfo.Of(s).History
	wantUpgrade := facts.Upgrade{State: "FAILED", From: "1.35.4-gke.1104000", To: "1.36.2-gke.1740000", Start: at("2026-11-21T01:10:44.3Z"), End: at("2026-11-21T02:14:06.871Z"), StartType: "AUTOMATIC"}
	if diff := cmp.Diff(wantUpgrade, history[0]); diff != "" {
		t.Error(diff)
	}
}

func TestMidUpgrade(t *testing.T) {
	s := collect(t, open(t, google.Options{Endpoint: serve(t, "mid-upgrade").URL}, prod))
	if c := facts.GKECluster.Of(s); c.Status != "RECONCILING" || c.EmulatedVersion != "1.35" {
		t.Errorf("the cluster is %+v", c)
	}
	hour := int64(3600)
	settings := []facts.UpgradeSettings{{Strategy: "SURGE", MaxSurge: 1}, {Strategy: "BLUE_GREEN", BatchShare: 0.33, BatchSoakSeconds: new(int64), PoolSoakSeconds: &hour}}
	for i, p := range facts.GKENodePools.Of(s) {
		if diff := cmp.Diff(settings[i], p.Upgrade); diff != "" {
			t.Errorf("%s: %s", p.Name, diff)
		}
	}
	if p := facts.GKENodePools.Of(s); p[1].BlueGreenPhase != "DRAINING_BLUE_POOL" || p[0].BlueGreenPhase != "" {
		t.Errorf("the node pools are %+v", p)
	}
	if o := facts.GKEOperations.Of(s)[1]; o.Type != "UPGRADE_MASTER" || o.Status != "RUNNING" || !o.End.IsZero() {
		t.Errorf("got %+v", o)
	}
	if u := facts.GKEUpgradeInfo.Of(s); u.History[0].State != "RUNNING" || !slices.Equal(u.PausedReasons, []string{"MAINTENANCE_WINDOW"}) || u.EndOfStandard == "" {
		t.Errorf("got %+v", u)
	}
	if u := facts.GKENodePoolUpgradeInfo.Of(s); len(u) != 2 || u["default-pool"].History[0].State != "RUNNING" || u["batch"].History[0].State != "SUCCEEDED" {
		t.Errorf("got %+v", u)
	}
	if got, origin, err := target.Resolve("", s); got != "1.36.2-gke.1740000" || err != nil {
		t.Errorf("got %s from %s, %v", got, origin, err)
	}
}

func TestAutopilot(t *testing.T) {
	c := open(t, google.Options{Endpoint: serve(t, "autopilot").URL}, facts.Cluster{Project: "acme-prod", Location: "us-central1", Name: "shop"})
	s := collect(t, c)
	if c := facts.GKECluster.Of(s); !c.Autopilot || c.Channel != "STABLE" {
		t.Errorf("the cluster is %+v", c)
	}
	if o := facts.GKEOperations.Of(s)[0]; o.Type != "99" {
		t.Errorf("an operation of a type that this version does not know is %q", o.Type)
	}
	if p := facts.GKENodePools.Of(s)[1]; p.Status != "42" {
		t.Errorf("a node pool in a state that this version does not know is %q", p.Status)
	}
	if got, origin, err := target.Resolve("", s); got != "1.34.4-gke.1290000" || err != nil {
		t.Errorf("got %s from %s, %v", got, origin, err)
	}
}

func TestOperationErrors(t *testing.T) {
	s := serve(t, "standard-regional")
	link := "https://container.googleapis.com/v1/projects/1/zones/europe-west1/clusters/prod"
	s.Answer("ListOperations", &containerpb.ListOperationsResponse{Operations: []*containerpb.Operation{
		{Name: "a", Status: containerpb.Operation_DONE, TargetLink: link, StatusMessage: "rolled back"},
		{Name: "b", Status: containerpb.Operation_RUNNING, TargetLink: link, StatusMessage: "under way"},
		{Name: "c", Status: containerpb.Operation_DONE, TargetLink: link + "-2", StatusMessage: "another's"},
	}})
	got := map[string]string{}
	for _, o := range facts.GKEOperations.Of(collect(t, open(t, google.Options{Endpoint: s.URL}, prod))) {
		got[o.Name] = o.Error
	}
	if diff := cmp.Diff(map[string]string{"a": "rolled back", "b": ""}, got); diff != "" {
		t.Error(diff)
	}
}

func TestMissingZones(t *testing.T) {
	s := serve(t, "standard-regional")
	s.Answer("ListOperations", &containerpb.ListOperationsResponse{MissingZones: []string{"europe-west1-b", "europe-west1-d"}})
	a, _ := collect(t, open(t, google.Options{Endpoint: s.URL}, prod)).Absence(facts.GKEOperations)
	if want := (facts.Absence{Reason: facts.Truncated, Detail: "the GKE API got no answer from europe-west1-b, europe-west1-d: run it again later"}); a != want {
		t.Errorf("got %s", a)
	}
}

func TestAbsence(t *testing.T) {
	off, err := status.New(codes.PermissionDenied, "Kubernetes Engine API has not been used in project 718400291355").
		WithDetails(&errdetails.ErrorInfo{Reason: "SERVICE_DISABLED", Domain: "googleapis.com"})
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"gke-cluster", "gke-network", "gke-node-pool-upgrade-info", "gke-node-pools", "gke-operations", "gke-server-config", "gke-settings", "gke-upgrade-info"}
	for _, tc := range []struct {
		name   string
		method string
		err    error
		reason facts.Reason
		detail string
		absent []string
	}{
		{"one call forbidden", "ListOperations", status.Error(codes.PermissionDenied, `Required "container.operations.list" permission(s) for "projects/acme-prod".`),
			facts.Forbidden, `Required "container.operations.list" permission(s) for "projects/acme-prod".`, []string{"gke-operations"}},
		{"the cluster forbidden", "GetCluster", status.Error(codes.PermissionDenied, "no"),
			facts.Forbidden, "no", []string{"gke-cluster", "gke-network", "gke-node-pool-upgrade-info", "gke-node-pools", "gke-settings"}},
		{"a node pool's info forbidden", "FetchNodePoolUpgradeInfo", status.Error(codes.PermissionDenied, "no"), facts.Forbidden, "no", []string{"gke-node-pool-upgrade-info"}},
		{"everything forbidden, for the API is off", "", off.Err(),
			facts.Forbidden, "the GKE API is off in project acme-prod: run gcloud services enable container.googleapis.com --project acme-prod", all},
		{"unauthenticated", "", status.Error(codes.Unauthenticated, "Request had invalid authentication credentials."),
			facts.Unauthenticated, "the Application Default Credentials don't work: run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS (Request had invalid authentication credentials.)", all},
		{"one call unavailable", "FetchClusterUpgradeInfo", status.Error(codes.Unavailable, "The service is currently unavailable."),
			facts.Unreachable, "the GKE API can't be reached: The service is currently unavailable.", []string{"gke-upgrade-info"}},
		{"one call fails", "GetServerConfig", status.Error(codes.Internal, "oops"), facts.Failed, "oops", []string{"gke-server-config"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, "standard-regional")
			s.Fail(tc.method, tc.err)
			snapshot := collect(t, open(t, google.Options{Endpoint: s.URL}, prod))
			var absent []string
			for _, f := range ofGKE {
				a, ok := snapshot.Absence(f)
				if !ok {
					continue
				}
				absent = append(absent, f.ID())
				if a.Reason != tc.reason || a.Detail != tc.detail {
					t.Errorf("%s: %s\nwant %s: %s", f.ID(), a, tc.reason, tc.detail)
				}
			}
			slices.Sort(absent)
			if !slices.Equal(absent, tc.absent) {
				t.Errorf("absent are %v, want %v", absent, tc.absent)
			}
		})
	}
}

func TestNoCredentials(t *testing.T) {
	snapshot := collect(t, open(t, google.Options{}, prod))
	for _, f := range ofGKE {
		a, _ := snapshot.Absence(f)
		want := "the Application Default Credentials don't work: run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS ("
		if a.Reason != facts.Unauthenticated || !strings.HasPrefix(a.Detail, want) {
			t.Errorf("%s: %s", f.ID(), a)
		}
	}
}

// An API that is not asked says so of each fact.
func TestLeftOut(t *testing.T) {
	for detail, a := range map[string]*google.API{
		"--no-gke": open(t, google.Options{NoGKE: true}, prod),
		"which GKE cluster this is is unknown: pass --location, --cluster, or --no-gke if it is none": open(t, google.Options{}, facts.Cluster{Project: "acme-prod"}),
	} {
		snapshot := collect(t, a)
		for _, f := range ofGKE {
			if a, _ := snapshot.Absence(f); a.Detail != detail {
				t.Errorf("%s: %s", f.ID(), a)
			}
		}
	}
}
