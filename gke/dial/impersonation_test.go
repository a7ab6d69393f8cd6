package dial

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// Who may not impersonate a starting API server is never heard to try it: not where the
// user, or one of the groups, is forbidden, and not where it is not wanted.
func TestNoImpersonation(t *testing.T) {
	for name, c := range map[string]struct {
		may       func(verb, resource string) bool
		asOneself bool
		// forbidden says that the write itself is.
		forbidden bool
	}{
		"the user":       {may: func(verb, resource string) bool { return verb != "impersonate" }},
		"the masters":    {may: func(verb, resource string) bool { return resource != "groups/system:masters" }},
		"not wanted":     {asOneself: true},
		"nothing at all": {may: func(string, string) bool { return false }, forbidden: true},
		"one by name":    {may: func(verb, resource string) bool { return verb == "update" && resource == "clusterroles/a" }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStorage(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, storedRole) })
			s.may = c.may
			w := clusterRole("a")
			w.Operation, w.OldObject = bootstrap.Update, w.Object
			requests := probe.Plan(facts.New(facts.Meta{}), []admission.Intercepted{{Write: w}}, probe.Options{})
			a := Probe(t.Context(), requests, Clients{Config: &rest.Config{Host: s.URL}, Identity: "me", AsOneself: c.asOneself})[0]
			switch {
			case c.forbidden && (a.Fault != facts.NotPermitted || len(s.asked()) > 0):
				t.Errorf("%+v, asked %v", a, s.asked())
			case !c.forbidden && (a.Answer != facts.Allowed || a.As != "me"):
				t.Errorf("%+v", a)
			}
			if strings.Contains(fmt.Sprint(s.asked()), "system:apiserver") {
				t.Errorf("asked %v", s.asked())
			}
		})
	}
}
