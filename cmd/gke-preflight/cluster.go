package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/gke-preflight/gke-preflight/gke"
	"github.com/gke-preflight/gke-preflight/gke/google"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/gke/requests"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/target"
)

// clusterFlags say which cluster to look at, and for which target.
type clusterFlags struct {
	kubeconfig string
	overrides  clientcmd.ConfigOverrides
	gke        gke.Flags
	target     string
	timeout    time.Duration
	helm       bool
	clock      clockFlags
	// verbose tells of each request on stderr.
	verbose int
	// orRunning looks at the version that runs where GKE would upgrade to no other.
	orRunning bool
}

func (c *clusterFlags) bind(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&c.target, "target-version", "", "version to upgrade to: 1.36, 1.36.3, 1.36.3-gke.100, latest, - (the default of the release channel), rapid, regular, stable, extended (a channel's default) or running; default: what GKE would upgrade to next")
	fs.StringVar(&c.gke.Project, "project", "", "Google Cloud project of the cluster; read from a context named gke_PROJECT_LOCATION_CLUSTER")
	fs.StringVar(&c.gke.Location, "location", "", "region or zone of the cluster")
	fs.StringVar(&c.gke.Cluster, "cluster", "", "name of the cluster in GKE")
	fs.StringVar(&c.gke.Endpoint, "gke-endpoint", "", "URL of another GKE API; default: $"+google.EndpointVariable+", then Google's own")
	fs.StringVar(&c.gke.Insights, "recommender-endpoint", "", "URL of another Recommender API, for GKE's insights; default: Google's own, or none beside another GKE API")
	fs.StringVar(&c.gke.Monitoring, "monitoring-endpoint", "", "URL of another Cloud Monitoring API, for the past week's latency; default: Google's own, or none beside another GKE API")
	fs.StringVar(&c.gke.Compute, "compute-endpoint", "", "URL of another Compute API, for firewall rules and quotas; default: Google's own, or none beside another GKE API")
	fs.BoolVar(&c.gke.NoGKE, "no-gke", false, "leave out the GKE API, and the checks that need it")
	fs.DurationVar(&c.timeout, "timeout", 5*time.Minute, "how long all of it may take")
	fs.StringVar(&c.kubeconfig, "kubeconfig", "", "path to the kubeconfig file; default: $KUBECONFIG, then ~/.kube/config")
	c.bindOverrides(fs)
	fs.CountVarP(&c.verbose, "verbose", "v", "tell of each request on standard error: method, path, status and milliseconds")
	c.gke.Requests = c.teller(cmd)
	completeTargets(cmd)
	c.completeContexts(cmd)
}

// teller tells of requests where --verbose asks for that.
func (c *clusterFlags) teller(cmd *cobra.Command) requests.Teller {
	var mu sync.Mutex
	return func(r requests.Request) {
		if c.verbose == 0 {
			return
		}
		status := "-"
		if r.Status != 0 {
			status = strconv.Itoa(r.Status)
		}
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(cmd.ErrOrStderr(), "gke-preflight: %s %s%s %s %d ms\n", r.Method, r.Host, preflight.Clean(r.Path), status, r.Took.Milliseconds())
	}
}

// progress is what a person sees who waits; nothing where every request is told of.
func (c *clusterFlags) progress(cmd *cobra.Command) *progress {
	if c.verbose > 0 {
		return &progress{}
	}
	return newProgress(cmd.ErrOrStderr())
}

// bindHelm adds the flag of the verbs whose outcome Helm releases are part of.
func (c *clusterFlags) bindHelm(fs *pflag.FlagSet) {
	fs.BoolVar(&c.helm, "helm", false, "look for removed APIs in Helm releases, and for charts that are not for the target: reads the Secrets of type helm.sh/release.v1, and keeps the names of releases, of charts and of the objects concerned")
}

// bindOverrides adds kubectl's own flags. --cluster is the GKE cluster here, and
// the flags for credentials on the command line are there and not shown.
func (c *clusterFlags) bindOverrides(fs *pflag.FlagSet) {
	names := clientcmd.RecommendedConfigOverrideFlags("")
	names.ContextOverrideFlags.ClusterName.LongName = ""
	names.ContextOverrideFlags.Namespace.LongName = ""
	clientcmd.BindOverrideFlags(&c.overrides, fs, names)
	hide(fs, "token", "username", "password", "client-certificate", "client-key", "certificate-authority",
		"insecure-skip-tls-verify", "tls-server-name", "disable-compression", "as-user-extra", "proxy-url", "server")
}

