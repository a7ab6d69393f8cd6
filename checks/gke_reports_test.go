package checks

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/gke-preflight/gke-preflight/gke"
	"github.com/gke-preflight/gke-preflight/gke/gketest"
	"github.com/gke-preflight/gke-preflight/gke/google"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// TestReports reads each recorded kind of cluster through the GKE API and holds
// the whole report, for a person, against a golden one. Within the cluster all is
// well, so that what is said comes from GKE.
func TestReports(t *testing.T) {
	dirs, err := filepath.Glob("../testdata/gke/*/cluster.json")
	if err != nil || len(dirs) < 9 {
		t.Fatalf("%d clusters are recorded: %v", len(dirs), err)
	}
	for _, file := range dirs {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			s := recordedByGKE(t, dir)
			r := preflight.NewReport(s, preflight.Run(s, All()), forecast.Of(s))
			var b bytes.Buffer
			if err := render.Table(&b, r, render.Options{Width: 100}); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join(dir, "report.txt")
			if *update {
				if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), b.String()); d != "" {
				t.Errorf("%s differs, -update writes it:\n%s", golden, d)
			}
		})
	}
}

// recordedByGKE is the small healthy cluster of base.txtar, with what the GKE API
// tells of the cluster in dir.
func recordedByGKE(t *testing.T, dir string) *facts.Snapshot {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "cluster.json"))
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		SelfLink, Endpoint string
		Endpoints          struct {
			DNS struct{ Endpoint string } `json:"dnsEndpointConfig"`
		} `json:"controlPlaneEndpointsConfig"`
	}
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	address := c.Endpoint
	if address == "" {
		address = c.Endpoints.DNS.Endpoint
	}
	part := strings.Split(c.SelfLink[strings.Index(c.SelfLink, "/v1/projects/"):], "/")
	cluster := facts.Cluster{Project: part[3], Location: part[5], Name: part[7]}

	served, err := gketest.Serve(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(served.Close)
	connection, err := gke.Connect(t.Context(), gke.Flags{
		Kubeconfig: kubeconfigFor(t, cluster, "https://"+address), Options: google.Options{Endpoint: served.URL, Insights: served.URL, Compute: served.URL, Monitoring: served.URL, Version: "test"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	s := load(t, filepath.Join("..", "testdata", "checks", "base.txtar")).s.With(connection.Google.Collect(t.Context(), nil)...)
	m := s.Meta
	m.Cluster = cluster
	return inListedPools(s.WithMeta(m))
}

// inListedPools is s with the nodes and the Pods that are in no pool that GKE lists in
// one that it does: one that the autoscaler keeps nodes in, or else the first.
func inListedPools(s *facts.Snapshot) *facts.Snapshot {
	pools, to := facts.GKENodePools.Of(s), map[string]string{}
	for _, p := range pools {
		to[p.Name] = p.Name
	}
	home := pools[max(0, slices.IndexFunc(pools, func(p facts.NodePool) bool { return p.Autoscaling.Min > 0 }))].Name
	nodes, groups := slices.Clone(facts.Nodes.Of(s)), slices.Clone(facts.PodGroups.Of(s))
	for i, n := range nodes {
		if to[n.Pool] == "" {
			to[n.Pool] = home
		}
		nodes[i].Pool = to[n.Pool]
	}
	for i, g := range groups {
		groups[i].Pools = map[string]int32{}
		for pool, n := range g.Pools {
			groups[i].Pools[to[pool]] += n
		}
	}
	return s.With(facts.Present(facts.Nodes, nodes), facts.Present(facts.PodGroups, groups))
}

func kubeconfigFor(t *testing.T, c facts.Cluster, server string) *clientcmd.ClientConfigLoadingRules {
	t.Helper()
	name := "gke_" + c.Project + "_" + c.Location + "_" + c.Name
	k := clientcmdapi.NewConfig()
	k.Clusters[name] = &clientcmdapi.Cluster{Server: server}
	k.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: "secret-token"}
	k.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	k.CurrentContext = name
	file := filepath.Join(t.TempDir(), "config")
	if err := clientcmd.WriteToFile(*k, file); err != nil {
		t.Fatal(err)
	}
	return &clientcmd.ClientConfigLoadingRules{ExplicitPath: file}
}
