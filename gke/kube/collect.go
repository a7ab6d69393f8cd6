package kube

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Collect reads every fact whose source is the API server at cfg, all at the
// same time, and returns one observation for each, in the order of [facts.All].
// What could not be read is absent with its reason; that keeps nothing else
// from being read, except what depends on it.
func Collect(ctx context.Context, cfg *rest.Config, o Options) []facts.Observation {
	all := collectors()
	out := make([]facts.Observation, len(all))
	r, err := newReader(cfg, o)
	if err != nil {
		for i, c := range all {
			out[i] = facts.Observation{Fact: c.fact, Absence: Why(err)}
		}
		return out
	}
	ctx, cancel := context.WithTimeout(quiet(ctx), r.options.Timeout)
	defer cancel()
	shared := share(ctx, r)
	var reported sync.Mutex
	var g errgroup.Group
	for i, c := range all {
		g.Go(func() error {
			out[i] = c.read(ctx, shared)
			reported.Lock()
			defer reported.Unlock()
			r.options.Progress(out[i])
			return nil
		})
	}
	_ = g.Wait()
	return out
}

// A collector reads one fact.
type collector struct {
	fact facts.Fact
	read func(context.Context, *cluster) facts.Observation
}

func of[T any](k facts.Key[T], read func(context.Context, *cluster) (T, error)) collector {
	return collector{k, func(ctx context.Context, c *cluster) facts.Observation {
		v, err := read(ctx, c)
		if err != nil {
			return facts.Observation{Fact: k, Absence: Why(err)}
		}
		return facts.Present(k, v)
	}}
}

func collectors() []collector {
	return []collector{
		of(facts.ServerVersion, shared(func(c *cluster) lazy[facts.Version] { return c.version })),
		of(facts.APIResources, shared(func(c *cluster) lazy[[]facts.APIResource] { return c.resources })),
		of(facts.APIServerMetrics, metrics),
		of(facts.DeprecatedAPIs, deprecatedAPIs),
		of(facts.CustomResources, customResources),
		{facts.HelmReleases, helmReleases},
		{facts.HelmCharts, helmCharts},
		of(facts.ValidatingWebhooks, shared(func(c *cluster) lazy[validatingWebhooks] { return c.validatingWebhooks })),
		of(facts.MutatingWebhooks, shared(func(c *cluster) lazy[mutatingWebhooks] { return c.mutatingWebhooks })),
		of(facts.ValidatingPolicies, shared(func(c *cluster) lazy[validatingPolicies] { return c.validatingPolicies })),
		of(facts.ValidatingPolicyBindings, shared(func(c *cluster) lazy[validatingBindings] { return c.validatingBindings })),
		of(facts.MutatingPolicies, shared(func(c *cluster) lazy[mutatingPolicies] { return c.mutatingPolicies })),
		of(facts.MutatingPolicyBindings, shared(func(c *cluster) lazy[mutatingBindings] { return c.mutatingBindings })),
		of(facts.PolicyParams, policyParams),
		of(facts.Namespaces, namespaces),
		of(facts.Services, services),
		of(facts.Endpoints, endpoints),
		of(facts.BackendPods, backendPods),
		of(facts.BackendWorkloads, backendWorkloads),
		of(facts.DisruptionBudgets, disruptionBudgets),
		of(facts.PodGroups, podGroups),
		of(facts.LocalVolumes, localVolumes),
		of(facts.PodDetails, podDetails),
		of(facts.NodeRequests, nodeRequests),
		of(facts.NetworkPlugins, networkPlugins),
		of(facts.ProbeTimeouts, probeTimeouts),
		of(facts.CriticalQuotas, criticalQuotas),
		of(facts.LooseAddresses, looseAddresses),
		of(facts.Images, images),
		of(facts.IngressClasses, ingressClasses),
		of(facts.Nodes, nodes),
		of(facts.NodeLeases, nodeLeases),
		of(facts.NodeEvents, nodeEvents),
		of(facts.KubeProxies, kubeProxies),
		of(facts.ClusterRoles, clusterRoles),
		of(facts.ClusterRoleBindings, clusterRoleBindings),
		of(facts.Roles, roles),
		of(facts.RoleBindings, roleBindings),
		of(facts.PriorityClasses, priorityClasses),
		of(facts.FlowSchemas, flowSchemas),
		of(facts.PriorityLevels, priorityLevels),
		of(facts.APIServices, shared(func(c *cluster) lazy[[]facts.APIService] { return c.apiServices })),
		of(facts.ServiceCIDRs, serviceCIDRs),
		of(facts.IPAddresses, ipAddresses),
		of(facts.Conversions, shared(func(c *cluster) lazy[[]facts.Conversion] { return c.conversions })),
		of(facts.SystemConfigMaps, systemConfigMaps),
		of(facts.IdentityLeases, identityLeases),
		of(facts.KubernetesService, kubernetesService),
		of(facts.NetworkPolicies, networkPolicies),
		of(facts.OtherNetworkPolicies, otherNetworkPolicies),
		of(facts.KonnectivityAgents, konnectivityAgents),
	}
}
