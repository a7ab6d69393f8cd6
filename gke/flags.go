package gke

import (
	"fmt"
	"os"
	"strings"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/gke-preflight/gke-preflight/gke/requests"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Flags say which cluster is meant. All of it may be left out.
type Flags struct {
	// Kubeconfig are the rules by which kubeconfig files are found; nil for kubectl's own.
	Kubeconfig *clientcmd.ClientConfigLoadingRules
	// Overrides are the usual overrides of a kubeconfig, as
	// clientcmd.BindOverrideFlags fills them in; nil for none.
	Overrides *clientcmd.ConfigOverrides
	// Project, Location and Cluster name the cluster in the GKE API. They win over
	// what the context's name says.
	Project, Location, Cluster string
	// Endpoint is the URL of another GKE API. Empty for that of the environment
	// variable [EndpointVariable], or Google's own without it. One with plain http
	// is asked without credentials.
	Endpoint string
	// Insights is the URL of another Recommender, for GKE's insights; empty for
	// Google's own, or for none where Endpoint names another GKE API.
	Insights string
	// Compute is the URL of another Compute API, for firewall rules and quotas; empty for
	// Google's own, or for none where Endpoint names another GKE API.
	Compute string
	// InCluster reaches the API server by the Pod's own credentials, even where the
	// cluster is named in full.
	InCluster bool
	// Monitoring is the URL of another Cloud Monitoring, for the past week's latency;
	// empty for Google's own, or for none where Endpoint names another GKE API.
	Monitoring string
	// ResourceManager is the URL of another Cloud Resource Manager, for the projects of
	// a folder; empty for Google's own.
	ResourceManager string
	// Requests is told of each request to the API server and to Google; nil for nobody.
	Requests requests.Teller
	// NoGKE leaves the GKE API out.
	NoGKE bool
	// Version is the version of gke-preflight, for the user agent.
	Version string
}

// EndpointVariable is gcloud's own environment variable for another GKE API.
const EndpointVariable = "CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER"

func (f Flags) endpoint() string { return either(f.Endpoint, os.Getenv(EndpointVariable)) }

// container is the GKE API.
func (f Flags) container() endpoint {
	return endpoint{"--gke-endpoint, or set " + EndpointVariable + ",", f.endpoint()}
}

func (f Flags) withDefaults() Flags {
	if f.Kubeconfig == nil {
		f.Kubeconfig = clientcmd.NewDefaultClientConfigLoadingRules()
	}
	if f.Overrides == nil {
		f.Overrides = &clientcmd.ConfigOverrides{}
	}
	return f
}

// byName reports whether the cluster is to be found by its name in the GKE API
// rather than in a kubeconfig.
func (f Flags) byName() bool {
	return f.Project != "" && f.Location != "" && f.Cluster != "" && !f.InCluster && !f.kubeconfigAsked()
}

// kubeconfigAsked reports whether a flag says which server to reach.
func (f Flags) kubeconfigAsked() bool {
	o := f.Overrides
	return f.Kubeconfig.ExplicitPath != "" || o.CurrentContext != "" || o.Context.Cluster != "" || o.ClusterInfo.Server != ""
}

// name returns the cluster's name in the GKE API, as far as the flags and the
// context's name tell it.
func (f Flags) name(context string) facts.Cluster {
	out := facts.Cluster{Name: f.Cluster, Location: f.Location, Project: f.Project}
	if parts := strings.Split(context, "_"); len(parts) == 4 && parts[0] == "gke" {
		out.Project = either(out.Project, parts[1])
		out.Location = either(out.Location, parts[2])
		out.Name = either(out.Name, parts[3])
	}
	return out
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// missing names the flags that are needed to find the cluster in the GKE API;
// it is empty if all is known.
func missing(c facts.Cluster) string {
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