// collect connects and reads every fact but the backends' answers. The caller
// closes the connection. A target that can be none is told before anybody is asked.
func (c *clusterFlags) collect(ctx context.Context, say *progress) (*facts.Snapshot, *gke.Connection, error) {
	if err := target.Check(c.target, c.gke.NoGKE); err != nil {
		return nil, nil, err
	}
	say.say("connecting")
	conn, err := c.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	s, err := c.read(ctx, conn, say)
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return s, conn, nil
}

// inTime runs look for no longer than --timeout.
func (c *clusterFlags) inTime(ctx context.Context, look func(context.Context) error) error {
	if c.timeout <= 0 {
		return fmt.Errorf("--timeout: %v is not a time to wait", c.timeout)
	}
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := look(bounded)
	if interrupted := interruption(ctx); interrupted != nil {
		return interrupted
	}
	if err != nil && bounded.Err() != nil {
		return fmt.Errorf("the %v of --timeout are over: %w", c.timeout, err)
	}
	return err
}

func (c *clusterFlags) connect(ctx context.Context) (*gke.Connection, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.kubeconfig
	c.gke.Kubeconfig, c.gke.Overrides, c.gke.Version = rules, &c.overrides, toolVersion()
	return gke.Connect(ctx, c.gke)
}

func (c *clusterFlags) read(ctx context.Context, conn *gke.Connection, say *progress) (*facts.Snapshot, error) {
	identity, err := conn.Identity(ctx)
	if err != nil {
		return nil, err
	}
	s := facts.Observed(facts.Meta{Tool: toolVersion(), Cluster: conn.Cluster, Identity: identity}, c.readBoth(ctx, conn, say)...)
	m := s.Meta
	m.CollectedAt = time.Now().UTC().Truncate(time.Second)
	if s, err = c.clock.judged(s.WithMeta(m)); err != nil {
		return nil, err
	}
	return c.aim(s)
}

// aim returns s with the target that the flags ask for.
func (c *clusterFlags) aim(s *facts.Snapshot) (*facts.Snapshot, error) {
	aimed, err := aim(s, c.target)
	if c.orRunning && errors.Is(err, target.ErrNoNext) {
		return aim(s, target.Running)
	}
	return aimed, err
}

// aim returns s with the target that is asked for, or GKE's next where none is.
func aim(s *facts.Snapshot, asked string) (*facts.Snapshot, error) {
	m := s.Meta
	var err error
	m.Target, m.TargetOrigin, err = target.Resolve(asked, s)
	return s.WithMeta(m), err
}

// readBoth reads both sources at the same time.
func (c *clusterFlags) readBoth(ctx context.Context, conn *gke.Connection, say *progress) []facts.Observation {
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
	wg.Go(func() { fromGKE = conn.Google.Collect(ctx, each) })
	fromKubernetes := kube.Collect(ctx, conn.Kubernetes, kube.Options{Version: toolVersion(), Helm: c.helm, Progress: each})
	wg.Wait()
	return append(fromKubernetes, fromGKE...)
}

// liveFlags say which cluster to look at and how, and as whom: all that are bound for it
// but the target. A recording can't heed them.
func liveFlags() []string {
	var o observeFlags
	var cmd cobra.Command
	o.bind(&cmd)
	o.bindHelm(cmd.Flags())
	names := []string{"in-cluster"}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "target-version" && f.Name != "verbose" {
			names = append(names, f.Name)
		}
	})
	return names
}

// unheeded is an error if a flag of a live cluster was given beside the one that takes
// its place.
func unheeded(cmd *cobra.Command, beside string, but ...string) error {
	for _, name := range liveFlags() {
		if cmd.Flags().Changed(name) && !slices.Contains(but, name) {
			return fmt.Errorf("--%s has no meaning beside %s: no cluster is looked at", name, beside)
		}
	}
	return nil
}

// named is an error if a flag was given that names a file, and no name, as where a
// variable of a script is empty: without it a live cluster would be looked at.
func named(cmd *cobra.Command, flag string) error {
	if f := cmd.Flags().Lookup(flag); f != nil && f.Changed && f.Value.String() == "" {
		return fmt.Errorf("--%s: the file's name is missing", flag)
	}
	return nil
}

// recording reads a recording, whose target the flag may replace. Flags that
// name a live cluster have no meaning beside it.
func (c *clusterFlags) recording(cmd *cobra.Command, file string) (*facts.Snapshot, error) {
	if err := unheeded(cmd, "--snapshot"); err != nil {
		return nil, err
	}
	s, err := load(file)
	if err != nil {
		return nil, err
	}
	if s, err = c.clock.judged(s); err != nil || c.target == "" {
		return s, err
	}
	return aim(s, c.target)
}
