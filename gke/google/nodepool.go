package google

import (
	"cmp"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func nodePools(c *containerpb.Cluster) []facts.NodePool {
	out := []facts.NodePool{}
	for _, p := range c.GetNodePools() {
		pool := facts.NodePool{
			Name: p.GetName(), Version: p.GetVersion(), Status: p.GetStatus().String(), Conditions: conditions(p.GetConditions()),
			AutoRepair: p.GetManagement().GetAutoRepair(), AutoUpgrade: p.GetManagement().GetAutoUpgrade(),
			AutoUpgradeStart: p.GetManagement().GetUpgradeOptions().GetAutoUpgradeStartTime(),
			Locations:        p.GetLocations(), Upgrade: upgradeSettings(p), Template: template(p), Autoscaling: autoscaling(p.GetAutoscaling()),
			Pods: facts.PodAddresses{Range: p.GetNetworkConfig().GetPodRange(), Prefix: p.GetPodIpv4CidrSize(),
				PerNode: p.GetMaxPodsConstraint().GetMaxPodsPerNode(), Utilization: p.GetNetworkConfig().GetPodIpv4RangeUtilization()},
			BootstrapCertificate: facts.BootstrapCertificate{
				TPM:    asTime(p.GetKubeletCertInfo().GetTpmBootstrapCertExpireTime()),
				NonTPM: asTime(p.GetKubeletCertInfo().GetNonTpmBootstrapCertExpireTime()),
			},
		}
		pool.Template.Private = privateNodes(c, p)
		if phase := p.GetUpdateInfo().GetBlueGreenInfo().GetPhase(); phase != containerpb.NodePool_UpdateInfo_BlueGreenInfo_PHASE_UNSPECIFIED {
			pool.BlueGreenPhase = phase.String()
		}
		if e := p.GetMaintenancePolicy().GetExclusionUntilEndOfSupport(); e.GetEnabled() {
			pool.Exclusion = &facts.Period{Start: asTime(e.GetStartTime()), End: asTime(e.GetEndTime())}
		}
		out = append(out, pool)
	}
	slices.SortFunc(out, func(a, b facts.NodePool) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func upgradeSettings(p *containerpb.NodePool) facts.UpgradeSettings {
	u, d := p.GetUpgradeSettings(), p.GetNodeDrainConfig()
	out := facts.UpgradeSettings{
		MaxSurge: u.GetMaxSurge(), MaxUnavailable: u.GetMaxUnavailable(),
		DrainSeconds: seconds(d.GetPdbTimeoutDuration()), GraceSeconds: seconds(d.GetGraceTerminationDuration()),
		DeletionKeepsBudgets: d.GetRespectPdbDuringNodePoolDeletion(),
	}
	if u.GetStrategy() != containerpb.NodePoolUpdateStrategy_NODE_POOL_UPDATE_STRATEGY_UNSPECIFIED {
		out.Strategy = u.GetStrategy().String()
	}
	blueGreen := u.GetBlueGreenSettings()
	standard := blueGreen.GetStandardRolloutPolicy()
	out.BatchNodes, out.BatchShare, out.BatchSoakSeconds = standard.GetBatchNodeCount(), standard.GetBatchPercentage(), seconds(standard.GetBatchSoakDuration())
	out.PoolSoakSeconds = seconds(blueGreen.GetNodePoolSoakDuration())
	out.CordonSeconds = seconds(blueGreen.GetAutoscaledRolloutPolicy().GetWaitForDrainDuration())
	return out
}

// seconds is nil for a duration that is not set.
func seconds(d *durationpb.Duration) *int64 {
	if d == nil {
		return nil
	}
	s := d.GetSeconds()
	return &s
}

func template(p *containerpb.NodePool) facts.NodeTemplate {
	c := p.GetConfig()
	out := facts.NodeTemplate{
		MachineType: c.GetMachineType(), ImageType: c.GetImageType(), Spot: c.GetSpot() || c.GetPreemptible(),
		FlexStart: c.GetFlexStart(), QueuedProvisioning: p.GetQueuedProvisioning().GetEnabled(),
		TPUTopology:   p.GetPlacementPolicy().GetTpuTopology(),
		LocalSSDs:     c.GetLocalSsdCount() + c.GetLocalNvmeSsdBlockConfig().GetLocalSsdCount() + c.GetEphemeralStorageLocalSsdConfig().GetLocalSsdCount(),
		Compact:       p.GetPlacementPolicy().GetType() == containerpb.NodePool_PlacementPolicy_COMPACT,
		MaxRunSeconds: c.GetMaxRunDuration().GetSeconds(),
		Labels:        c.GetLabels(),
		CgroupMode:    cgroupMode(c),
		CgroupPin:     cgroupPin(c),
		Windows:       windows(c),
		DiskType:      cmp.Or(c.GetBootDisk().GetDiskType(), c.GetDiskType()),
		DiskGB:        cmp.Or(c.GetBootDisk().GetSizeGb(), int64(c.GetDiskSizeGb())),
	}
	for _, a := range c.GetAccelerators() {
		if out.Accelerators == nil {
			out.Accelerators = map[string]int64{}
		}
		out.Accelerators[a.GetAcceleratorType()] += a.GetAcceleratorCount()
	}
	for _, t := range c.GetTaints() {
		out.Taints = append(out.Taints, facts.NodeTaint{Key: t.GetKey(), Value: t.GetValue(), Effect: taintEffect(t.GetEffect())})
	}
	return out
}

// cgroupMode is the mode in effect; empty where the API tells none, as for Windows.
func cgroupMode(c *containerpb.NodeConfig) string {
	mode := c.GetEffectiveCgroupMode()
	if mode == containerpb.NodeConfig_EFFECTIVE_CGROUP_MODE_UNSPECIFIED {
		return ""
	}
	return strings.TrimPrefix(mode.String(), "EFFECTIVE_CGROUP_MODE_")
}

// cgroupPin is the mode that is asked for; empty for none.
func cgroupPin(c *containerpb.NodeConfig) string {
	mode := c.GetLinuxNodeConfig().GetCgroupMode()
	if mode == containerpb.LinuxNodeConfig_CGROUP_MODE_UNSPECIFIED {
		return ""
	}
	return strings.TrimPrefix(mode.String(), "CGROUP_MODE_")
}

// windows is the version that is asked for; empty for none.
func windows(c *containerpb.NodeConfig) string {
	v := c.GetWindowsNodeConfig().GetOsVersion()
	if v == containerpb.WindowsNodeConfig_OS_VERSION_UNSPECIFIED {
		return ""
	}
	return strings.TrimPrefix(v.String(), "OS_VERSION_")
}

// privateNodes reports whether the pool's nodes have no addresses of their own on
// the internet. The pool's setting wins over the cluster's.
func privateNodes(c *containerpb.Cluster, p *containerpb.NodePool) bool {
	if own := p.GetNetworkConfig(); own != nil && own.EnablePrivateNodes != nil {
		return own.GetEnablePrivateNodes()
	}
	if all := c.GetNetworkConfig(); all != nil && all.DefaultEnablePrivateNodes != nil {
		return all.GetDefaultEnablePrivateNodes()
	}
	return c.GetPrivateClusterConfig().GetEnablePrivateNodes() //nolint:staticcheck // older clusters tell nothing else
}

func taintEffect(e containerpb.NodeTaint_Effect) string {
	switch e {
	case containerpb.NodeTaint_NO_SCHEDULE:
		return "NoSchedule"
	case containerpb.NodeTaint_PREFER_NO_SCHEDULE:
		return "PreferNoSchedule"
	case containerpb.NodeTaint_NO_EXECUTE:
		return "NoExecute"
	}
	return e.String()
}

func autoscaling(a *containerpb.NodePoolAutoscaling) facts.Autoscaling {
	if !a.GetEnabled() {
		return facts.Autoscaling{}
	}
	out := facts.Autoscaling{Enabled: true, Min: a.GetMinNodeCount(), Max: a.GetMaxNodeCount(),
		TotalMin: a.GetTotalMinNodeCount(), TotalMax: a.GetTotalMaxNodeCount(), Autoprovisioned: a.GetAutoprovisioned()}
	if a.GetLocationPolicy() != containerpb.NodePoolAutoscaling_LOCATION_POLICY_UNSPECIFIED {
		out.LocationPolicy = a.GetLocationPolicy().String()
	}
	return out
}
