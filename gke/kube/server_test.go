package kube_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A server speaks as much of the Kubernetes API as the collectors ask: what no
// test sets is an empty list, or a single object that does not exist.
type server struct {
	*httptest.Server

	mu      sync.Mutex
	answers map[string]http.HandlerFunc
	seen    []*http.Request
}

func serve(t *testing.T) *server {
	s := &server{answers: map[string]http.HandlerFunc{}}
	s.json("/version", `{"major":"1","minor":"36","gitVersion":"v1.36.3"}`)
	s.json("/api", discovery("", "v1", "nodes", "configmaps", "secrets"))
	s.json("/apis", discovery("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"))
	s.json("/apis/apiregistration.k8s.io/v1/apiservices", `{"kind":"APIServiceList","apiVersion":"apiregistration.k8s.io/v1","metadata":{"resourceVersion":"1"},"items":[]}`)
	s.json("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", `{"kind":"CustomResourceDefinitionList","apiVersion":"apiextensions.k8s.io/v1","metadata":{"resourceVersion":"1"},"items":[]}`)
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) json(path, body string) {
	s.handle(path, func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, body) })
}

func (s *server) handle(path string, h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[path] = h
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.seen = append(s.seen, r)
	h := s.answers[r.URL.Path]
	s.mu.Unlock()
	switch {
	case h != nil:
		h(w, r)
	case single(r.URL.Path):
		status(w, http.StatusNotFound, "NotFound", "not found")
	default:
		answer(w, http.StatusOK, `{"metadata":{"resourceVersion":"1"},"items":[]}`)
	}
}

// single holds for the paths of the objects that the collectors read by name.
func single(path string) bool {
	return strings.HasSuffix(path, "/kubernetes") || strings.Contains(path, "/configmaps/")
}

func answer(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprint(w, body)
}

func status(w http.ResponseWriter, code int, reason, message string) {
	answer(w, code, fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d,"reason":%q,"message":%q}`, code, reason, message))
}

// paths are those asked for, in order, that begin with prefix.
func (s *server) paths(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, r := range s.seen {
		if strings.HasPrefix(r.URL.Path, prefix) {
			out = append(out, r.URL.RequestURI())
		}
	}
	return out
}

func discovery(group, version string, resources ...string) string {
	type m map[string]any
	var rs []m
	for _, r := range resources {
		kind := strings.ToUpper(r[:1]) + strings.TrimSuffix(r[1:], "s")
		if r == "configmaps" {
			kind = "ConfigMap"
		}
		rs = append(rs, m{"resource": r, "scope": "Namespaced", "verbs": []string{"list", "get"}, "responseKind": m{"kind": kind}})
	}
	b, _ := json.Marshal(m{"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": []m{
		{"metadata": m{"name": group}, "versions": []m{{"version": version, "freshness": "Current", "resources": rs}}},
	}})
	return string(b)
}

func (s *server) collect(t *testing.T, o kube.Options) *facts.Snapshot {
	t.Helper()
	return facts.New(facts.Meta{}, kube.Collect(t.Context(), &rest.Config{Host: s.URL}, o)...)
}

// absences are those facts of the API server that s lacks and was asked for.
func absences(s *facts.Snapshot) map[string]facts.Absence {
	out := map[string]facts.Absence{}
	for _, f := range facts.All() {
		if a, absent := s.Absence(f); absent && ofKubernetes(f) && a.Reason != facts.LeftOut {
			out[f.ID()] = a
		}
	}
	return out
}

func ofKubernetes(f facts.Fact) bool {
	return len(f.Access().Permissions) == 0 && f.ID() != facts.Attempts.ID() && f.ID() != facts.OutboundAttempts.ID()
}

func length(v any) int { return reflect.ValueOf(v).Len() }
