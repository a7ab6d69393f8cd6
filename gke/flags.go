package gke

import (
	"cmp"
	"strings"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/gke-preflight/gke-preflight/gke/google"
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
	// InCluster reaches the API server by the Pod's own credentials, even where the
	// cluster is named in full.
	InCluster bool
	// Options are for what Google tells of the cluster.
	google.Options
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
		out.Project = cmp.Or(out.Project, parts[1])
		out.Location = cmp.Or(out.Location, parts[2])
		out.Name = cmp.Or(out.Name, parts[3])
	}
	return out
}
