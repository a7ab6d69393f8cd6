package gke

import (
	"context"
	"errors"
	"fmt"
	"time"

	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	recommender "cloud.google.com/go/recommender/apiv1"
	compute "google.golang.org/api/compute/v1"
	monitoring "google.golang.org/api/monitoring/v3"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// callTimeout bounds each call of the GKE API: the Fetch methods have no bound
// of their own.
const callTimeout = 20 * time.Second

// api is the GKE API as far as it is about one cluster.
type api struct {
	name facts.Cluster
	// client is nil where left says why.
	client *container.ClusterManagerClient
	left   facts.Absence
	// cluster is the answer of GetCluster, nil where err says why.
	cluster *containerpb.Cluster
	err     error
	// trusted says that what the API tells came over TLS or from this machine, so
	// that a token may be sent to the address that it names.
	trusted bool
	// login is by Application Default Credentials; nil where the GKE API is left out.
	login login
	// insights is nil where insightsLeft says why.
	insights     *recommender.Client
	insightsLeft facts.Absence
	// compute is nil where computeLeft says why.
	compute     *compute.Service
	computeLeft facts.Absence
	// monitoring is nil where monitoringLeft says why.
	monitoring     *monitoring.Service
	monitoringLeft facts.Absence
}

// openAPI makes the clients and asks for the cluster. It returns an error only for
// an endpoint that can't be one.
func openAPI(ctx context.Context, f Flags, name facts.Cluster) (*api, error) {
	a := &api{name: name}
	if f.NoGKE {
		a.left = facts.Absence{Reason: facts.LeftOut, Detail: "--no-gke"}
		return a, nil
	}
	if flags := missing(name); flags != "" {
		a.left = facts.Absence{Reason: facts.NotCollected, Detail: "which GKE cluster this is is unknown: pass " + flags + ", or --no-gke if it is none"}
		return a, nil
	}
	a.trusted, a.login = f.container().trusted(), newLogin(ctx)
	for _, open := range []func(context.Context, Flags) error{a.openContainer, a.openInsights, a.openCompute, a.openMonitoring} {
		if err := open(ctx, f); err != nil {
			return nil, err
		}
	}
	if a.client == nil {
		return a, nil
	}
	a.cluster, a.err = twice(ctx, func(ctx context.Context) (*containerpb.Cluster, error) {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		return a.client.GetCluster(ctx, &containerpb.GetClusterRequest{Name: path(name)})
	})
	return a, nil
}

// openContainer makes the client of the GKE API.
func (a *api) openContainer(ctx context.Context, f Flags) error {
	options, err := f.options(ctx, a.login, f.container())
	if err == nil {
		a.client, err = container.NewClusterManagerRESTClient(ctx, options...)
	} else if !notLoggedIn(err) {
		return err
	}
	if err != nil {
		a.client, a.err, a.left = nil, err, notAuthenticated(err)
	}
	return nil
}

func notAuthenticated(err error) facts.Absence {
	return facts.Absence{Reason: facts.Unauthenticated, Detail: credentialsHint(err, err.Error())}
}

func (a *api) close() error {
	var err error
	if a.client != nil {
		err = a.client.Close()
	}
	if a.insights != nil {
		err = errors.Join(err, a.insights.Close())
	}
	return err
}

// explain says what to do about a cluster that can't be found by name.
func (a *api) explain() error {
	c, absence := a.name, containerAPI.why(a.err, a.name)
	if a.client == nil {
		absence = a.left
	}
	switch {
	case absence.Reason == facts.NotFound:
		return fmt.Errorf("there is no cluster %s in %s of project %s: check --project, --location and --cluster; gcloud container clusters list --project %s lists what there is",
			c.Name, c.Location, c.Project, c.Project)
	case errors.Is(a.err, context.Canceled):
		return a.err
	}
	return fmt.Errorf("the GKE API does not tell of cluster %s: %s", c.Name, absence.Detail)
}
