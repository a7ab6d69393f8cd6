package google

import (
	"context"
	"strings"
	"sync"

	"cloud.google.com/go/container/apiv1/containerpb"
	"golang.org/x/sync/errgroup"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// atOnce is the number of calls under way at the same time.
const atOnce = 8

// Collect reads every fact whose source is the GKE API, all at the same time,
// and returns one observation for each, in the order of [facts.All]. progress,
// if not nil, is called once for each, one call at a time.
func (a *API) Collect(ctx context.Context, progress func(facts.Observation)) []facts.Observation {
	all := []collector{
		of(facts.GKECluster, (*API).readCluster),
		of(facts.GKESettings, (*API).readSettings),
		of(facts.GKENetwork, (*API).readNetwork),
		of(facts.GKENodePools, (*API).readNodePools),
		of(facts.GKEServerConfig, (*API).readServerConfig),
		of(facts.GKEOperations, (*API).readOperations),
		of(facts.GKEUpgradeInfo, (*API).readUpgradeInfo),
		of(facts.GKENodePoolUpgradeInfo, (*API).readNodePoolUpgradeInfo),
		ofInsights,
		ofCompute(facts.GKEFirewall, (*API).readFirewall),
		ofCompute(facts.GKEQuotas, (*API).readQuotas),
		ofLatency,
	}
	out := make([]facts.Observation, len(all))
	var reported sync.Mutex
	var g errgroup.Group
	for i, read := range all {
		g.Go(func() error {
			out[i] = read(ctx, a)
			reported.Lock()
			defer reported.Unlock()
			if progress != nil {
				progress(out[i])
			}
			return nil
		})
	}
	_ = g.Wait()
	return out
}

type collector func(context.Context, *API) facts.Observation

func of[T any](k facts.Key[T], read func(*API, context.Context) (T, error)) collector {
	return func(ctx context.Context, a *API) facts.Observation {
		if a.client == nil {
			return facts.Observation{Fact: k, Absence: a.left}
		}
		v, err := twice(ctx, func(ctx context.Context) (T, error) { return read(a, ctx) })
		if err == nil {
			return facts.Present(k, v)
		}
		if cut, ok := err.(truncated); ok {
			return facts.Absent(k, facts.Truncated, cut.Error())
		}
		return facts.Observation{Fact: k, Absence: containerAPI.why(err, a.name)}
	}
}

// ofInsights reads the insights, which another API tells of.
func ofInsights(ctx context.Context, a *API) facts.Observation {
	switch {
	case a.client == nil && a.left.Reason != facts.Unauthenticated:
		return facts.Observation{Fact: facts.GKEInsights, Absence: a.left}
	case a.insights == nil:
		return facts.Observation{Fact: facts.GKEInsights, Absence: a.insightsLeft}
	}
	v, err := twice(ctx, a.readInsights)
	if err != nil {
		return facts.Observation{Fact: facts.GKEInsights, Absence: recommenderAPI.why(err, a.name)}
	}
	return facts.Present(facts.GKEInsights, v)
}

// truncated is the answer of a location in which some zones did not answer.
type truncated struct{ zones []string }

func (t truncated) Error() string {
	return "the GKE API got no answer from " + strings.Join(t.zones, ", ") + ": run it again later"
}

func (a *API) readCluster(context.Context) (facts.ClusterConfig, error) {
	if a.err != nil {
		return facts.ClusterConfig{}, a.err
	}
	return clusterConfig(a.cluster), nil
}

func (a *API) readSettings(context.Context) (facts.ClusterSettings, error) {
	if a.err != nil {
		return facts.ClusterSettings{}, a.err
	}
	return clusterSettings(a.cluster), nil
}

func (a *API) readNodePools(context.Context) ([]facts.NodePool, error) {
	if a.err != nil {
		return nil, a.err
	}
	return nodePools(a.cluster), nil
}

func (a *API) readServerConfig(ctx context.Context) (facts.ServerConfig, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := a.client.GetServerConfig(ctx, &containerpb.GetServerConfigRequest{Name: parent(a.name)})
	return serverConfig(answer), err
}

func (a *API) readOperations(ctx context.Context) ([]facts.Operation, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := a.client.ListOperations(ctx, &containerpb.ListOperationsRequest{Parent: parent(a.name)})
	if err != nil {
		return nil, err
	}
	if zones := answer.GetMissingZones(); len(zones) > 0 {
		return nil, truncated{zones}
	}
	return operations(answer.GetOperations(), a.name.Name), nil
}

func (a *API) readUpgradeInfo(ctx context.Context) (facts.UpgradeInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := a.client.FetchClusterUpgradeInfo(ctx, &containerpb.FetchClusterUpgradeInfoRequest{Name: path(a.name)})
	out := upgradeInfo(answer, answer.GetAutoUpgradeStatus(), answer.GetPausedReason())
	out.Rollback = rollback(answer.GetRollbackSafeUpgradeStatus())
	return out, err
}

func (a *API) readNodePoolUpgradeInfo(ctx context.Context) (map[string]facts.UpgradeInfo, error) {
	if a.err != nil {
		return nil, a.err
	}
	out := map[string]facts.UpgradeInfo{}
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(atOnce)
	for _, pool := range a.cluster.GetNodePools() {
		g.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, callTimeout)
			defer cancel()
			name := path(a.name) + "/nodePools/" + pool.GetName()
			answer, err := a.client.FetchNodePoolUpgradeInfo(ctx, &containerpb.FetchNodePoolUpgradeInfoRequest{Name: name})
			mu.Lock()
			defer mu.Unlock()
			out[pool.GetName()] = upgradeInfo(answer, answer.GetAutoUpgradeStatus(), answer.GetPausedReason())
			return err
		})
	}
	return out, g.Wait()
}
