package google

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func clusterConfig(c *containerpb.Cluster) facts.ClusterConfig {
	return facts.ClusterConfig{
		Name: c.GetName(), Location: c.GetLocation(), Locations: c.GetLocations(),
		Endpoint:        c.GetEndpoint(),
		PrivateEndpoint: cmp.Or(c.GetControlPlaneEndpointsConfig().GetIpEndpointsConfig().GetPrivateEndpoint(), c.GetPrivateClusterConfig().GetPrivateEndpoint()),
		DNSEndpoint:     c.GetControlPlaneEndpointsConfig().GetDnsEndpointConfig().GetEndpoint(),
		Status:          c.GetStatus().String(),
		Version:         c.GetCurrentMasterVersion(),
		EmulatedVersion: c.GetCurrentEmulatedVersion(),
		Channel:         channel(c.GetReleaseChannel().GetChannel()),
		Autopilot:       c.GetAutopilot().GetEnabled(),
		Alpha:           c.GetEnableKubernetesAlpha(),
		Conditions:      conditions(c.GetConditions()),
		Maintenance:     maintenance(c.GetMaintenancePolicy().GetWindow()),
	}
}

// channel is empty for a cluster in none.
func channel(c containerpb.ReleaseChannel_Channel) string {
	if c == containerpb.ReleaseChannel_UNSPECIFIED {
		return ""
	}
	return c.String()
}

func conditions(in []*containerpb.StatusCondition) []facts.StatusCondition {
	var out []facts.StatusCondition
	for _, c := range in {
		code := c.GetCode().String()
		if c.GetCode() == containerpb.StatusCondition_UNKNOWN {
			code = c.GetCanonicalCode().String()
		}
		out = append(out, facts.StatusCondition{Code: code, Message: c.GetMessage()})
	}
	return out
}

func serverConfig(c *containerpb.ServerConfig) facts.ServerConfig {
	out := facts.ServerConfig{DefaultVersion: c.GetDefaultClusterVersion(), MasterVersions: c.GetValidMasterVersions(), NodeVersions: c.GetValidNodeVersions(), ImageTypes: c.GetValidImageTypes()}
	for _, ch := range c.GetChannels() {
		out.Channels = append(out.Channels, facts.Channel{Name: ch.GetChannel().String(), DefaultVersion: ch.GetDefaultVersion(),
			Versions: ch.GetValidVersions(), UpgradeTarget: ch.GetUpgradeTargetVersion()})
	}
	slices.SortFunc(out.Channels, func(a, b facts.Channel) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// operations keeps those on the cluster, its node pools and its nodes. The link
// to what an operation is about may name the project by number and the location
// as a zone, so only what follows is compared.
func operations(in []*containerpb.Operation, cluster string) []facts.Operation {
	out := []facts.Operation{}
	for _, o := range in {
		_, tail, _ := strings.Cut(o.GetTargetLink(), "/clusters/")
		name, target, _ := strings.Cut(tail, "/")
		if name != cluster {
			continue
		}
		out = append(out, facts.Operation{Name: o.GetName(), Type: o.GetOperationType().String(), Status: o.GetStatus().String(), Target: target,
			Start: parseTime(o.GetStartTime()), End: parseTime(o.GetEndTime()), Error: operationError(o), Detail: operationDetail(o)})
	}
	slices.SortFunc(out, func(a, b facts.Operation) int {
		return cmp.Or(b.Start.Compare(a.Start), strings.Compare(a.Name, b.Name))
	})
	return out
}

// operationError: a failed operation has no status of its own but is DONE with
// an error, or with a message in the deprecated field.
func operationError(o *containerpb.Operation) string {
	if o.GetError() != nil {
		return cmp.Or(o.GetError().GetMessage(), fmt.Sprintf("code %d", o.GetError().GetCode()))
	}
	if o.GetStatus() == containerpb.Operation_DONE {
		return o.GetStatusMessage() //nolint:staticcheck // older failures are told here alone
	}
	return ""
}

func operationDetail(o *containerpb.Operation) string {
	if o.GetStatus() == containerpb.Operation_DONE {
		return ""
	}
	return o.GetDetail()
}

func parseTime(s string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, s)
	return t.UTC()
}

type upgrades interface {
	GetMinorTargetVersion() string
	GetPatchTargetVersion() string
	GetEndOfStandardSupportTimestamp() string
	GetEndOfExtendedSupportTimestamp() string
	GetUpgradeDetails() []*containerpb.UpgradeDetails
}

func upgradeInfo[S, P fmt.Stringer](u upgrades, status []S, paused []P) facts.UpgradeInfo {
	out := facts.UpgradeInfo{
		MinorTarget: u.GetMinorTargetVersion(), PatchTarget: u.GetPatchTargetVersion(),
		AutoUpgrade: names(status), PausedReasons: names(paused),
		EndOfStandard: u.GetEndOfStandardSupportTimestamp(), EndOfExtended: u.GetEndOfExtendedSupportTimestamp(),
	}
	for _, d := range u.GetUpgradeDetails() {
		out.History = append(out.History, facts.Upgrade{State: d.GetState().String(), From: d.GetInitialVersion(), To: d.GetTargetVersion(),
			Start: asTime(d.GetStartTime()), End: asTime(d.GetEndTime()), StartType: d.GetStartType().String(),
			FromEmulated: d.GetInitialEmulatedVersion(), ToEmulated: d.GetTargetEmulatedVersion()})
	}
	slices.SortStableFunc(out.History, func(a, b facts.Upgrade) int { return b.Start.Compare(a.Start) })
	return out
}

// rollback is nil where no two-step upgrade is under way.
func rollback(r *containerpb.RollbackSafeUpgradeStatus) *facts.Rollback {
	if r == nil || r.GetMode() == containerpb.RollbackSafeUpgradeStatus_MODE_UNSPECIFIED {
		return nil
	}
	return &facts.Rollback{Mode: r.GetMode().String(), Until: asTime(r.GetControlPlaneUpgradeRollbackEndTime()), Previous: r.GetPreviousVersion()}
}

func names[E fmt.Stringer](in []E) []string {
	var out []string
	for _, e := range in {
		out = append(out, e.String())
	}
	return out
}

func asTime(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
