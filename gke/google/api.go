package google

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	recommender "cloud.google.com/go/recommender/apiv1"
	"golang.org/x/oauth2"
	monitoring "google.golang.org/api/monitoring/v3"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// callTimeout bounds each call of the GKE API: the Fetch methods have no bound
// of their own.
const callTimeout = 20 * time.Second

// API is what Google tells of one cluster: the GKE API, and the others beside it. The
// zero API has not been asked.
type API struct {
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
	compute     *computeClient
	computeLeft facts.Absence
	// monitoring is nil where monitoringLeft says why.
	monitoring     *monitoring.Service
	monitoringLeft facts.Absence
}

// Open makes the clients and asks for the cluster. It returns an error only for
// an endpoint that can't be one.
func Open(ctx context.Context, o Options, name facts.Cluster) (*API, error) {
	a := &API{name: name}
	if o.NoGKE {
		a.left = facts.Absence{Reason: facts.LeftOut, Detail: "--no-gke"}
		return a, nil
	}
	if flags := Missing(name); flags != "" {
		a.left = facts.Absence{Reason: facts.NotCollected, Detail: "which GKE cluster this is is unknown: pass " + flags + ", or --no-gke if it is none"}
		return a, nil
	}
	a.trusted, a.login = o.container().trusted(), newLogin(ctx)
	for _, open := range []func(context.Context, Options) error{a.openContainer, a.openInsights, a.openCompute, a.openMonitoring} {
		if err := open(ctx, o); err != nil {
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
func (a *API) openContainer(ctx context.Context, o Options) error {
	options, err := o.options(ctx, a.login, o.container())
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
	return facts.Absence{Reason: facts.Unauthenticated, Detail: CredentialsHint(err, err.Error())}
}

// Left says why the GKE API is not asked at all; it is zero where it is.
func (a *API) Left() facts.Absence {
	if a.client != nil {
		return facts.Absence{}
	}
	return a.left
}

// Absence says why the cluster is not known; it is zero where it is.
func (a *API) Absence() facts.Absence {
	switch {
	case a.client == nil:
		return a.left
	case a.err != nil:
		return containerAPI.why(a.err, a.name)
	}
	return facts.Absence{}
}

// Cluster is what the GKE API tells of the cluster, nil where [API.Absence] says why.
func (a *API) Cluster() *containerpb.Cluster { return a.cluster }

// TokenSource gives out tokens by Application Default Credentials, for the API server at
// the address that the GKE API tells. The error says what to do.
func (a *API) TokenSource() (oauth2.TokenSource, error) {
	if !a.trusted {
		return nil, errors.New("the GKE endpoint is plain http on another machine, so a token can't be sent to the address that it names: use https, or pass --context")
	}
	credentials, err := a.login()
	if err != nil {
		return nil, fmt.Errorf("cluster %s can't be reached: %s, or pass --context", a.name.Name, CredentialsHint(err, err.Error()))
	}
	return credentials.TokenSource, nil
}

// Close ends what the clients hold open.
func (a *API) Close() error {
	var err error
	if a.client != nil {
		err = a.client.Close()
	}
	if a.insights != nil {
		err = errors.Join(err, a.insights.Close())
	}
	return err
}

// Explain is the error of a cluster that can't be found by its name, with what to do; nil
// for one that was found.
func (a *API) Explain() error {
	c, absence := a.name, a.Absence()
	switch {
	case a.err == nil:
		return nil
	case absence.Reason == facts.NotFound:
		return fmt.Errorf("there is no cluster %s in %s of project %s: check --project, --location and --cluster; gcloud container clusters list --project %s lists what there is",
			c.Name, c.Location, c.Project, c.Project)
	case errors.Is(a.err, context.Canceled):
		return a.err
	}
	return fmt.Errorf("the GKE API does not tell of cluster %s: %s", c.Name, absence.Detail)
}

// Missing names the flags that are needed to find the cluster in the GKE API;
// it is empty if all is known.
func Missing(c facts.Cluster) string {
	var flags []string
	for _, f := range []struct{ value, flag string }{{c.Project, "--project"}, {c.Location, "--location"}, {c.Name, "--cluster"}} {
		if f.value == "" {
			flags = append(flags, f.flag)
		}
	}
	return strings.Join(flags, ", ")
}

// path is the cluster's name as the GKE API spells it.
func path(c facts.Cluster) string {
	return fmt.Sprintf("%s/clusters/%s", parent(c), c.Name)
}

func parent(c facts.Cluster) string {
	return fmt.Sprintf("projects/%s/locations/%s", c.Project, c.Location)
}
