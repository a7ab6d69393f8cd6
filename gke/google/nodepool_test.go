package google

import (
	"testing"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestNodePool reads a pool that has everything, and one that has nothing: what
// is not told must not look as if it were told to be zero.
func TestNodePool(t *testing.T) {
	const everything = `{
		"name": "gpu", "version": "1.35.4-gke.200", "status": 2, "locations": ["europe-west1-b"], "podIpv4CidrSize": 25,
		"maxPodsConstraint": {"maxPodsPerNode": "64"},
		"networkConfig": {"podRange": "pods-2", "podIpv4RangeUtilization": 0.91, "enablePrivateNodes": true},
		"management": {"autoRepair": true, "upgradeOptions": {"autoUpgradeStartTime": "2026-11-25T01:00:00Z"}},
		"upgradeSettings": {"strategy": "BLUE_GREEN", "blueGreenSettings": {"nodePoolSoakDuration": "3600s",
			"standardRolloutPolicy": {"batchNodeCount": 2, "batchSoakDuration": "0s"}}},
		"nodeDrainConfig": {"pdbTimeoutDuration": "0s", "graceTerminationDuration": "600s", "respectPdbDuringNodePoolDeletion": true},
		"autoscaling": {"enabled": true, "totalMinNodeCount": 1, "totalMaxNodeCount": 9, "locationPolicy": "ANY", "autoprovisioned": true},
		"kubeletCertInfo": {"tpmBootstrapCertExpireTime": "2027-01-02T03:04:05Z"},
		"maintenancePolicy": {"exclusionUntilEndOfSupport": {"enabled": true, "startTime": "2026-11-01T00:00:00Z"}},
		"placementPolicy": {"type": "COMPACT", "tpuTopology": "2x2"}, "queuedProvisioning": {"enabled": true},
		"config": {"machineType": "g2-standard-8", "diskType": "pd-ssd", "diskSizeGb": 100, "bootDisk": {"sizeGb": "200"}, "imageType": "COS_CONTAINERD", "preemptible": true, "flexStart": true, "maxRunDuration": "86400s",
			"localSsdCount": 1, "ephemeralStorageLocalSsdConfig": {"localSsdCount": 2}, "labels": {"team": "ml"},
			"accelerators": [{"acceleratorType": "nvidia-l4", "acceleratorCount": "2"}],
			"taints": [{"key": "gpu", "value": "yes", "effect": "NO_EXECUTE"}, {"key": "odd", "effect": 7}]}}`
	n := func(s int64) *int64 { return &s }
	for _, c := range []struct {
		name, json string
		want       facts.NodePool
	}{
		{"nothing", `{"name": "bare"}`, facts.NodePool{Name: "bare", Status: "STATUS_UNSPECIFIED"}},
		{"everything", everything, facts.NodePool{
			Name: "gpu", Version: "1.35.4-gke.200", Status: "RUNNING", AutoRepair: true, AutoUpgradeStart: "2026-11-25T01:00:00Z", Locations: []string{"europe-west1-b"},
			Upgrade: facts.UpgradeSettings{Strategy: "BLUE_GREEN", BatchNodes: 2, BatchSoakSeconds: n(0), PoolSoakSeconds: n(3600),
				DrainSeconds: n(0), GraceSeconds: n(600), DeletionKeepsBudgets: true},
			Template: facts.NodeTemplate{MachineType: "g2-standard-8", ImageType: "COS_CONTAINERD", Spot: true, FlexStart: true, QueuedProvisioning: true,
				Accelerators: map[string]int64{"nvidia-l4": 2}, TPUTopology: "2x2", LocalSSDs: 3, DiskType: "pd-ssd", DiskGB: 200, Private: true, Compact: true, MaxRunSeconds: 86400,
				Labels: map[string]string{"team": "ml"}, Taints: []facts.NodeTaint{{Key: "gpu", Value: "yes", Effect: "NoExecute"}, {Key: "odd", Effect: "7"}}},
			Autoscaling:          facts.Autoscaling{Enabled: true, TotalMin: 1, TotalMax: 9, Autoprovisioned: true, LocationPolicy: "ANY"},
			Pods:                 facts.PodAddresses{Range: "pods-2", Prefix: 25, PerNode: 64, Utilization: 0.91},
			BootstrapCertificate: facts.BootstrapCertificate{TPM: time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)},
			Exclusion:            &facts.Period{Start: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &containerpb.NodePool{}
			if err := protojson.Unmarshal([]byte(c.json), p); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]facts.NodePool{c.want}, nodePools(&containerpb.Cluster{NodePools: []*containerpb.NodePool{p}})); diff != "" {
				t.Error(diff)
			}
		})
	}
}
