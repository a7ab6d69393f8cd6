package google_test

import (
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gke-preflight/gke-preflight/gke/google"
	"github.com/gke-preflight/gke-preflight/preflight/watch"
)

func TestOperationsUnderWay(t *testing.T) {
	c := open(t, google.Options{Endpoint: serve(t, "mid-upgrade").URL}, prod)
	all, err := c.Operations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(o watch.Operation) bool { return o.Name == "operation-1795390810118-9d24f1b6" })
	if i < 0 || all[i].Status != "RUNNING" || all[i].Target != "nodePools/default-pool" {
		t.Fatalf("the operations are %+v", all)
	}
	if want := []string{"NODES_TOTAL 9", "NODES_DONE 2"}; !slices.Equal(all[i].Progress, want) {
		t.Errorf("it has come to %q, want %q", all[i].Progress, want)
	}
	if why := c.Left().String(); why != "" {
		t.Error(why)
	}
}

// A stage that has not begun is not told of; a value of no kind is none.
func TestOperationProgress(t *testing.T) {
	s := serve(t, "mid-upgrade")
	s.Answer("ListOperations", &containerpb.ListOperationsResponse{Operations: []*containerpb.Operation{{
		Name: "o", TargetLink: "x/clusters/prod", Status: containerpb.Operation_Status(99), OperationType: containerpb.Operation_Type(98),
		Progress: &containerpb.OperationProgress{Stages: []*containerpb.OperationProgress{
			{Name: "DEPLOYING", Status: containerpb.Operation_DONE, Metrics: []*containerpb.OperationProgress_Metric{
				{Name: "share", Value: &containerpb.OperationProgress_Metric_DoubleValue{DoubleValue: 0.5}}, {Name: "none"},
			}},
			{Name: "HEALTHCHECKING", Status: containerpb.Operation_PENDING},
		}},
	}}})
	all, err := open(t, google.Options{Endpoint: s.URL}, prod).Operations(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if o := all[0]; o.Status != "99" || o.Type != "98" || !slices.Equal(o.Progress, []string{"DEPLOYING DONE share 0.5 none"}) {
		t.Errorf("the operation is %+v", o)
	}
}

func TestOperationsNotTold(t *testing.T) {
	s := serve(t, "mid-upgrade")
	c := open(t, google.Options{Endpoint: s.URL}, prod)
	s.Answer("ListOperations", &containerpb.ListOperationsResponse{MissingZones: []string{"europe-west1-b"}})
	if all, err := c.Operations(t.Context()); err == nil || !strings.Contains(err.Error(), "europe-west1-b") {
		t.Errorf("with a zone missing: %v, %v", all, err)
	}
	s.Fail("ListOperations", status.Error(codes.PermissionDenied, `Required "container.operations.list"`))
	if all, err := c.Operations(t.Context()); err == nil || !strings.Contains(err.Error(), "container.operations.list") {
		t.Errorf("without the permission: %v, %v", all, err)
	}
	c = open(t, google.Options{NoGKE: true}, prod)
	if _, err := c.Operations(t.Context()); err == nil || !strings.Contains(c.Left().String(), "--no-gke") {
		t.Errorf("without the GKE API: %v, %q", err, c.Left().String())
	}
}

func TestFailedOperationIsToldOf(t *testing.T) {
	s := serve(t, "standard-regional")
	s.Answer("ListOperations", &containerpb.ListOperationsResponse{Operations: []*containerpb.Operation{
		{Name: "a", TargetLink: "x/clusters/prod", Status: containerpb.Operation_DONE, Error: &rpcstatus.Status{Code: 13, Message: unhealthy}},
		{Name: "b", TargetLink: "x/clusters/prod", Status: containerpb.Operation_ABORTING},
		{Name: "c", TargetLink: "x/clusters/other", Status: containerpb.Operation_RUNNING},
	}})
	all, err := open(t, google.Options{Endpoint: s.URL}, prod).Operations(t.Context())
	if err != nil || len(all) != 2 || all[0].Error != unhealthy || all[1].Status != "ABORTING" || all[1].Error != "" {
		t.Errorf("the operations are %+v, %v", all, err)
	}
}
