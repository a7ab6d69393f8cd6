package kube_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

const (
	nodesPath      = "/api/v1/nodes"
	validatingPath = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
	policiesPath   = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies"
)

// dependents are the facts about what webhooks call.
var dependents = []facts.Fact{facts.Endpoints, facts.BackendPods, facts.BackendWorkloads, facts.NetworkPolicies}

func TestAbsence(t *testing.T) {
	for _, tc := range []struct {
		name   string
		path   string
		answer http.HandlerFunc
		reason facts.Reason
		detail string
		// absent are the facts that are missing, all for that reason.
		absent []facts.Fact
	}{
		{
			name: "forbidden", path: nodesPath,
			answer: refuse(http.StatusForbidden, "Forbidden", `nodes is forbidden: User "ci" cannot list resource "nodes"`),
			reason: facts.Forbidden, detail: `User "ci" cannot list`, absent: []facts.Fact{facts.Nodes},
		},
		{
			name: "webhooks forbidden, and so what they call is unknown", path: validatingPath,
			answer: refuse(http.StatusForbidden, "Forbidden", "no"),
			reason: facts.Forbidden, absent: append([]facts.Fact{facts.ValidatingWebhooks}, dependents...),
		},
		{
			name: "unauthenticated", path: nodesPath, answer: refuse(http.StatusUnauthorized, "Unauthorized", "Unauthorized"),
			reason: facts.Unauthenticated, absent: []facts.Fact{facts.Nodes},
		},
		{
			name: "expired at every continue", path: nodesPath, answer: expiring(2),
			reason: facts.Truncated, detail: "continue parameter is too old", absent: []facts.Fact{facts.Nodes},
		},
		{
			name: "cut short", path: nodesPath, answer: cut,
			reason: facts.Truncated, absent: []facts.Fact{facts.Nodes},
		},
		{
			name: "broken off before the answer, again and again", path: nodesPath, answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			reason: facts.Timeout, detail: "EOF", absent: []facts.Fact{facts.Nodes},
		},
		{
			name: "slow", path: nodesPath, answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			reason: facts.Timeout, absent: []facts.Fact{facts.Nodes},
		},
		{
			name: "the server's own timeout", path: nodesPath, answer: refuse(http.StatusGatewayTimeout, "Timeout", "request did not complete"),
			reason: facts.Timeout, absent: []facts.Fact{facts.Nodes},
		},
		{
			name: "a server error", path: nodesPath, answer: refuse(http.StatusInternalServerError, "InternalError", "etcdserver: corrupt"),
			reason: facts.Failed, detail: "etcdserver: corrupt", absent: []facts.Fact{facts.Nodes},
		},
		{
			name: "no Kubernetes", path: nodesPath, answer: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>log in</html>") },
			reason: facts.Failed, absent: []facts.Fact{facts.Nodes},
		},
		{
			name: "another kind", path: nodesPath, answer: func(w http.ResponseWriter, _ *http.Request) {
				answer(w, http.StatusOK, `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}`)
			},
			reason: facts.Failed, detail: "no list", absent: []facts.Fact{facts.Nodes},
		},
		{
			name: "JSON of someone else", path: nodesPath, answer: func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, `{}`) },
			reason: facts.Failed, detail: "no list", absent: []facts.Fact{facts.Nodes},
		},
		{
			name: "not found although served", path: validatingPath, answer: refuse(http.StatusNotFound, "NotFound", "not found"),
			reason: facts.Failed, absent: append([]facts.Fact{facts.ValidatingWebhooks}, dependents...),
		},
		{
			name: "no version", path: "/version", answer: func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, `{}`) },
			reason: facts.Failed, absent: []facts.Fact{facts.ServerVersion, facts.DeprecatedAPIs, facts.Endpoints},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t)
			s.handle(tc.path, tc.answer)
			got := absences(s.collect(t, kube.Options{PageSize: 1, RequestTimeout: 2 * time.Second}))
			var want []string
			for _, f := range tc.absent {
				want = append(want, f.ID())
			}
			slices.Sort(want)
			if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, want) {
				t.Fatalf("absent are %v, want %v", names, want)
			}
			for id, a := range got {
				if a.Reason != tc.reason || !strings.Contains(a.Detail, tc.detail) {
					t.Errorf("%s: %s, want %s: …%s…", id, a, tc.reason, tc.detail)
				}
			}
		})
	}
}

func refuse(code int, reason, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { status(w, code, reason, message) }
}

