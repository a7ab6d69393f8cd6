package gke

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/gke-preflight/gke-preflight/gke/google"
)

const (
	contextWay   = "context "
	inClusterWay = "in-cluster"
)

// connectByConfig finds the API server in a kubeconfig, or inside the cluster
// where there is none.
func connectByConfig(f Flags) (*Connection, error) {
	if f.InCluster {
		return connectInside(f)
	}
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(f.Kubeconfig, f.Overrides)
	raw, err := loader.RawConfig()
	if err != nil {
		return nil, explainFile(f, err)
	}
	if !f.kubeconfigAsked() && len(raw.Contexts) == 0 {
		return connectInside(f)
	}
	name := cmp.Or(f.Overrides.CurrentContext, raw.CurrentContext)
	if name != "" && raw.Contexts[name] == nil {
		return nil, fmt.Errorf("the kubeconfig has no context %q: %s", name, contexts(raw))
	}
	if name == "" && f.Overrides.ClusterInfo.Server == "" {
		return nil, fmt.Errorf("the kubeconfig has no current context: %s", contexts(raw))
	}
	cfg, err := loader.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("context %q can't be used: %w", name, err)
	}
	if p := cfg.AuthProvider; p != nil {
		return nil, fmt.Errorf("context %q logs in by auth-provider %s, which Kubernetes' clients have not had since 1.26: write it anew by gcloud container clusters get-credentials, which uses gke-gcloud-auth-plugin", name, p.Name)
	}
	way := contextWay + name
	if name == "" {
		way = "--server"
	}
	return &Connection{Kubernetes: cfg, Cluster: f.name(name), Way: way}, nil
}

func explainFile(f Flags, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no kubeconfig %s: check --kubeconfig, or write one by gcloud container clusters get-credentials", f.Kubeconfig.ExplicitPath)
	}
	return fmt.Errorf("the kubeconfig can't be read: %w", err)
}

func contexts(raw clientcmdapi.Config) string {
	names := slices.Sorted(maps.Keys(raw.Contexts))
	if len(names) == 0 {
		return "it has no contexts at all; write one by gcloud container clusters get-credentials"
	}
	const most = 10
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("and %d more", more))
	}
	return "pass --context with one of " + strings.Join(names, ", ")
}

func connectInside(f Flags) (*Connection, error) {
	cfg, err := rest.InClusterConfig()
	if errors.Is(err, rest.ErrNotInCluster) && f.InCluster {
		return nil, errors.New("this is no Pod: leave out --in-cluster")
	}
	if errors.Is(err, rest.ErrNotInCluster) {
		hint := "write a kubeconfig by gcloud container clusters get-credentials, or pass --project, --location and --cluster"
		if f.Project != "" || f.Location != "" || f.Cluster != "" {
			hint = "pass " + google.Missing(f.name("")) + " as well"
		}
		return nil, fmt.Errorf("there is no kubeconfig, and this is no Pod: %s", hint)
	}
	if err != nil {
		return nil, fmt.Errorf("the Pod's own credentials can't be used: %w", err)
	}
	return &Connection{Kubernetes: cfg, Cluster: f.name(""), Way: inClusterWay, InCluster: true}, override(cfg, f.Overrides)
}

// override applies what can be overridden whatever the way: impersonation and
// the request timeout.
func override(cfg *rest.Config, o *clientcmd.ConfigOverrides) error {
	if user := o.AuthInfo; user.Impersonate != "" {
		cfg.Impersonate = rest.ImpersonationConfig{UserName: user.Impersonate, UID: user.ImpersonateUID, Groups: user.ImpersonateGroups, Extra: user.ImpersonateUserExtra}
	}
	if o.Timeout == "" {
		return nil
	}
	timeout, err := clientcmd.ParseTimeout(o.Timeout)
	if err != nil {
		return fmt.Errorf("--request-timeout: %w", err)
	}
	cfg.Timeout = timeout
	return nil
}
