// Package outbound holds what the tool says of converters of custom resources and
// of aggregated API servers against what a real kube-apiserver makes of them.
package outbound

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/dial"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// A subject is a definition or an APIService with a backend of its own, what the
// tool must say of it from each vantage, and what the API server says.
type subject struct {
	name    string
	stage   stage
	network string
	proxy   string
	read    string
	// condition is the reason for which an APIService is not available; "Passed" where it is.
	condition string
}

// TestOutbound stages every subject on one cluster and asks about them all at once.
func TestOutbound(t *testing.T) {
	c := rig.Start(t, controlplane.Options{})
	var staged sync.WaitGroup
	for _, s := range conversions() {
		staged.Go(func() { s.stage.definition(t, c, s.name) })
	}
	for _, s := range aggregated() {
		staged.Go(func() { s.stage.apiService(t, c, s.name) })
	}
	staged.Wait()
	for _, s := range aggregated() {
		judged(t, c, s.name)
	}
	if t.Failed() {
		return
	}
	s := facts.New(facts.Meta{CollectedAt: time.Now()}, kube.Collect(t.Context(), c.Config, kube.Options{})...)
	network := ask(t, c, s, facts.PodNetwork)
	proxy := ask(t, c, s, facts.ServiceProxy)
	for _, s := range conversions() {
		name := s.name + "s.rig.test"
		expect(t, s, "pod-network", outcome(network, name, facts.PodNetwork, "/v2"), s.network)
		expect(t, s, "service-proxy", outcome(proxy, name, facts.ServiceProxy, "/v2"), s.proxy)
		expect(t, s, "server-read", outcome(network, name, facts.ServerRead, "/v2"), s.read)
		own := get(t, c.Config, "/apis/rig.test/v2/"+s.name+"s/one")
		if (own == http.StatusOK) != (s.read == "allowed") {
			t.Errorf("%s: the API server itself answers %d", s.name, own)
		}
	}
	services := facts.APIServices.Of(s)
	for _, a := range aggregated() {
		name := "v1." + a.name + ".rig.test"
		expect(t, a, "pod-network", outcome(network, name, facts.PodNetwork, "/v1"), a.network)
		expect(t, a, "server-read", outcome(network, name, facts.ServerRead, "/v1"), a.read)
		for _, service := range services {
			if service.Name == name && service.Reason != a.condition {
				t.Errorf("%s: the condition says %s (%s), want %s", a.name, service.Reason, service.Message, a.condition)
			}
		}
		own := get(t, c.Config, "/apis/"+a.name+".rig.test/v1")
		if (own == http.StatusOK) != (a.condition == "Passed") {
			t.Errorf("%s: the API server itself answers %d", a.name, own)
		}
	}
	bodies(t, s, network, proxy)
}

func expect(t *testing.T, s subject, vantage, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s from %s: got %s, want %s", s.name, vantage, got, want)
	}
}

func ask(t *testing.T, c *rig.Cluster, s *facts.Snapshot, v facts.Vantage) []facts.Attempt {
	t.Helper()
	requests := probe.Outbound(s, probe.Options{Vantage: v})
	for i := range requests {
		requests[i].Timeout = 3 * time.Second
	}
	return dial.Probe(t.Context(), requests, dial.Clients{Config: c.Config, Inside: v == facts.PodNetwork})
}

// outcome is how the attempt about that version ended; for a backend that nobody
// can ask that is known once for all versions and vantages.
func outcome(as []facts.Attempt, config string, v facts.Vantage, about string) string {
	said := "nothing"
	for _, a := range as {
		version, _, _ := strings.Cut(a.Write, " from ")
		if a.Config == config && (a.Answer == facts.NoEndpoints || a.Vantage == v && strings.HasSuffix(version, about)) {
			said = strings.TrimSpace(string(a.Answer) + " " + string(a.Fault))
		}
	}
	return said
}

func get(t *testing.T, config *rest.Config, path string) int {
	t.Helper()
	client, err := rest.HTTPClientFor(config)
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, config.Host+path, nil)
	must(t, err)
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// bodies: nothing of a custom resource is in what is recorded.
func bodies(t *testing.T, s *facts.Snapshot, attempts ...[]facts.Attempt) {
	t.Helper()
	kept, err := json.Marshal([]any{facts.Conversions.Of(s), attempts})
	must(t, err)
	if strings.Contains(string(kept), "shibboleth") {
		t.Error("the recording holds a part of a custom resource")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
		t.FailNow()
	}
}
