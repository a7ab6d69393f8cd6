package google

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// openCompute makes the client of Compute.
func (a *API) openCompute(ctx context.Context, o Options) (err error) {
	a.compute, a.computeLeft, err = beside(ctx, a.login, o, "Compute API", endpoint{"--compute-endpoint", o.Compute}, newCompute)
	return err
}

// ofCompute is the collector of a fact that Compute tells. read returns the project
// that was asked beside the value.
func ofCompute[T any](k facts.Key[T], read func(*API, context.Context) (T, string, error)) collector {
	return func(ctx context.Context, a *API) facts.Observation {
		switch {
		case a.client == nil && a.left.Reason != facts.Unauthenticated:
			return facts.Observation{Fact: k, Absence: a.left}
		case a.compute == nil:
			return facts.Observation{Fact: k, Absence: a.computeLeft}
		}
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		var project string
		v, err := twice(ctx, func(ctx context.Context) (v T, err error) {
			v, project, err = read(a, ctx)
			return v, err
		})
		var untold notTold
		switch {
		case err == nil:
			return facts.Present(k, v)
		case errors.As(err, &untold):
			return facts.Absent(k, facts.NotCollected, untold.Error())
		case err == a.err:
			return facts.Observation{Fact: k, Absence: containerAPI.why(err, a.name)}
		}
		return facts.Observation{Fact: k, Absence: computeAPI.why(err, facts.Cluster{Project: project})}
	}
}

// notTold says what the GKE API leaves out.
type notTold string

func (n notTold) Error() string { return "the GKE API does not tell of " + string(n) }

// networkOf takes projects/PROJECT/global/networks/NAME apart; the project is the
// host project where the VPC is shared.
func networkOf(path string) (project, name string, ok bool) {
	parts := strings.Split(path, "/")
	if len(parts) != 5 || parts[0] != "projects" || parts[3] != "networks" {
		return "", "", false
	}
	return parts[1], parts[4], true
}

func (a *API) readFirewall(ctx context.Context) ([]facts.FirewallRule, string, error) {
	if a.err != nil {
		return nil, "", a.err
	}
	project, network, ok := networkOf(a.cluster.GetNetworkConfig().GetNetwork())
	if !ok {
		return nil, "", notTold("the cluster's VPC network")
	}
	rules := []facts.FirewallRule{}
	given := pageTokens{}
	err := a.compute.firewalls(ctx, project, func(page []firewall, next string) error {
		for _, f := range page {
			if f.Direction == "INGRESS" && !f.Disabled && strings.HasSuffix(f.Network, "/global/networks/"+network) {
				rules = append(rules, firewallRule(f))
			}
		}
		return given.again(next)
	})
	slices.SortFunc(rules, func(x, y facts.FirewallRule) int {
		return cmp.Or(cmp.Compare(x.Priority, y.Priority), strings.Compare(x.Name, y.Name))
	})
	return rules, project, err
}

func firewallRule(f firewall) facts.FirewallRule {
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
		add(a.Protocol, a.Ports)
	}
	for _, d := range f.Denied {
		add(d.Protocol, d.Ports)
	}
	return r
}
