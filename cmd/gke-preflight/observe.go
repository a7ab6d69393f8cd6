package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/gke-preflight/gke-preflight/gke"
	"github.com/gke-preflight/gke-preflight/gke/dial"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// observeFlags say which cluster to look at, for which target, and how to ask.
type observeFlags struct {
	kubeconfig   string
	overrides    clientcmd.ConfigOverrides
	gke          gke.Flags
	target       string
	vantage      string
	serverDryRun string
	timeout      time.Duration
}

func (o *observeFlags) bind(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&o.target, "target-version", "", "version to upgrade to: 1.36, 1.36.3, 1.36.3-gke.100, latest or - (the default of the release channel); default: what GKE would upgrade to next")
	fs.StringVar(&o.gke.Project, "project", "", "Google Cloud project of the cluster; read from a context named gke_PROJECT_LOCATION_CLUSTER")
	fs.StringVar(&o.gke.Location, "location", "", "region or zone of the cluster")
	fs.StringVar(&o.gke.Cluster, "cluster", "", "name of the cluster in GKE")
	fs.StringVar(&o.gke.Endpoint, "gke-endpoint", "", "URL of another GKE API; default: $"+gke.EndpointVariable+", then Google's own")
	fs.BoolVar(&o.gke.NoGKE, "no-gke", false, "leave out the GKE API, and the checks that need it")
	fs.StringVar(&o.vantage, "vantage", "auto", "where webhooks are asked from: service-proxy (through the API server), pod-network (directly), auto")
	fs.StringVar(&o.serverDryRun, "server-dry-run", "auto", "let the API server try each write itself, changing nothing: auto (where permitted), never, always")
	fs.DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long collecting and probing may take altogether")
	fs.StringVar(&o.kubeconfig, "kubeconfig", "", "path to the kubeconfig file; default: $KUBECONFIG, then ~/.kube/config")
	o.bindOverrides(fs)
	complete(cmd, "vantage", "auto", string(facts.ServiceProxy), string(facts.PodNetwork))
	complete(cmd, "server-dry-run", string(probe.Auto), string(probe.Never), string(probe.Always))
}

// bindOverrides adds kubectl's own flags. --cluster is the GKE cluster here, and
// the flags for credentials on the command line are there and not shown.
func (o *observeFlags) bindOverrides(fs *pflag.FlagSet) {
	names := clientcmd.RecommendedConfigOverrideFlags("")
	names.ContextOverrideFlags.ClusterName.LongName = ""
	names.ContextOverrideFlags.Namespace.LongName = ""
	clientcmd.BindOverrideFlags(&o.overrides, fs, names)
	hide(fs, "token", "username", "password", "client-certificate", "client-key", "certificate-authority",
		"insecure-skip-tls-verify", "tls-server-name", "disable-compression", "as-user-extra", "proxy-url", "server")
}

func (o *observeFlags) validate() error {
	if err := oneOf("--vantage", o.vantage, "auto", string(facts.ServiceProxy), string(facts.PodNetwork)); err != nil {
		return err
	}
	if o.timeout <= 0 {
		return fmt.Errorf("--timeout: %v is not a time to wait", o.timeout)
	}
	return oneOf("--server-dry-run", o.serverDryRun, string(probe.Auto), string(probe.Never), string(probe.Always))
}

// observe reads the facts, asks the backends and returns what it saw.
func (o *observeFlags) observe(cmd *cobra.Command) (*facts.Snapshot, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), o.timeout)
	defer cancel()
	say := newProgress(cmd.ErrOrStderr())
	defer say.clear()

	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.kubeconfig
	o.gke.Kubeconfig, o.gke.Overrides, o.gke.Version = rules, &o.overrides, toolVersion()
	say.say("connecting")
	conn, err := gke.Connect(ctx, o.gke)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	identity, err := conn.Identity(ctx)
	if err != nil {
		return nil, err
	}
	s := facts.New(facts.Meta{Tool: toolVersion(), Cluster: conn.Cluster, Identity: identity}, collect(ctx, conn, say)...)
	m := s.Meta
	m.CollectedAt = time.Now().UTC().Truncate(time.Second)
	if m.Target, m.TargetOrigin, err = gke.ResolveTarget(o.target, s); err != nil {
		return nil, err
	}
	s = s.WithMeta(m)
	return s.With(facts.Present(facts.Attempts, o.ask(ctx, conn, s, say))), nil
}

// collect reads both sources at the same time.
func collect(ctx context.Context, conn *gke.Connection, say *progress) []facts.Observation {
	var mu sync.Mutex
	read := 0
	each := func(o facts.Observation) {
		mu.Lock()
		defer mu.Unlock()
		read++
		say.say("collecting %d/%d %s", read, len(facts.All()), o.Fact.ID())
	}
	var fromGKE []facts.Observation
	var wg sync.WaitGroup
	wg.Go(func() { fromGKE = conn.CollectGKE(ctx, each) })
	fromKubernetes := kube.Collect(ctx, conn.Kubernetes, kube.Options{Version: toolVersion(), Progress: each})
	wg.Wait()
	return append(fromKubernetes, fromGKE...)
}

// ask puts the questions to the backends.
func (o *observeFlags) ask(ctx context.Context, conn *gke.Connection, s *facts.Snapshot, say *progress) []facts.Attempt {
	vantage := facts.Vantage(o.vantage)
	if o.vantage == "auto" {
		vantage = facts.ServiceProxy
		if conn.InCluster {
			vantage = facts.PodNetwork
		}
	}
	requests := probe.Plan(s, probe.Intercept(s), probe.Options{Vantage: vantage, ServerDryRun: probe.DryRun(o.serverDryRun)})
	return dial.Probe(ctx, requests, dial.Clients{
		Config:   conn.Kubernetes,
		Identity: s.Meta.Identity,
		Inside:   vantage == facts.PodNetwork,
		Progress: func(done, total int) { say.say("probing webhooks %d/%d", done, total) },
	})
}
