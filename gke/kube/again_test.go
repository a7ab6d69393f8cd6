package kube_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const oneNode = `{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"n1"}}]}`

// TestAskedAgain: one failure of a server that restarts leaves nothing open; two do.
func TestAskedAgain(t *testing.T) {
	for name, failure := range map[string]http.HandlerFunc{
		"500":   refuse(http.StatusInternalServerError, "InternalError", "etcdserver: leader changed"),
		"502":   refuse(http.StatusBadGateway, "", "no backend"),
		"503":   refuse(http.StatusServiceUnavailable, "ServiceUnavailable", "shutting down"),
		"reset": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"cut":   cut,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			var asked atomic.Int32
			s.handle(nodesPath, func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) == 1 {
					failure(w, r)
					return
				}
				answer(w, http.StatusOK, oneNode)
			})
			got := s.collect(t, kube.Options{Pause: time.Millisecond})
			if a, absent := got.Absence(facts.Nodes); absent || len(facts.Nodes.Of(got)) != 1 {
				t.Errorf("one failure of %d tries makes nodes %s", asked.Load(), a)
			}
		})
	}
}

// TestRefusedOnce: who is refused is refused, and is not a nuisance.
func TestRefusedOnce(t *testing.T) {
	s := serve(t)
	s.handle(nodesPath, refuse(http.StatusForbidden, "Forbidden", "no"))
	s.collect(t, kube.Options{Pause: time.Millisecond})
	if asked := s.paths(nodesPath); len(asked) != 1 {
		t.Errorf("asked %d times: %v", len(asked), asked)
	}
}

// TestBounds: an answer without end, and a list without end, end and are named.
func TestBounds(t *testing.T) {
	endless := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for range 1 << 20 {
			if _, err := w.Write([]byte(`{"metadata":{"name":"n"}},`)); err != nil {
				return
			}
		}
	}
	page := func(next string) string {
		return `{"metadata":{"resourceVersion":"1","continue":"` + next + `"},"items":[{"metadata":{"name":"n1"}}]}`
	}
	circle := func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, page(map[string]string{"": "a", "a": "b", "b": "a"}[r.URL.Query().Get("continue")]))
	}
	for name, c := range map[string]struct {
		path string
		fact facts.Fact
		h    http.HandlerFunc
		says string
	}{
		"a body":                   {nodesPath, facts.Nodes, endless, "larger than is read"},
		"the pages of a list":      {nodesPath, facts.Nodes, circle, "gives a page again"},
		"the pages of definitions": {"/apis/apiextensions.k8s.io/v1/customresourcedefinitions", facts.CustomResources, circle, "gives a page again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			s.handle(c.path, c.h)
			got := s.collect(t, kube.Options{Pause: time.Millisecond, MaxBody: 1 << 20, Timeout: time.Minute})
			a, absent := got.Absence(c.fact)
			if !absent || a.Reason != facts.Truncated || !strings.Contains(a.Detail, c.says) {
				t.Errorf("%s is %q, want truncated: …%s…", c.fact.ID(), a, c.says)
			}
			if asked := s.paths(c.path); len(asked) > 6 {
				t.Errorf("asked %d times", len(asked))
			}
		})
	}
}
