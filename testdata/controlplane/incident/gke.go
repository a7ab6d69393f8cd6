package incident

import (
	"testing/fstest"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"cloud.google.com/go/recommender/apiv1/recommenderpb"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/gketest"
	answers "github.com/gke-preflight/gke-preflight/testdata/gke"
)

const (
	link    = "https://container.googleapis.com/v1/projects/" + Project + "/locations/" + Location + "/clusters/" + Name
	build   = "-gke.1104000"
	channel = containerpb.ReleaseChannel_REGULAR

	// failure is what GKE said of the incident's upgrade.
	failure = `All cluster resources were brought up, but the cluster API is reporting that: component "kube-apiserver" from endpoint "gke-3f2b7c1e0d9a4a869c53-6b1f" is unhealthy`
)

// A pool is a node pool over all zones.
type pool struct {
	name       string
	perZone    int
	autoRepair bool
}

var (
	pools = [...]pool{{"default-pool", 2, true}, {"batch", 1, false}}
	zones = []string{Location + "-b", Location + "-c", Location + "-d"}
)

func (p pool) nodes(version string) rig.NodePool {
	return rig.NodePool{Cluster: Name, Name: p.name, Zones: zones, Count: p.perZone * len(zones), Kubelet: "v" + version + build}
}

// serveGKE starts a GKE API that tells of the cluster as it stands, and of an
// upgrade that failed two days ago.
func (s *Scene) serveGKE(now time.Time) (*gketest.Server, error) {
	began := now.Add(-51 * time.Hour).Truncate(time.Second)
	ended := began.Add(63 * time.Minute)
	running, target := s.First.Version+build, s.Target+build
	// GKE tells the day alone.
	supported := now.AddDate(0, 8, 0).Format(time.DateOnly)
	files := fstest.MapFS{}
	for _, name := range []string{"firewalls.json", "region.json", "time-series.json"} {
		b, err := answers.StandardRegional.ReadFile("standard-regional/" + name)
		if err != nil {
			return nil, err
		}
		files[name] = &fstest.MapFile{Data: b}
	}
	for name, m := range map[string]proto.Message{
		"cluster.json":       cluster(running, now),
		"server-config.json": serverConfig(running, target),
		"operations.json":    &containerpb.ListOperationsResponse{Operations: []*containerpb.Operation{failedUpgrade(began, ended)}},
		"insights.json":      &recommenderpb.ListInsightsResponse{},
		"upgrade-info.json": &containerpb.ClusterUpgradeInfo{
			EndOfStandardSupportTimestamp: &supported,
			MinorTargetVersion:            &target, PatchTargetVersion: &running,
			AutoUpgradeStatus: []containerpb.ClusterUpgradeInfo_AutoUpgradeStatus{containerpb.ClusterUpgradeInfo_ACTIVE},
			UpgradeDetails: []*containerpb.UpgradeDetails{{
				State: containerpb.UpgradeDetails_FAILED, StartType: containerpb.UpgradeDetails_MANUAL, InitialVersion: running, TargetVersion: target,
				StartTime: timestamppb.New(began), EndTime: timestamppb.New(ended),
			}},
		},
		"node-pool-upgrade-info/" + pools[0].name + ".json": poolUpgradeInfo(running, target, supported),
		"node-pool-upgrade-info/" + pools[1].name + ".json": poolUpgradeInfo(running, target, supported),
	} {
		b, err := protojson.Marshal(m)
		if err != nil {
			return nil, err
		}
		files[name] = &fstest.MapFile{Data: b}
	}
	g, err := gketest.Serve(files)
	if err != nil {
		return nil, err
	}
	g.Patch(gketest.Endpoint(s.First.Address.Addr().String(), s.Config.CAData))
	return g, nil
}

func cluster(version string, now time.Time) *containerpb.Cluster {
	c := &containerpb.Cluster{
		Name: Name, Location: Location, Locations: zones, SelfLink: link,
		Status:               containerpb.Cluster_RUNNING,
		CreateTime:           now.AddDate(-1, 0, 0).UTC().Format(time.RFC3339),
		CurrentMasterVersion: version,
		CurrentNodeVersion:   version,
		ReleaseChannel:       &containerpb.ReleaseChannel{Channel: channel},
		Network:              "default",
		NetworkConfig:        &containerpb.NetworkConfig{Network: "projects/" + Project + "/global/networks/default"},
		MonitoringConfig: &containerpb.MonitoringConfig{ComponentConfig: &containerpb.MonitoringComponentConfig{
			EnableComponents: []containerpb.MonitoringComponentConfig_Component{
				containerpb.MonitoringComponentConfig_SYSTEM_COMPONENTS, containerpb.MonitoringComponentConfig_APISERVER,
			},
		}},
	}
	for _, p := range pools {
		c.NodePools = append(c.NodePools, &containerpb.NodePool{
			Name: p.name, Version: version, Status: containerpb.NodePool_RUNNING, Locations: zones, InitialNodeCount: int32(p.perZone),
			Config:     &containerpb.NodeConfig{MachineType: "e2-standard-4", ImageType: "COS_CONTAINERD", EffectiveCgroupMode: containerpb.NodeConfig_EFFECTIVE_CGROUP_MODE_V2},
			Management: &containerpb.NodeManagement{AutoRepair: p.autoRepair, AutoUpgrade: true},
		})
	}
	return c
}

func serverConfig(running, target string) *containerpb.ServerConfig {
	versions := []string{target, running}
	return &containerpb.ServerConfig{
		DefaultClusterVersion: running, ValidMasterVersions: versions, ValidNodeVersions: versions, ValidImageTypes: []string{"COS_CONTAINERD", "UBUNTU_CONTAINERD"},
		Channels: []*containerpb.ServerConfig_ReleaseChannelConfig{
			{Channel: channel, DefaultVersion: running, ValidVersions: versions, UpgradeTargetVersion: target},
		},
	}
}

func failedUpgrade(began, ended time.Time) *containerpb.Operation {
	return &containerpb.Operation{
		Name:          "operation-1795044644300-c60a18e5",
		OperationType: containerpb.Operation_UPGRADE_MASTER,
		Status:        containerpb.Operation_DONE,
		Location:      Location,
		TargetLink:    link,
		StartTime:     began.UTC().Format(time.RFC3339),
		EndTime:       ended.UTC().Format(time.RFC3339),
		Error:         &rpcstatus.Status{Code: int32(codes.Internal), Message: failure},
	}
}

func poolUpgradeInfo(running, target, supported string) *containerpb.NodePoolUpgradeInfo {
	return &containerpb.NodePoolUpgradeInfo{
		EndOfStandardSupportTimestamp: &supported,
		MinorTargetVersion:            &target, PatchTargetVersion: &running,
		AutoUpgradeStatus: []containerpb.NodePoolUpgradeInfo_AutoUpgradeStatus{containerpb.NodePoolUpgradeInfo_ACTIVE},
	}
}
