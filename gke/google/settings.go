package google

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func clusterSettings(c *containerpb.Cluster) facts.ClusterSettings {
	pubsub := c.GetNotificationConfig().GetPubsub()
	return facts.ClusterSettings{
		Exclusions:    exclusions(c.GetMaintenancePolicy().GetWindow().GetMaintenanceExclusions()),
		Notifications: facts.Notifications{Enabled: pubsub.GetEnabled(), Events: names(pubsub.GetFilter().GetEventType())},
		CANotAfter:    caNotAfter(c.GetMasterAuth().GetClusterCaCertificate()),
		Secrets:       secretsEncryption(c.GetDatabaseEncryption()),
		Expires:       parseTime(c.GetExpireTime()),
		SoakSeconds:   seconds(c.GetRollbackSafeUpgrade().GetControlPlaneSoakDuration()),
		PodRanges:     podRanges(c.GetIpAllocationPolicy()),

		NoUnsafeWebhooks:      c.GetAutopilot().GetClusterPolicyConfig().GetNoUnsafeWebhooks(),
		NoSystemMutation:      c.GetAutopilot().GetClusterPolicyConfig().GetNoSystemMutation(),
		NoSystemImpersonation: c.GetAutopilot().GetClusterPolicyConfig().GetNoSystemImpersonation(),
		BetaAPIs:              c.GetEnableK8SBetaApis().GetEnabledApis(),
	}
}

func exclusions(in map[string]*containerpb.TimeWindow) []facts.Exclusion {
	var out []facts.Exclusion
	for name, w := range in {
		o := w.GetMaintenanceExclusionOptions()
		out = append(out, facts.Exclusion{
			Name: name, Period: facts.Period{Start: asTime(w.GetStartTime()), End: asTime(w.GetEndTime())}, Scope: o.GetScope().String(),
			UntilEndOfSupport: o.GetEndTimeBehavior() == containerpb.MaintenanceExclusionOptions_UNTIL_END_OF_SUPPORT,
		})
	}
	slices.SortFunc(out, func(a, b facts.Exclusion) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// caNotAfter reads the end of each certificate in a bundle, which is PEM in
// base64, and nothing else of it.
func caNotAfter(bundle string) []time.Time {
	rest, err := base64.StdEncoding.DecodeString(bundle)
	if err != nil {
		return []time.Time{{}}
	}
	var out []time.Time
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			out = append(out, c.NotAfter.UTC())
		} else {
			out = append(out, time.Time{})
		}
	}
	if out == nil && bundle != "" {
		return []time.Time{{}}
	}
	return out
}

func secretsEncryption(d *containerpb.DatabaseEncryption) facts.SecretsEncryption {
	out := facts.SecretsEncryption{Key: d.GetKeyName()}
	if d != nil && d.CurrentState != nil {
		out.State = d.GetCurrentState().String()
	}
	for _, e := range d.GetLastOperationErrors() {
		out.Errors = append(out.Errors, facts.KeyError{Key: e.GetKeyName(), Message: e.GetErrorMessage(), Time: asTime(e.GetTimestamp())})
	}
	return out
}

func podRanges(p *containerpb.IPAllocationPolicy) []facts.AddressRange {
	if p == nil {
		return nil
	}
	out := []facts.AddressRange{{Name: p.GetClusterSecondaryRangeName(), Block: p.GetClusterIpv4CidrBlock(), Utilization: p.GetDefaultPodIpv4RangeUtilization()}}
	for _, r := range p.GetAdditionalPodRangesConfig().GetPodRangeInfo() {
		out = append(out, facts.AddressRange{Name: r.GetRangeName(), Utilization: r.GetUtilization()})
	}
	return out
}
