package gke

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	compute "google.golang.org/api/compute/v1"
	"google.golang.org/api/option"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// openCompute makes the client of Compute. What is wrong with the credentials is
// told by the fact alone.
func (a *api) openCompute(ctx context.Context, f Flags) error {
	if f.Compute == "" && f.endpoint() != "" {
		a.computeLeft = facts.Absence{Reason: facts.LeftOut, Detail: "another GKE API is asked, and no Compute API is named beside it: pass --compute-endpoint"}
		return nil
	}
	options, _, err := clientOptions("--compute-endpoint", f.Compute)
	if err != nil {
		return err
	}
	options = append(options, option.WithUserAgent(kube.UserAgent(f.Version)), option.WithScopes(compute.ComputeReadonlyScope))
	a.compute, err = compute.NewService(ctx, options...)
	if err != nil {
		a.compute, a.computeLeft = nil, facts.Absence{Reason: facts.Unauthenticated, Detail: credentialsHint(err, err.Error())}
	}
	return nil
}

// ofFirewall reads the firewall rules, which another API tells of.
func ofFirewall(ctx context.Context, a *api) facts.Observation {
	switch {
	case a.client == nil && a.left.Reason != facts.Unauthenticated:
		return facts.Observation{Fact: facts.GKEFirewall, Absence: a.left}
	case a.compute == nil:
		return facts.Observation{Fact: facts.GKEFirewall, Absence: a.computeLeft}
	case a.err != nil:
		return facts.Observation{Fact: facts.GKEFirewall, Absence: containerAPI.why(a.err, a.name)}
	}
	project, network, ok := networkOf(a.cluster.GetNetworkConfig().GetNetwork())
	if !ok {
		return facts.Absent(facts.GKEFirewall, facts.NotCollected, "the GKE API does not tell of the cluster's VPC network")
	}
	rules, err := a.readFirewall(ctx, project, network)
	if err != nil {
		return facts.Observation{Fact: facts.GKEFirewall, Absence: computeAPI.why(err, facts.Cluster{Project: project})}
	}
	return facts.Present(facts.GKEFirewall, rules)
}

// networkOf takes projects/PROJECT/global/networks/NAME apart; the project is the
// host project where the VPC is shared.
func networkOf(path string) (project, name string, ok bool) {
	parts := strings.Split(path, "/")
	if len(parts) != 5 || parts[0] != "projects" || parts[3] != "networks" {
		return "", "", false
	}
	return parts[1], parts[4], true
}

func (a *api) readFirewall(ctx context.Context, project, network string) ([]facts.FirewallRule, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rules := []facts.FirewallRule{}
	err := a.compute.Firewalls.List(project).MaxResults(500).Pages(ctx, func(page *compute.FirewallList) error {
		for _, f := range page.Items {
			if f.Direction == "INGRESS" && !f.Disabled && strings.HasSuffix(f.Network, "/global/networks/"+network) {
				rules = append(rules, firewallRule(f))
			}
		}
		return nil
	})
	slices.SortFunc(rules, func(x, y facts.FirewallRule) int {
		return cmp.Or(cmp.Compare(x.Priority, y.Priority), strings.Compare(x.Name, y.Name))
	})
	return rules, err
}

func firewallRule(f *compute.Firewall) facts.FirewallRule {
	r := facts.FirewallRule{Name: f.Name, Priority: f.Priority, Deny: len(f.Denied) > 0, Sources: f.SourceRanges, TargetTags: f.TargetTags, TargetAccounts: f.TargetServiceAccounts}
	add := func(protocol string, ports []string) {
		if len(ports) == 0 {
			r.Ports = append(r.Ports, protocol)
		}
		for _, p := range ports {
			r.Ports = append(r.Ports, fmt.Sprintf("%s:%s", protocol, p))
		}
	}
	for _, a := range f.Allowed {
		add(a.IPProtocol, a.Ports)
	}
	for _, d := range f.Denied {
		add(d.IPProtocol, d.Ports)
	}
	return r
}