func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	fmt.Fprint(w, `{"items":[{"metadata":{"name":"a"}},`)
}

// expiring serves three pages of a node each; the first times that the second
// is asked for, its token is too old.
func expiring(times int32) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("continue") {
		case "":
			answer(w, http.StatusOK, `{"metadata":{"resourceVersion":"1","continue":"2"},"items":[{"metadata":{"name":"c"}}]}`)
		case "2":
			if atomic.AddInt32(&times, -1) >= 0 {
				status(w, http.StatusGone, "Expired", "The provided continue parameter is too old")
				return
			}
			answer(w, http.StatusOK, `{"metadata":{"resourceVersion":"1","continue":"3"},"items":[{"metadata":{"name":"a"}}]}`)
		case "3":
			answer(w, http.StatusOK, `{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"b"}}]}`)
		}
	}
}

func TestListIsReadOnceMore(t *testing.T) {
	s := serve(t)
	s.handle(nodesPath, expiring(1))
	var names []string
	for _, n := range facts.Nodes.Of(s.collect(t, kube.Options{PageSize: 1})) {
		names = append(names, n.Name)
	}
	if want := []string{"a", "b", "c"}; !slices.Equal(names, want) {
		t.Errorf("nodes are %v, want %v", names, want)
	}
	if got := len(s.paths(nodesPath)); got != 5 {
		t.Errorf("the nodes took %d requests, want 2 and then 3", got)
	}
}

func TestUnreachable(t *testing.T) {
	s := serve(t)
	s.Close()
	observations := kube.Collect(t.Context(), &rest.Config{Host: s.URL}, kube.Options{Helm: true})
	for _, o := range observations {
		if o.Absence.Reason != facts.Unreachable || !strings.Contains(o.Absence.Detail, "connection refused") {
			t.Errorf("%s: %s", o.Fact.ID(), o.Absence)
		}
	}
}

func TestBrokenConfiguration(t *testing.T) {
	cfg := &rest.Config{Host: "https://example.test", TLSClientConfig: rest.TLSClientConfig{CAData: []byte("no PEM")}}
	observations := kube.Collect(t.Context(), cfg, kube.Options{})
	if len(observations) == 0 {
		t.Fatal("no observations")
	}
	for _, o := range observations {
		if o.Absence.Reason != facts.Failed {
			t.Errorf("%s: %s", o.Fact.ID(), o.Absence)
		}
	}
}

func TestEveryFactOnce(t *testing.T) {
	s := serve(t)
	var reported []string
	o := kube.Options{Version: "0.1.0", Helm: true, Progress: func(o facts.Observation) { reported = append(reported, o.Fact.ID()) }}
	var got []string
	for _, o := range kube.Collect(t.Context(), &rest.Config{Host: s.URL}, o) {
		got = append(got, o.Fact.ID())
		if o.Absence != (facts.Absence{}) {
			t.Errorf("%s is absent: %s", o.Fact.ID(), o.Absence)
		}
	}
	var want []string
	for _, f := range facts.All() {
		if ofKubernetes(f) {
			want = append(want, f.ID())
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("collected\n%v, want\n%v", got, want)
	}
	slices.Sort(reported)
	slices.Sort(want)
	if !slices.Equal(reported, want) {
		t.Errorf("reported\n%v, want\n%v", reported, want)
	}
	for _, r := range s.seen {
		if r.Method != http.MethodGet || r.URL.Query().Has("watch") || r.UserAgent() != "gke-preflight/0.1.0" {
			t.Errorf("%s %s by %s", r.Method, r.URL, r.UserAgent())
		}
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := serve(t)
	s.handle(nodesPath, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	start := time.Now()
	a, _ := s.collect(t, kube.Options{Timeout: 200 * time.Millisecond}).Absence(facts.Nodes)
	if a.Reason != facts.Timeout {
		t.Errorf("nodes: %s", a)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("a bound of 200 ms was kept in %s", took)
	}
	s.Close()
	goleak.VerifyNone(t, before)
}

func TestDeterministic(t *testing.T) {
	s := serve(t)
	s.json("/api/v1/services", `{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"b","namespace":"a"}},{"metadata":{"name":"a","namespace":"a-b"}},{"metadata":{"name":"a","namespace":"a"}}]}`)
	var got []string
	for _, v := range facts.Services.Of(s.collect(t, kube.Options{})) {
		got = append(got, v.Namespace+"/"+v.Name)
	}
	if want := []string{"a/a", "a/b", "a-b/a"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
