package gketest

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"cloud.google.com/go/monitoring/apiv3/v2/monitoringpb"
	"cloud.google.com/go/recommender/apiv1/recommenderpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// service implements the methods that read.
type service struct {
	containerpb.UnimplementedClusterManagerServer
	recommenderpb.UnimplementedRecommenderServer
	monitoringpb.UnimplementedMetricServiceServer
	*Server
}

var (
	_ containerpb.ClusterManagerServer = service{}
	_ recommenderpb.RecommenderServer  = service{}
	_ monitoringpb.MetricServiceServer = service{}
)

func (s service) GetCluster(_ context.Context, r *containerpb.GetClusterRequest) (*containerpb.Cluster, error) {
	c := &containerpb.Cluster{}
	if err := s.read("GetCluster", r.GetName(), "cluster.json", c); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, patch := range s.patches {
		patch(c)
	}
	return c, nil
}

// ListClusters answers what the test has set for "ListClusters PARENT", and that it is
// not permitted where nothing is.
func (s service) ListClusters(_ context.Context, r *containerpb.ListClustersRequest) (*containerpb.ListClustersResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if set, ok := s.answers["ListClusters "+r.GetParent()]; ok {
		return set.(*containerpb.ListClustersResponse), nil
	}
	return nil, status.Errorf(codes.PermissionDenied, "Required \"container.clusters.list\" permission(s) for %q.", r.GetParent())
}

func (s service) GetServerConfig(_ context.Context, r *containerpb.GetServerConfigRequest) (*containerpb.ServerConfig, error) {
	c := &containerpb.ServerConfig{}
	return c, s.read("GetServerConfig", r.GetName(), "server-config.json", c)
}

func (s service) ListOperations(_ context.Context, r *containerpb.ListOperationsRequest) (*containerpb.ListOperationsResponse, error) {
	o := &containerpb.ListOperationsResponse{}
	return o, s.read("ListOperations", r.GetParent(), "operations.json", o)
}

func (s service) FetchClusterUpgradeInfo(_ context.Context, r *containerpb.FetchClusterUpgradeInfoRequest) (*containerpb.ClusterUpgradeInfo, error) {
	i := &containerpb.ClusterUpgradeInfo{}
	return i, s.read("FetchClusterUpgradeInfo", r.GetName(), "upgrade-info.json", i)
}

func (s service) FetchNodePoolUpgradeInfo(_ context.Context, r *containerpb.FetchNodePoolUpgradeInfoRequest) (*containerpb.NodePoolUpgradeInfo, error) {
	i := &containerpb.NodePoolUpgradeInfo{}
	file := path.Join("node-pool-upgrade-info", path.Base(r.GetName())+".json")
	return i, s.read("FetchNodePoolUpgradeInfo", r.GetName(), file, i)
}

// pageLimit is the most insights or time series on a page, so that a client that does not turn
// the page misses some.
const pageLimit = 2

// ListInsights answers with those in insights.json that the filter lets through;
// it knows no filter but that of the client.
func (s service) ListInsights(_ context.Context, r *recommenderpb.ListInsightsRequest) (*recommenderpb.ListInsightsResponse, error) {
	all := &recommenderpb.ListInsightsResponse{}
	if err := s.read("ListInsights", r.GetParent(), "insights.json", all); err != nil {
		return nil, err
	}
	if r.GetFilter() != "stateInfo.state = ACTIVE" {
		return nil, status.Errorf(codes.InvalidArgument, "invalid filter %q", r.GetFilter())
	}
	active := slices.DeleteFunc(all.GetInsights(), func(i *recommenderpb.Insight) bool {
		return i.GetStateInfo().GetState() != recommenderpb.InsightStateInfo_ACTIVE
	})
	page := &recommenderpb.ListInsightsResponse{}
	page.Insights, page.NextPageToken = pageOf(active, r.GetPageToken())
	return page, nil
}

// pageOf returns the page that token stands for, and the token of the next one.
func pageOf[T any](all []T, token string) (page []T, next string) {
	start, _ := strconv.Atoi(token)
	end := min(start+pageLimit, len(all))
	if end < len(all) {
		next = strconv.Itoa(end)
	}
	return all[start:end], next
}

// read fills in m: the answer that the test has set, or the file's. It refuses
// a resource that is neither of the recorded cluster nor its location.
func (s service) read(method, name, file string, m proto.Message) error {
	s.mu.Lock()
	set := s.answers[method]
	s.mu.Unlock()
	if set != nil {
		proto.Merge(m, set)
		return nil
	}
	known, err := s.cluster()
	if err != nil {
		return err
	}
	location, _, _ := strings.Cut(known, "/clusters/")
	project, _, _ := strings.Cut(location, "/locations/")
	if !within(name, known) && name != location && name != project && name != location+"/insightTypes/google.container.DiagnosisInsight" {
		return status.Errorf(codes.NotFound, "Not found: %s.", name)
	}
	return s.file(file, m)
}

// cluster returns the full name of the recorded cluster.
func (s service) cluster() (string, error) {
	c := &containerpb.Cluster{}
	err := s.file("cluster.json", c)
	_, name, _ := strings.Cut(c.GetSelfLink(), "/v1/")
	return name, err
}

func within(name, parent string) bool {
	return name == parent || strings.HasPrefix(name, parent+"/")
}

func (s service) file(name string, m proto.Message) error {
	b, err := fs.ReadFile(s.files, name)
	if errors.Is(err, fs.ErrNotExist) {
		return status.Errorf(codes.NotFound, "%s was not recorded", name)
	}
	if err == nil {
		err = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(b, m)
	}
	if err != nil {
		return status.Errorf(codes.Internal, "%s: %v", name, err)
	}
	return nil
}
